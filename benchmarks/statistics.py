"""The arithmetic of the measurements."""

from __future__ import annotations

import math
from typing import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of `values` that at least `percent` % of them do not exceed (nearest rank).

    Raises:
        ValueError: there are no values, or `percent` is not above 0 and at most 100.
    """
    if not values or not 0 < percent <= 100:
        raise ValueError("a percentile needs values, and a percentage above 0 and at most 100")
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def median(values: Sequence[float]) -> float:
    """The median.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("a median needs values")
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def around(values: Sequence[float], position: int, each_side: int = 2) -> float:
    """The median of the values around a position, counted from 1: one message alone is mostly chance.

    Raises:
        ValueError: there are no values there.
    """
    return median(values[max(0, position - 1 - each_side) : position + each_side])
