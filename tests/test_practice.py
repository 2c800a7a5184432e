from __future__ import annotations

import ast
import re
from typing import Any, Callable

import pytest
from content_copy import ContentCopy

from folderwijs import dialogue
from folderwijs.answers import Answers
from folderwijs.content import ContentError
from folderwijs.practice import NEEDED_TEXTS, Texts, load_alarms, load_practice
from folderwijs.settings import PROJECT

FIELDS = {"practice": "Praktijk", "phone": "010", "email": "@", "address": "Straat", "directions": "Bus", "hours": "8", "appointment": "/", "subject": "de klacht", "about": "de klacht"}


def texts_of(content: ContentCopy) -> Texts:
    return Texts(content.path("texts.yml"), {**FIELDS, "title": "Klacht"})


LOADERS: dict[str, Callable[[ContentCopy], Any]] = {
    "practice.yml": lambda content: load_practice(content.path("practice.yml")),
    "urgent.yml": lambda content: load_alarms(content.path("urgent.yml")),
    "texts.yml": texts_of,
}


# A mistake: `old` written as `new` is to be reported at the line that starts with `at`.
@pytest.mark.parametrize(
    ("file", "old", "new", "at", "what"),
    [
        ("practice.yml", "phone: 010 - 123 45 67", "phone:", "phone:", "'phone' ontbreekt"),
        ("practice.yml", "phone: 010 - 123 45 67", "phone: 0101234567", "phone:", "'phone' ontbreekt of heeft de verkeerde vorm"),
        ("practice.yml", "phone: 010 - 123 45 67", "phone: ''", "phone:", "'phone' ontbreekt"),
        ("practice.yml", "name: Fysiotherapie Voorbeeld", "name: ' '", "name:", "'name' ontbreekt"),
        ("practice.yml", "  - zaterdag en zondag gesloten", "  - zondag: gesloten", "hours:", "'hours' ontbreekt of heeft de verkeerde vorm"),
        ("practice.yml", "  - zaterdag en zondag gesloten", "  - 8:30", "hours:", "'hours' ontbreekt of heeft de verkeerde vorm"),
        ("practice.yml", "email:", "mail:", "mail:", "'mail' bestaat niet"),
        ("urgent.yml", "intro:", "inleiding:", "#", "'intro' ontbreekt"),
        ("urgent.yml", "    sign: een open wond\n", "", "alarm_wond:", "'sign'"),
        ("urgent.yml", 'call: ["112"]', "call: [ambulance]", "call: [ambulance]", "'ambulance' staat niet bij contacts"),
        ("urgent.yml", "  alarm_wond:", "  alarm_hond: bel\n  alarm_wond:", "alarm_hond:", "alarm_hond"),
        ("urgent.yml", "    sign: een open wond\n", "    sign: een open wond\n    woorden: [wond]\n", "woorden:", "'woorden' bestaat niet bij 'alarm_wond'"),
        ("urgent.yml", "    words:\n", "    words:\n      - 5\n", "words:", "'words'"),
        ("urgent.yml", 'call: ["112"]', "call: huisarts", "call: huisarts", "'call'"),
        ("urgent.yml", "{label: uw huisarts,", "{naam: uw huisarts,", "huisarts:", "label"),
        ("urgent.yml", "{label: uw huisarts, when: overdag}", "huisarts", "huisarts:", "'huisarts' heeft de verkeerde vorm"),
        ("urgent.yml", 'phone: "112"', "phone: 112", '"112":', "phone"),
        ("texts.yml", "smalltalk:", "praatjes:", "#", "groep 'smalltalk' ontbreekt"),
        ("texts.yml", "Graag gedaan.", "Graag gedaan, {naam}.", "bedankt:", "{naam} bestaat niet"),
        ("texts.yml", "Graag gedaan.", "Graag gedaan, {phone.", "bedankt:", "losse accolade"),
        ("texts.yml", "Graag gedaan.", "Graag gedaan, {phone:d}.", "bedankt:", "losse accolade"),
        ("texts.yml", "bedankt: Graag gedaan. Hebt u nog een vraag? Stel hem gerust.", "bedankt:", "bedankt:", "is geen tekst"),
        ("texts.yml", "Graag gedaan.", "Graag gedaan, {gap}.", "bedankt:", "{gap}"),
        ("texts.yml", "  again: Ik begrijp uw vraag helaas", "  nogeens: Ik begrijp uw vraag helaas", "clarify:", "again"),
        ("texts.yml", "error:", "fout:", "#", "error"),
    ],
)
def test_a_mistake_is_reported(content: ContentCopy, file: str, old: str, new: str, at: str, what: str) -> None:
    content.edit(file, old, new)
    with pytest.raises(ContentError) as caught:
        LOADERS[file](content)
    [problem] = [problem for problem in caught.value.problems if what in problem.what]
    assert (problem.file, problem.line) == (content.path(file), content.line(file, at))
    assert problem.mend.endswith(".")


