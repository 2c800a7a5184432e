"""The practice's own details, the alarm signs and the fixed texts. Knows nothing of Rasa or HTTP."""

from __future__ import annotations

import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping

from folderwijs.content import ContentError, ContentFile, Problem
from folderwijs.replies import Contact

TEXT_GROUPS = ("smalltalk", "practice", "outside", "not_in_leaflet", "clarify", "follow_up")
"""The groups of fixed texts in texts.yml."""

_PRACTICE_FIELDS = {"example": bool, "name": str, "phone": str, "email": str, "address": str, "directions": str, "hours": list, "appointment_url": str}
_TEXT_FIELDS = {"practice", "phone", "email", "address", "directions", "hours", "appointment", "title", "subject", "about"}
_LOCAL_FIELDS = {"gap", "section", "answer", "weight", "low", "high"}


@dataclass(frozen=True)
class Practice:
    """The practice: name, phone and so on, as practice.yml has them. `example` is True while it is still the example."""

    example: bool
    name: str
    phone: str
    email: str
    address: str
    directions: str
    hours: tuple[str, ...]
    appointment_url: str

    @property
    def fields(self) -> dict[str, str]:
        """What the fixed texts may fill in about the practice."""
        return {
            "practice": self.name, "phone": self.phone, "email": self.email, "address": self.address,
            "directions": self.directions, "hours": "; ".join(self.hours), "appointment": self.appointment_url,
        }


@dataclass(frozen=True)
class AlarmSign:
    """A group of alarm signs: its id (also a Rasa intent), what was seen, what to do, whom to call, and its word rules."""

    id: str
    sign: str
    text: str
    contacts: tuple[Contact, ...]
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alarms:
    """All alarm signs, with the text before and the notice after the advice."""

    intro: str
    notice: str
    signs: Mapping[str, AlarmSign]


def load_practice(path: Path) -> Practice:
    """Read practice.yml.

    Raises:
        ContentError: a field is missing or has the wrong shape.
    """
    file = ContentFile(path)
    problems = [
        file.problem((key,), f"'{key}' ontbreekt of heeft de verkeerde vorm.", "Vul het in zoals in het voorbeeld van de README.")
        for key, type_ in _PRACTICE_FIELDS.items()
        if not isinstance(file.value.get(key), type_)
    ]
    problems += [file.problem((key,), f"'{key}' bestaat niet.", "Haal de regel weg.") for key in file.value.keys() - _PRACTICE_FIELDS.keys()]
    if problems:
        raise ContentError(problems)
    return Practice(**{**file.value, "hours": tuple(map(str, file.value["hours"]))})


def load_alarms(path: Path) -> Alarms:
    """Read urgent.yml.

    Raises:
        ContentError: a sign lacks a text or names a contact that does not exist.
    """
    file = ContentFile(path)
    value = file.value
    problems = [
        file.problem((key,), f"'{key}' ontbreekt of heeft de verkeerde vorm.", "Kijk bovenaan dit bestand wat erin hoort.")
        for key, type_ in {"intro": str, "notice": str, "contacts": dict, "signs": dict}.items()
        if not isinstance(value.get(key), type_) or not value[key]
    ]
    if problems:
        raise ContentError(problems)
    contacts = {str(id_): Contact(**entry) for id_, entry in value["contacts"].items()}
    signs = {}
    for id_, entry in value["signs"].items():
        for key, type_ in {"sign": str, "text": str, "call": list}.items():
            if not isinstance(entry.get(key), type_) or not entry[key]:
                problems.append(file.problem(("signs", id_, key), f"Bij '{id_}' ontbreekt '{key}'.", "Vul het in."))
        for name in entry.get("call") or []:
            if str(name) not in contacts:
                problems.append(file.problem(("signs", id_, "call"), f"'{name}' staat niet bij contacts.", "Voeg hem daar toe."))
        if not problems:
            signs[id_] = AlarmSign(id_, entry["sign"], entry["text"], tuple(contacts[str(name)] for name in entry["call"]), tuple(entry.get("words", ())))
    if problems:
        raise ContentError(problems)
    return Alarms(value["intro"], value["notice"], signs)


class Texts:
    """The fixed texts of texts.yml, filled in for a practice.

    Args:
        path: the file.
        fields: what may be filled in, besides what a single text brings itself.

    Raises:
        ContentError: a group is missing, or a text has a field that does not exist.
    """

    def __init__(self, path: Path, fields: Mapping[str, str]) -> None:
        file = ContentFile(path)
        problems = [file.problem((group,), f"De groep '{group}' ontbreekt.", "Zet hem terug.") for group in TEXT_GROUPS if not isinstance(file.value.get(group), dict)]
        problems += _check_fields(file, ())
        if problems:
            raise ContentError(problems)
        self._texts = file.value
        self._fields = fields

    def ids(self, group: str) -> list[str]:
        """The names of the texts in a group."""
        return list(self._texts[group])

    def get(self, group: str, name: str = "", **fields: str) -> str:
        """A text, filled in.

        Raises:
            KeyError: there is no such text.
        """
        text: str = self._texts[group][name] if name else self._texts[group]
        return text.format_map({**self._fields, **fields})


def _check_fields(file: ContentFile, keys: tuple[str, ...]) -> list[Problem]:
    value: Any = file.value
    for key in keys:
        value = value[key]
    if isinstance(value, dict):
        return [problem for key in value for problem in _check_fields(file, (*keys, key))]
    if not isinstance(value, str) or not value.strip():
        return [file.problem(keys, f"'{'.'.join(keys)}' is geen tekst.", "Schrijf er een zin.")]
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(value) if name is not None}
    except ValueError:
        return [file.problem(keys, "Er staat een losse accolade.", "Schrijf een invulveld als {phone}.")]
    return [
        file.problem(keys, f"Het invulveld {{{name}}} bestaat niet.", f"Kies uit: {', '.join(sorted(_TEXT_FIELDS | _LOCAL_FIELDS))}.")
        for name in sorted(names - _TEXT_FIELDS - _LOCAL_FIELDS)
    ]
