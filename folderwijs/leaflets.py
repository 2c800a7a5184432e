"""Leaflets and their topics: load, check, find. Knows nothing of Rasa or HTTP."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Collection, Iterator, Mapping, Optional

from folderwijs.content import ContentError, ContentFile, Problem, collecting, is_list, is_text, is_texts, read_text
from folderwijs.replies import Source, Suggestion

FOLLOW_UPS = ("waarom", "hoe_lang", "hoeveel", "niet_helpt", "helpt", "meer", "voor_mij")
"""The short questions that only the turn before explains, as `follow_ups` of a topic names them."""

_TOPIC_FIELDS = {"title": is_text, "ask": is_text, "answer": is_text, "simpler": is_text, "quotes": is_list, "next": is_texts}
_OPTIONAL_FIELDS = {"follow_ups", "body_weight_times"}
_LEAFLET_FIELDS = {"title": is_text, "subject": is_text, "about": is_text, "complaint_words": is_texts, "place_words": is_texts}


_SMALL_NUMBERS = (
    "nul", "een", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen", "tien", "elf", "twaalf", "dertien", "veertien", "vijftien", "zestien",
    "zeventien", "achttien", "negentien",
)
_TENS = ("twintig", "dertig", "veertig", "vijftig", "zestig", "zeventig", "tachtig", "negentig")


def _number_words() -> dict[str, float]:
    """The Dutch words for numbers, without accents on the e."""
    words: dict[str, float] = {word: number for number, word in enumerate(_SMALL_NUMBERS)}
    for tens, ten in enumerate(_TENS, 2):
        words[ten] = 10 * tens
        words |= {f"{_SMALL_NUMBERS[unit]}{link}{ten}": 10 * tens + unit for unit in range(1, 10) for link in ("en", "ën")}
    hundreds = {"honderd": 100, **{f"{_SMALL_NUMBERS[unit]}honderd": 100 * unit for unit in range(2, 10)}}
    words |= {f"{hundred}{word}": number + rest for hundred, number in hundreds.items() for word, rest in (("", 0), *words.items())}
    words |= {f"{word}duizend": 1000 * number for word, number in words.items()}
    return words | {"duizend": 1000, "miljoen": 1_000_000, "anderhalf": 1.5, "anderhalve": 1.5}


_NUMBER_WORDS = _number_words()
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+")
_NUMBER_ENDING = re.compile(r"(?:(?:maal|voud|keer|tal|jarig|daags|weeks|wekelijks).*|de|ste)$")


@dataclass(frozen=True)
class Question:
    """A question the assistant recognises, whether a leaflet answers it or not.

    Attributes:
        id: its snake_case name, also the name of its Rasa intent.
        subject: how a sentence names it ("Over ... staat niets in deze folder.").
        names: more precise names, each with the words that call for it.
        near: ids of questions close to it.
    """

    id: str
    subject: str
    names: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    near: tuple[str, ...] = ()

    @property
    def ask(self) -> str:
        """The question as a button asks it where a leaflet does not answer it."""
        return f"Staat er iets over {self.subject} in de folder?"

    def subject_in(self, text: str) -> str:
        """The most precise name for what `text` asks: the one whose word stands first in it, else the subject."""
        found = [(match.start(), name) for name, words in self.names.items() if (match := words.search(text.lower()))]
        return min(found)[1] if found else self.subject


@dataclass(frozen=True)
class Topic:
    """A question that a leaflet answers. For the fields, see the head of a topics.yml."""

    id: str
    title: str
    ask: str
    answer: str
    simpler: str
    sources: tuple[Source, ...]
    next: tuple[str, ...]
    follow_ups: Mapping[str, Optional[str]]
    body_weight_times: Optional[tuple[int, int]] = None

    @property
    def suggestion(self) -> Suggestion:
        """The button that asks this topic's question."""
        return Suggestion(self.ask, self.ask, self.id)


@dataclass(frozen=True)
class Section:
    """A heading of a leaflet with the text up to the next heading.

    Attributes:
        title: the heading.
        level: 1 or 2.
        lines: the paragraphs and list items below it, in reading order, before any deeper heading.
    """

    title: str
    level: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Leaflet:
    """A leaflet: its text, in sections, and the topics it answers.

    Attributes:
        id: the name of its folder.
        title, subject, about: how to speak of it (leaflet.yml).
        complaint_words, place_words: what people call the complaint and the place, in lower case.
        sections: its text.
        topics: what it answers, by id, in the order of topics.yml.
    """

    id: str
    title: str
    subject: str
    about: str
    complaint_words: tuple[str, ...]
    place_words: tuple[str, ...]
    sections: tuple[Section, ...]
    topics: Mapping[str, Topic]

    @cached_property
    def words(self) -> str:
        """The leaflet's whole text on one line, without headings' marks."""
        return " ".join(" ".join((section.title, *section.lines)) for section in self.sections)


