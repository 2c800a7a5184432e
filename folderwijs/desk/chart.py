"""A bar for every week, as shapes for an SVG picture."""

from __future__ import annotations

from typing import NamedTuple, Sequence

from folderwijs.desk.groups import Week

WIDTH, HEIGHT = 640, 240
"""Size of the picture, in its own units."""
_BOTTOM, _TOP, _LEFT = 44, 40, 10
_BAR = 0.6  # part of a week's width


class Piece(NamedTuple):
    """A part of a bar: the kind of question it counts, and its rectangle."""

    kind: str
    x: float
    y: float
    width: float
    height: float


class Bar(NamedTuple):
    """The bar of a week.

    Attributes:
        name: of the week.
        total: the number above it.
        middle: where it stands.
        top: its upper end.
        pieces: its parts, from the bottom.
    """

    name: str
    total: int
    middle: float
    top: float
    pieces: tuple[Piece, ...]


def chart(weeks: Sequence[Week]) -> list[Bar]:
    """The bars of the weeks, the highest as high as the picture allows."""
    most = max((week.total for week in weeks), default=0) or 1
    step = (WIDTH - 2 * _LEFT) / max(1, len(weeks))
    return [_bar(week, _LEFT + step * (place + 0.5), step * _BAR, (HEIGHT - _BOTTOM - _TOP) / most) for place, week in enumerate(weeks)]


def _bar(week: Week, middle: float, width: float, scale: float) -> Bar:
    pieces = []
    top = float(HEIGHT - _BOTTOM)
    for kind, count in week.counts.items():
        if count:
            top -= count * scale
            pieces.append(Piece(kind, round(middle - width / 2, 1), round(top, 1), round(width, 1), round(count * scale, 1)))
    return Bar(week.name, week.total, round(middle, 1), round(top, 1), tuple(pieces))
