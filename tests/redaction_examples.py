"""The made examples of tests/redaction.tsv."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple


class Example(NamedTuple):
    """A message, what must vanish from it, and what must stay; `kind` is "niets" where nothing may vanish."""

    kind: str
    text: str
    gone: tuple[str, ...]
    stays: str


def examples() -> list[Example]:
    with (Path(__file__).parent / "redaction.tsv").open(encoding="utf8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Example(row["kind"], row["text"], tuple(filter(None, row["gone"].split(";"))), row["stays"]) for row in rows]
