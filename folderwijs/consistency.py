"""Holds domain.yml against the content: every intent has something to say, and everything that can be said has an intent."""

from __future__ import annotations

from pathlib import Path

from folderwijs.answers import Answers
from folderwijs.content import ContentError, ContentFile, Problem
from folderwijs.dialogue import FOLLOW_UP_INTENTS, REACTIONS, SEVERAL, UNSURE


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
