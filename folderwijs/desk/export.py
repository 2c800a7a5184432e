"""Marked questions as lines for the training data."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections import defaultdict
from typing import Iterable, Iterator

from folderwijs.desk.groups import KINDS, Group, kind_of
from folderwijs.redaction import LABELS

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_MARKUP = str.maketrans("", "", "[](){}<>|\"`")  # what Rasa's training data reads as an entity, and no question needs


def to_csv(groups: Iterable[Group]) -> str:
    """Every kept question with its mark as a table for a spreadsheet; no cell of it can run as a formula."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["vraag", "hoort_bij", "waarom_bewaard", "toelichting", "dag", "groep"])
    for number, group in enumerate(groups, 1):
        for question in group.questions:
            cells = (question.text, question.mark or group.mark or "", KINDS[kind_of(question)], question.why, question.day.isoformat(), str(number))
            writer.writerow([defused(cell) for cell in cells])
    return out.getvalue()


def to_rasa(groups: Iterable[Group]) -> str:
    """The marked questions as Rasa's training data, in the form of the files in data/nlu."""
    examples: dict[str, dict[str, None]] = defaultdict(dict)
    for group in groups:
        if group.mark:
            for line in _lines(group):
                examples[group.mark].setdefault(line)
    lines = ['version: "3.1"', "nlu:" if any(examples.values()) else "nlu: []"]
    for intent in sorted(intent for intent in examples if examples[intent]):
        lines += [f"- intent: {intent}", "  examples: |", *(f"    - {line}" for line in examples[intent])]
    return "\n".join(lines) + "\n"


def defused(cell: str) -> str:
    """A cell that a spreadsheet shows and does not calculate."""
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA) or cell.startswith(_FORMULA) else cell


def _lines(group: Group) -> Iterator[str]:
    for question in group.questions:
        text = LABELS.sub(" ", question.text).translate(_MARKUP)
        text = "".join(character for character in text if not unicodedata.category(character).startswith("C"))
        text = " ".join(text.split()).lstrip("/-*# ").strip()
        if any(character.isalnum() for character in text):
            yield text
