"""Reading the YAML files that editors write, with errors an editor can act on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping

import yaml
from ruamel.yaml import YAML


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


class ContentFile:
    """A YAML file with a mapping at its top.

    The quick C parser reads the values. Only when there is a mistake to report is the file parsed again by
    ruamel.yaml, which knows the lines but takes far longer.

    Args:
        path: the file.

    Raises:
        ContentError: the file is missing, is not YAML, or has no mapping at its top.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            value = yaml.load(path.read_text("utf8"), Loader=_Loader)  # noqa: S506, the loader is a safe one
        except FileNotFoundError:
            raise ContentError([Problem(path, 1, "Dit bestand ontbreekt.", "Maak het aan; de README zegt wat erin hoort.")]) from None
        except UnicodeDecodeError:
            raise ContentError([Problem(path, 1, "Dit bestand is geen UTF-8.", "Sla het op als UTF-8.")]) from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise ContentError([Problem(path, line, f"Dit is geen geldige YAML ({error.problem}).", "Kijk naar inspringen, dubbele punten en aanhalingstekens.")]) from None
        if not isinstance(value, dict):
            raise ContentError([Problem(path, 1, "Hier hoort 'naam: waarde' te staan.", "Begin elke regel met een naam en een dubbele punt.")])
        self.value: Mapping[str, Any] = value
        self._lines: Any = None

    def line(self, *keys: str | int) -> int:
        """The 1-based line where the value under `keys` starts, or the nearest one above it that exists."""
        if self._lines is None:
            self._lines = YAML(typ="rt").load(self.path.read_text("utf8"))
        node, line = self._lines, 1
        for key in keys:
            try:
                line = (node.lc.item(key) if isinstance(key, int) else node.lc.key(key))[0] + 1
                node = node[key]
            except (AttributeError, KeyError, IndexError, TypeError):
                break
        return line

    def problem(self, keys: tuple[str | int, ...], what: str, mend: str) -> Problem:
        """A problem with the value under `keys`."""
        return Problem(self.path, self.line(*keys), what, mend)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe loader that refuses a key written twice: YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"'{key}' staat er twee keer", key_node.start_mark)
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping
