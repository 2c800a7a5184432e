"""Reading the YAML files that editors write, with errors an editor can act on."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Mapping

import yaml


@dataclass(frozen=True)
class Problem:
    """Something wrong in a content file.

    Attributes:
        file: the file, as it was opened.
        line: 1-based line in it.
        what: what is wrong, in Dutch: editors of leaflets read it.
        mend: how to mend it, in Dutch.
    """

    file: Path
    line: int
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what} {self.mend}"


class ContentError(Exception):
    """Raised when content cannot be used. `problems` says why, one a mistake."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@contextmanager
def collecting(problems: list[Problem]) -> Iterator[None]:
    """Add the problems of a `ContentError` raised inside to `problems`, and go on after the block.

    So one check tells of the mistakes in all files, not only in the first.
    """
    try:
        yield
    except ContentError as error:
        problems += error.problems


class ContentFile:
    """A YAML file with a mapping at its top.

    Names are always text, also those that YAML would read as a number or a yes or no (`112:`, `no:`).

    Args:
        path: the file.

    Raises:
        ContentError: the file cannot be read, is not YAML, or has no mapping at its top.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._text = read_text(path, "Maak het aan; de README zegt wat erin hoort.")
        self._nodes: Any = None
        try:
            value = yaml.load(self._text, Loader=_Loader)  # noqa: S506, the loader is a safe one
        except yaml.reader.ReaderError as error:
            line = self._text.encode()[: error.position].count(b"\n") + 1
            raise ContentError([Problem(path, line, "Dit is geen geldige YAML (er staat een onzichtbaar teken).", "Typ de regel opnieuw.")]) from None
        except yaml.MarkedYAMLError as error:
            mark = _start_of(error)
            line = mark.line + 1 if mark else 1
            raise ContentError([Problem(path, line, f"Dit is geen geldige YAML ({error.problem}).", "Kijk naar inspringen, dubbele punten en aanhalingstekens.")]) from None
        if not isinstance(value, dict):
            raise ContentError([Problem(path, 1, "Hier hoort 'naam: waarde' te staan.", "Begin elke regel met een naam en een dubbele punt.")])
        self.value: Mapping[str, Any] = value

    def line(self, *keys: str | int) -> int:
        """The 1-based line where the value under `keys` starts, or the nearest one above it that exists."""
        if self._nodes is None:  # parsed a second time, for the lines: only where there is a mistake to report
            self._nodes = yaml.compose(self._text, Loader=_Loader)
        node, line = self._nodes, 1
        for key in keys:
            if isinstance(node, yaml.MappingNode):
                entries = {name.value: (name.start_mark, value) for name, value in node.value}
            elif isinstance(node, yaml.SequenceNode):
                entries = {number: (value.start_mark, value) for number, value in enumerate(node.value)}
            else:
                break
            if key not in entries:
                break
            mark, node = entries[key]
            line = mark.line + 1
        return line

    def problem(self, keys: tuple[str | int, ...], what: str, mend: str) -> Problem:
        """A problem with the value under `keys`."""
        return Problem(self.path, self.line(*keys), what, mend)


def read_text(path: Path, mend: str) -> str:
    """The text of a file that an editor writes.

    Args:
        path: the file.
        mend: what to do where it is missing, in Dutch.

    Raises:
        ContentError: the file is missing, cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text("utf8")
    except FileNotFoundError:
        raise ContentError([Problem(path, 1, "Dit bestand ontbreekt.", mend)]) from None
    except UnicodeDecodeError:
        raise ContentError([Problem(path, 1, "Dit bestand is geen UTF-8.", "Sla het op als UTF-8.")]) from None
    except OSError as error:
        raise ContentError([Problem(path, 1, f"Dit bestand is niet te lezen ({error.strerror}).", "Kijk of het een gewoon bestand is, en van wie het is.")]) from None


def is_text(value: Any) -> bool:
    """Whether a value is text with something in it."""
    return isinstance(value, str) and bool(value.strip())


def is_list(value: Any) -> bool:
    """Whether a value is a list with something in it."""
    return isinstance(value, list) and bool(value)


def is_texts(value: Any) -> bool:
    """Whether a value is a list of texts, at least one, each with something in it."""
    return is_list(value) and all(map(is_text, value))


def _start_of(error: yaml.MarkedYAMLError) -> Any:
    """Where a mistake stands; an open quotation mark is found at the end of the file, but stands where the text began."""
    if error.context == "while scanning a quoted scalar":
        return error.context_mark
    return error.problem_mark or error.context_mark


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe loader that says the line of everything it refuses, also of a name written twice: YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for name, _ in node.value:
            if not isinstance(name, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "een naam kan geen lijst zijn", name.start_mark)
            if name.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"'{name.value}' staat er twee keer", name.start_mark)
            seen.add(name.value)
            if name.tag != _MERGE:
                name.tag = _TEXT
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError, TypeError):  # PyYAML lets these out for a date like 2024-13-45
            raise yaml.constructor.ConstructorError(None, None, f"'{node.value}' is niet te lezen", node.start_mark) from None


_MERGE = "tag:yaml.org,2002:merge"
_TEXT = "tag:yaml.org,2002:str"