def one_line(text: str) -> str:
    """`text` with every run of white space as one blank: line breaks in a leaflet mean nothing."""
    return " ".join(text.split())


def numbers_in(text: str) -> set[float]:
    """The numbers in `text`, written in digits or in Dutch words ("zevenmaal" is 7); "een" counts with an accent only."""
    words = _NUMBER.findall(unicodedata.normalize("NFC", text).lower())
    numbers = (float(word.replace(",", ".")) if word[0].isdecimal() else _number_word(word) for word in words)
    return {number for number in numbers if number is not None}


def _number_word(word: str) -> Optional[float]:
    for form in (word, _NUMBER_ENDING.sub("", word)):
        number = _NUMBER_WORDS.get(form.replace("é", "e"))
        if number is not None and form != "een":  # nearly always the article
            return float(number)
    return None


def word_pattern(words: list[str]) -> re.Pattern[str]:
    """A pattern for any of `words` as a whole word; a `*` at a word's end stands for any ending."""
    ends = (re.escape(word.rstrip("*")) + (r"\w*" if word.endswith("*") else "") for word in words)
    return re.compile(r"\b(?:" + "|".join(ends) + r")\b")


def load_questions(folder: Path) -> dict[str, Question]:
    """Read `questions.yml`, the catalogue that all leaflets share.

    Args:
        folder: the folder of leaflets.

    Returns:
        The questions by id, in the file's order.

    Raises:
        ContentError: with every mistake in the file.
    """
    file = ContentFile(folder / "questions.yml")
    problems = _check_questions(file)
    if problems:
        raise ContentError(problems)
    return {
        id_: Question(id_, entry["subject"], {name: word_pattern(words) for name, words in entry.get("names", {}).items()}, tuple(entry.get("near", ())))
        for id_, entry in file.value.items()
    }


def load_sections(path: Path) -> tuple[Section, ...]:
    """Read a leaflet's text.

    Args:
        path: a text file in UTF-8; `# ` and `## ` before a heading are the only marks.

    Raises:
        ContentError: the file is missing, cannot be read, is empty, or does not start with a heading.
    """
    lines = read_text(path, "Zet de tekst van de folder erin.").splitlines()
    sections: list[tuple[str, int, list[str]]] = []
    for number, line in enumerate(lines, 1):
        heading = re.fullmatch(r"(#{1,2}) (.+)", line.strip())
        if heading:
            sections.append((one_line(heading.group(2)), len(heading.group(1)), []))
        elif line.strip() and not sections:
            raise ContentError([Problem(path, number, "De folder begint niet met een kop.", "Zet '# ' en een kop boven de tekst.")])
        elif line.strip():
            sections[-1][2].append(one_line(line))
    if not sections:
        raise ContentError([Problem(path, 1, "Dit bestand is leeg.", "Zet de tekst van de folder erin.")])
    return tuple(Section(title, level, tuple(body)) for title, level, body in sections)


def load_leaflet(folder: Path, questions: Collection[str]) -> Leaflet:
    """Read one leaflet and hold it against the rules.

    Args:
        folder: the leaflet's folder, with leaflet.txt, leaflet.yml and topics.yml.
        questions: the ids of the catalogue.

    Raises:
        ContentError: with every mistake in the leaflet.
    """
    problems: list[Problem] = []
    sections: tuple[Section, ...] = ()
    topics: dict[str, Topic] = {}
    with collecting(problems):
        about = ContentFile(folder / "leaflet.yml")
        problems += [
            about.problem((key,), f"'{key}' ontbreekt of heeft de verkeerde vorm.", "Kijk hoe een andere folder het heeft.")
            for key, is_right in _LEAFLET_FIELDS.items()
            if not is_right(about.value.get(key))
        ]
    with collecting(problems):
        sections = load_sections(folder / "leaflet.txt")
    with collecting(problems):
        file = ContentFile(folder / "topics.yml")
        for id_, entry in file.value.items() if sections else ():  # without the text, no quote can be held against it
            mistakes = list(_check_topic(file, id_, entry, questions, sections))
            problems += mistakes
            if not mistakes:
                topics[id_] = _topic(folder.name, id_, entry)
    if problems:
        raise ContentError(problems)
    words = {key: tuple(word.lower() for word in about.value[key]) for key in ("complaint_words", "place_words")}
    return Leaflet(folder.name, about.value["title"], about.value["subject"], about.value["about"], words["complaint_words"], words["place_words"], sections, topics)