@pytest.mark.parametrize("file", LOADERS)
def test_a_missing_file_is_reported(content: ContentCopy, file: str) -> None:
    content.path(file).unlink()
    with pytest.raises(ContentError, match="ontbreekt"):
        LOADERS[file](content)


def test_the_practice_fills_in_its_own_details(content: ContentCopy) -> None:
    content.edit("practice.yml", "phone: 010 - 123 45 67", "phone: 020 - 765 43 21")
    practice = load_practice(content.path("practice.yml"))
    assert practice.fields["phone"] == "020 - 765 43 21"
    assert practice.fields["hours"] == "maandag tot en met vrijdag van 8.00 tot 18.00 uur; zaterdag en zondag gesloten"


def test_a_text_is_filled_in(content: ContentCopy) -> None:
    texts = texts_of(content)
    assert texts.get("error") == "Er ging iets mis. Probeer het nog eens, of bel Praktijk, 010."
    assert texts.get("not_in_leaflet", "named", gap="een brace") == "Over een brace staat niets in deze folder."
    with pytest.raises(KeyError):
        texts.get("smalltalk", "weg")


@pytest.mark.parametrize("group", ["smalltalk", "practice", "outside", "clarify"])
def test_every_text_of_these_groups_needs_nothing_but_the_practice(answers: Answers, group: str) -> None:
    assert all("{" not in answers.texts.get(group, name) for name in answers.texts.ids(group))


def test_every_alarm_sign_names_someone_to_call() -> None:
    alarms = load_alarms(PROJECT / "urgent.yml")
    assert {contact.label for sign in alarms.signs.values() for contact in sign.contacts} == {"uw huisarts", "de huisartsenpost", "112"}
    assert all(sign.contacts and sign.text for sign in alarms.signs.values())


def test_danger_to_life_calls_112() -> None:
    [contact] = load_alarms(PROJECT / "urgent.yml").signs["alarm_ademnood"].contacts
    assert contact.phone == "112"


def test_the_texts_that_are_needed_are_those_the_code_says() -> None:
    def strings(node: ast.AST) -> list[str]:
        return [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant) and isinstance(inner.value, str)]

    said = {f"not_in_leaflet.{name}" for name in dialogue._NOT_SAID.values()}
    for page in (PROJECT / "web").rglob("*.html"):
        said |= {f"{group}.{name}" for group, name in re.findall(r"texts\.get\(['\"](\w+)['\"], ['\"](\w+)['\"]", page.read_text("utf8"))}
    for path in (PROJECT / "folderwijs").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf8"))):
            match call:
                case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="texts"), attr="get"), args=[group, name]):
                    said |= {f"{strings(group)[0]}.{text}" for text in strings(name)}
                case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="texts"), attr="get"), args=[name]):
                    said |= {*strings(name)}
                case ast.Call(func=ast.Attribute(attr="say"), args=[name]):
                    said |= {f"follow_up.{text}" for text in strings(name)}
                case ast.Call(func=ast.Attribute(attr="clarify"), args=[_, opening]):
                    said |= {f"clarify.{text}" for text in strings(opening)}
    assert said == set(NEEDED_TEXTS)
