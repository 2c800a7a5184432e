"""Holds domain.yml and the follow-ups to learn from against the content: every intent has something to say, and everything that can be said has an intent."""

from __future__ import annotations

from pathlib import Path

from folderwijs.answers import Answers
from folderwijs.content import ContentError, ContentFile, Problem
from folderwijs.dialogue import ELSEWHERE, FOLLOW_UP_INTENTS, REACTIONS, SEVERAL, UNSURE
from folderwijs.understanding.context import load_follow_ups


def known_intents(answers: Answers) -> dict[str, str]:
    """Every intent there must be, and the file that calls for it."""
    known = dict.fromkeys(answers.questions, "leaflets/questions.yml")
    known |= dict.fromkeys(answers.alarms.signs, "urgent.yml")
    known |= {id_: "texts.yml" for group in ("practice", "outside", "smalltalk") for id_ in answers.texts.ids(group)}
    known |= dict.fromkeys((*FOLLOW_UP_INTENTS, *REACTIONS, SEVERAL, UNSURE), "folderwijs/dialogue.py")
    return known


def check_domain(domain: Path, answers: Answers) -> None:
    """Hold the intents of domain.yml against the content.

    Raises:
        ContentError: an intent has nothing behind it, or something has no intent.
    """
    file = ContentFile(domain)
    entries = file.value.get("intents") or []
    if not isinstance(entries, list) or not all(isinstance(entry, (str, dict)) for entry in entries):
        raise ContentError([file.problem(("intents",), "'intents' is geen lijst van namen.", "Zet elke intent op een eigen regel met een streepje ervoor.")])
    intents = [(number, name) for number, entry in enumerate(entries) for name in (entry if isinstance(entry, dict) else [entry])]
    named = {name for _, name in intents}
    known = known_intents(answers)
    problems: list[Problem] = [
        file.problem(("intents", number), f"Bij de intent '{name}' hoort geen onderwerp of tekst.", "Voeg hem toe aan leaflets/questions.yml, urgent.yml of texts.yml, of haal de intent weg.")
        for number, name in intents
        if name not in known
    ]
    problems += [
        file.problem(("intents",), f"De intent '{name}' ontbreekt; {source} noemt hem wel.", "Zet hem in deze lijst en geef hem trainingsvragen in data/.")
        for name, source in known.items()
        if name not in named
    ]
    if problems:
        raise ContentError(problems)


def check_follow_ups(folder: Path, answers: Answers) -> None:
    """Hold the follow-ups to learn from against the content.

    Raises:
        ContentError: a line has no three fields, an intent that nothing can be said to, or a turn before it that cannot be.
    """
    befores, intents = {*answers.questions, *ELSEWHERE}, known_intents(answers)
    problems = [
        Problem(path, number, f"'{name}' bestaat niet.", mend)
        for path, number, (before, _, intent) in load_follow_ups(folder)
        for name, known, mend in (
            (before, befores, "Vooraan staat een onderwerp, of gat, praktijk of buiten."),
            (intent, intents, "Achteraan staat een intent uit domain.yml."),
        )
        if name not in known
    ]
    if problems:
        raise ContentError(problems)