def load_leaflets(folder: Path) -> dict[str, Leaflet]:
    """Read every leaflet in `folder`, by id.

    Raises:
        ContentError: with every mistake in every leaflet and in the catalogue.
    """
    questions = ContentFile(folder / "questions.yml")
    problems = _check_questions(questions)
    leaflets: dict[str, Leaflet] = {}
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    for entry in folders:
        with collecting(problems):
            leaflets[entry.name] = load_leaflet(entry, questions.value)
    if not folders:
        problems.append(Problem(folder, 1, "Hier staat geen folder.", "Maak een map met leaflet.txt, leaflet.yml en topics.yml."))
    if problems:
        raise ContentError(problems)
    return leaflets


def _check_questions(file: ContentFile) -> list[Problem]:
    return [problem for id_, entry in file.value.items() for problem in _check_question(file, id_, entry)]


def _check_question(file: ContentFile, id_: str, entry: Any) -> Iterator[Problem]:
    if not isinstance(entry, dict) or not is_text(entry.get("subject")):
        yield file.problem((id_,), f"De vraag '{id_}' heeft geen onderwerp.", "Schrijf 'subject:' met een paar woorden.")
        return
    for unknown in entry.keys() - {"subject", "names", "near"}:
        yield file.problem((id_, unknown), f"'{unknown}' bestaat hier niet.", "Gebruik subject, names of near.")
    near, names = entry.get("near", []), entry.get("names", {})
    if not isinstance(near, list):
        yield file.problem((id_, "near"), "'near' heeft de verkeerde vorm.", "Schrijf een lijst: [naam, naam].")
    else:
        for question in near:
            if not isinstance(question, str) or question not in file.value:
                yield file.problem((id_, "near"), f"De vraag '{question}' bestaat niet.", "Gebruik een naam uit dit bestand.")
    if not isinstance(names, dict):
        yield file.problem((id_, "names"), "'names' heeft de verkeerde vorm.", "Schrijf op elke regel een naam met woorden: 'naam: [woord, woord]'.")
        return
    for name, words in names.items():
        if not is_texts(words) or not all(word.strip("* ") for word in words):
            yield file.problem((id_, "names", name), f"Bij '{name}' hoort een lijst woorden.", "Schrijf minstens een woord: [woord, woord].")


def _topic(leaflet: str, id_: str, entry: Mapping[str, Any]) -> Topic:
    times = entry.get("body_weight_times")
    return Topic(
        id=id_,
        title=entry["title"],
        ask=entry["ask"],
        answer=one_line(entry["answer"]),
        simpler=one_line(entry["simpler"]),
        sources=tuple(Source(leaflet, quote["section"], quote["text"].strip()) for quote in entry["quotes"]),
        next=tuple(entry["next"]),
        follow_ups=entry.get("follow_ups") or {},
        body_weight_times=(times[0], times[1]) if times else None,
    )


def _check_topic(
    file: ContentFile, id_: str, entry: Any, questions: Collection[str], sections: tuple[Section, ...]
) -> Iterator[Problem]:
    if id_ not in questions:
        yield file.problem((id_,), f"Het onderwerp '{id_}' bestaat niet.", "Gebruik een naam uit leaflets/questions.yml.")
        return
    if not isinstance(entry, dict):
        yield file.problem((id_,), f"Het onderwerp '{id_}' is leeg.", "Geef het een title, ask, answer, simpler, quotes en next.")
        return
    missing = [key for key, is_right in _TOPIC_FIELDS.items() if not is_right(entry.get(key))]
    for key in missing:
        yield file.problem((id_, key), f"Bij '{id_}' ontbreekt '{key}' of heeft het de verkeerde vorm.", "Vul het in; bovenaan dit bestand staat wat erin hoort.")
    for key in entry.keys() - _TOPIC_FIELDS.keys() - _OPTIONAL_FIELDS:
        yield file.problem((id_, key), f"'{key}' bestaat niet bij een onderwerp.", "Bovenaan dit bestand staat wat er wel kan.")
    if missing:
        return
    yield from _check_quotes(file, id_, entry, sections)
    if not 2 <= len(entry["next"]) <= 4:
        yield file.problem((id_, "next"), f"'{id_}' heeft {len(entry['next'])} vervolgvragen.", "Geef er 2 tot 4.")
    for follower in entry["next"]:
        if follower not in file.value:
            yield file.problem((id_, "next"), f"De vervolgvraag '{follower}' leidt nergens heen.", "Gebruik een onderwerp uit dit bestand.")
    yield from _check_follow_ups(file, id_, entry.get("follow_ups") or {})
    yield from _check_sum(file, id_, entry)


