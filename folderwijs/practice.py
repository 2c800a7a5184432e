"""The practice's own details, the alarm signs and the fixed texts. Knows nothing of Rasa or HTTP."""

from __future__ import annotations

import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping

from folderwijs.content import ContentError, ContentFile, Problem, is_list, is_text, is_texts
from folderwijs.replies import Contact

TEXT_GROUPS = ("smalltalk", "practice", "outside", "not_in_leaflet", "clarify", "follow_up", "widget", "desk")
"""The groups of fixed texts in texts.yml."""

NEEDED_TEXTS = (
    *(f"not_in_leaflet.{name}" for name in ("named", "unnamed", "why", "how_long", "how_many", "if_no_help", "does_it_help", "detail", "for_me", "ask")),
    *(f"clarify.{name}" for name in ("choose", "unknown", "not_meant", "again", "anything_else")),
    *(f"follow_up.{name}" for name in ("source", "sure", "simpler", "no_source", "nothing_yet")),
    *(f"widget.{name}" for name in ("greeting", "computer", "privacy", "kept", "alarm")),
    *(f"desk.{name}" for name in ("say", "say_unnamed", "connect", "alarm", "only_here")),
    "weight",
    "error",
)
"""The texts that the code says by name; those of the other groups are each the text of an intent."""

_TEXT_FIELDS = {"practice", "phone", "email", "address", "directions", "hours", "appointment", "title", "subject", "about"}
_LOCAL_FIELDS = {
    "not_in_leaflet.named": {"gap"}, "desk.say": {"gap"}, "follow_up.source": {"section"}, "follow_up.sure": {"section"}, "follow_up.simpler": {"answer"},
    "follow_up.again": {"answer"}, "weight": {"weight", "low", "high"},
}  # what a text gets besides, from the code that says it


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict) and bool(value)


_PRACTICE_FIELDS = {
    "example": _is_flag, "name": is_text, "phone": is_text, "email": _is_string, "address": _is_string, "directions": _is_string, "hours": is_texts,
    "appointment_url": _is_string,
}
_ALARM_FIELDS = {"intro": is_text, "notice": is_text, "contacts": _is_mapping, "signs": _is_mapping}
_CONTACT_FIELDS = {"label": is_text, "when": _is_string, "phone": is_text}
_SIGN_FIELDS = {"sign": is_text, "text": is_text, "call": is_list, "words": is_texts}
_OPTIONAL_FIELDS = {"when", "phone", "words"}


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
        ContentError: with every mistake in the file.
    """
    file = ContentFile(path)
    problems = [
        file.problem((key,), f"'{key}' ontbreekt of heeft de verkeerde vorm.", "Vul het in zoals in het voorbeeld van de README.")
        for key, is_right in _PRACTICE_FIELDS.items()
        if not is_right(file.value.get(key))
    ]
    problems += [file.problem((key,), f"'{key}' bestaat niet.", "Haal de regel weg.") for key in file.value.keys() - _PRACTICE_FIELDS.keys()]
    if problems:
        raise ContentError(problems)
    return Practice(**{**file.value, "hours": tuple(file.value["hours"])})


def load_alarms(path: Path) -> Alarms:
    """Read urgent.yml.

    Raises:
        ContentError: with every mistake in the file.
    """
    file = ContentFile(path)
    value = file.value
    problems = [
        file.problem((key,), f"'{key}' ontbreekt of heeft de verkeerde vorm.", "Kijk bovenaan dit bestand wat erin hoort.")
        for key, is_right in _ALARM_FIELDS.items()
        if not is_right(value.get(key))
    ]
    if problems:
        raise ContentError(problems)
    for id_, entry in value["contacts"].items():
        problems += _check_entry(file, ("contacts", id_), entry, _CONTACT_FIELDS)
    for id_, entry in value["signs"].items():
        problems += _check_entry(file, ("signs", id_), entry, _SIGN_FIELDS)
        problems += [
            file.problem(("signs", id_, "call"), f"'{name}' staat niet bij contacts.", "Voeg hem daar toe.")
            for name in (entry["call"] if isinstance(entry, dict) and is_list(entry.get("call")) else ())
            if str(name) not in value["contacts"]
        ]
    if problems:
        raise ContentError(problems)
    contacts = {id_: Contact(**entry) for id_, entry in value["contacts"].items()}
    signs = {
        id_: AlarmSign(id_, entry["sign"], entry["text"], tuple(contacts[str(name)] for name in entry["call"]), tuple(entry.get("words", ())))
        for id_, entry in value["signs"].items()
    }
    return Alarms(value["intro"], value["notice"], signs)


def _check_entry(file: ContentFile, keys: tuple[str, str], entry: Any, fields: Mapping[str, Callable[[Any], bool]]) -> Iterator[Problem]:
    """The mistakes in a contact or a sign: a field that is missing, has the wrong shape, or does not exist."""
    name = keys[1]
    if not isinstance(entry, dict):
        yield file.problem(keys, f"'{name}' heeft de verkeerde vorm.", f"Geef het: {', '.join(fields)}.")
        return
    for key, is_right in fields.items():
        if (key in entry or key not in _OPTIONAL_FIELDS) and not is_right(entry.get(key)):
            yield file.problem((*keys, key), f"Bij '{name}' ontbreekt '{key}' of heeft het de verkeerde vorm.", "Vul het in; zet een getal tussen aanhalingstekens.")
    for key in entry.keys() - fields.keys():
        yield file.problem((*keys, key), f"'{key}' bestaat niet bij '{name}'.", f"Kies uit: {', '.join(fields)}.")


class Texts:
    """The fixed texts of texts.yml, filled in for a practice.

    Args:
        path: the file.
        fields: what may be filled in, besides what a single text brings itself.

    Raises:
        ContentError: with every mistake in the file, also a text that is needed and not there.
    """

    def __init__(self, path: Path, fields: Mapping[str, str]) -> None:
        file = ContentFile(path)
        problems = [file.problem((group,), f"De groep '{group}' ontbreekt.", "Zet hem terug.") for group in TEXT_GROUPS if not isinstance(file.value.get(group), dict)]
        problems += _check_needed(file)
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


def _check_needed(file: ContentFile) -> Iterator[Problem]:
    for keys in (name.split(".") for name in NEEDED_TEXTS):
        group = file.value.get(keys[0]) if len(keys) > 1 else file.value
        if isinstance(group, dict) and keys[-1] not in group:
            yield file.problem(tuple(keys), f"De tekst '{'.'.join(keys)}' ontbreekt.", "Zet hem terug.")


def _check_fields(file: ContentFile, keys: tuple[str, ...]) -> list[Problem]:
    value: Any = file.value
    for key in keys:
        value = value[key]
    if isinstance(value, dict):
        return [problem for key in value for problem in _check_fields(file, (*keys, key))]
    if not is_text(value):
        return [file.problem(keys, f"'{'.'.join(keys)}' is geen tekst.", "Schrijf er een zin.")]
    fields = _TEXT_FIELDS | _LOCAL_FIELDS.get(".".join(keys), set())
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(value) if name is not None}
        if names <= fields:
            value.format_map(dict.fromkeys(fields, ""))  # also finds what is wrong behind a name: {phone!}
    except (ValueError, KeyError):
        return [file.problem(keys, "Er staat een losse accolade.", "Schrijf een invulveld als {phone}.")]
    return [
        file.problem(keys, f"Het invulveld {{{name}}} bestaat niet bij deze tekst.", f"Kies uit: {', '.join(sorted(fields))}.")
        for name in sorted(names - fields)
    ]