def _check_follow_ups(file: ContentFile, id_: str, follow_ups: Any) -> Iterator[Problem]:
    if not isinstance(follow_ups, dict):
        yield file.problem((id_, "follow_ups"), "'follow_ups' heeft de verkeerde vorm.", "Schrijf {vervolg: onderwerp, vervolg: ~}.")
        return
    for name, target in follow_ups.items():
        if name not in FOLLOW_UPS:
            yield file.problem((id_, "follow_ups", name), f"'{name}' is geen vervolg.", f"Kies uit: {', '.join(FOLLOW_UPS)}.")
        if target is not None and not (isinstance(target, str) and target in file.value):
            yield file.problem((id_, "follow_ups", name), f"Het vervolg '{name}' leidt naar '{target}', en dat bestaat hier niet.", "Gebruik een onderwerp uit dit bestand, of ~.")


def _check_sum(file: ContentFile, id_: str, entry: Mapping[str, Any]) -> Iterator[Problem]:
    times = entry.get("body_weight_times")
    if times is None:
        return
    mend = "Schrijf twee hele getallen uit een citaat: [laagste, hoogste]."
    if not (isinstance(times, list) and len(times) == 2 and all(type(number) is int for number in times) and times[0] < times[1]):
        yield file.problem((id_, "body_weight_times"), "Dit zijn geen twee hele getallen, het laagste eerst.", mend)
    elif not set(map(float, times)) <= _quoted_numbers(entry):
        yield file.problem((id_, "body_weight_times"), "Deze getallen staan niet in een citaat.", mend)


def _check_quotes(file: ContentFile, id_: str, entry: Mapping[str, Any], sections: tuple[Section, ...]) -> Iterator[Problem]:
    bodies = _text_under_headings(sections)
    for number, quote in enumerate(entry["quotes"]):
        keys = (id_, "quotes", number)
        if not isinstance(quote, dict) or set(quote) != {"section", "text"} or not all(isinstance(value, str) for value in quote.values()):
            yield file.problem(keys, "Een citaat heeft 'section' en 'text' nodig.", "Schrijf de kop en de zin uit de folder op.")
        elif quote["section"] not in bodies:
            yield file.problem(keys, f"De kop '{quote['section']}' staat niet in de folder.", f"Kies uit: {'; '.join(bodies)}.")
        elif not one_line(quote["text"]) or one_line(quote["text"]) not in bodies[quote["section"]]:
            yield file.problem(keys, f"Dit citaat staat niet letterlijk onder '{quote['section']}': \"{one_line(quote['text'])[:60]}\".", "Neem de woorden letter voor letter over uit leaflet.txt.")
    for key in ("answer", "simpler"):
        for missing in sorted(numbers_in(entry[key]) - _quoted_numbers(entry)):
            yield file.problem((id_, key), f"Het getal {missing:g} staat in geen enkel citaat van '{id_}'.", "Haal het getal weg, of voeg het citaat toe waar het in staat.")


def _quoted_numbers(entry: Mapping[str, Any]) -> set[float]:
    quotes = (quote.get("text", "") for quote in entry["quotes"] if isinstance(quote, dict))
    return set().union(*(numbers_in(str(text)) for text in quotes))


def _text_under_headings(sections: tuple[Section, ...]) -> dict[str, str]:
    """What stands under each heading on one line; under a first-level heading also what its second-level ones hold."""
    bodies: dict[str, str] = {}
    parent = ""
    for section in sections:
        body = " ".join(section.lines)
        bodies[section.title] = body
        if section.level == 1:
            parent = section.title
        elif parent:
            bodies[parent] += f" {section.title} {body}"
    return bodies
