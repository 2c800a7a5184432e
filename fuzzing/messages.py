"""Making messages and bodies that nobody thought of."""

from __future__ import annotations

import json
import random
from typing import Any, Callable, Sequence

from folderwijs.understanding.words import MAX_CHARACTERS

_PLANES = 17
_PLANE = 0x10000
_CONTROLS = [*map(chr, range(32)), "\x7f", *map(chr, range(0x80, 0xA0)), "\u200b", "\u200e", "\u202e", "\u2028", "\u2029", "\ufeff", "\ufffe", "\ufff9"]
_GLUE = ["", " ", "\n", "?", ", ", " en ", " / ", "...", "/"]


def body(dice: random.Random, questions: Sequence[str]) -> bytes:
    """The body of a request: mostly a message, at times JSON of another shape, or no JSON at all.

    Args:
        dice: where chance comes from; the same seed gives the same bodies.
        questions: real ones, to change.
    """
    chance = dice.random()
    if chance < 0.8:
        return _encoded(dice, {"message": message(dice, questions), **({"session": None} if dice.random() < 0.5 else {})})
    if chance < 0.9:
        return _encoded(dice, {"message": value(dice, 3), "session": value(dice, 2), message(dice, questions): value(dice, 2)})
    if chance < 0.95:
        return _encoded(dice, value(dice, 5))
    whole = bytearray(_encoded(dice, {"message": message(dice, questions)}))
    for _ in range(dice.randint(1, 4)):
        whole[dice.randrange(len(whole))] = dice.randrange(256)
    return bytes(whole[: dice.randint(0, len(whole))])


def message(dice: random.Random, questions: Sequence[str]) -> str:
    """A message of at most a little over the allowed length."""
    kinds: tuple[Callable[[random.Random, Sequence[str]], str], ...] = (_any_plane, _controls, _long_word, _changed, _changed, _joined, _repeated)
    return dice.choice(kinds)(dice, questions)[: MAX_CHARACTERS + dice.choice((0, 0, 0, 0, 1))]


def value(dice: random.Random, depth: int) -> Any:
    """JSON of any shape."""
    leaves: list[Any] = [None, True, False, 0, -1, 1e308, 2**70, "", "mag ik fietsen?", "\x00", [], {}]
    if depth == 0 or dice.random() < 0.3:
        return dice.choice(leaves)
    if dice.random() < 0.5:
        return [value(dice, depth - 1) for _ in range(dice.randint(0, 4))]
    return {dice.choice(("message", "session", "", "a", "__proto__", "\u202e")): value(dice, depth - 1) for _ in range(dice.randint(0, 4))}


def _encoded(dice: random.Random, thing: Any) -> bytes:
    return json.dumps(thing, ensure_ascii=dice.random() < 0.5).encode("utf8", "surrogatepass")


def _any_plane(dice: random.Random, questions: Sequence[str]) -> str:
    plane = dice.randrange(_PLANES) * _PLANE
    return "".join(chr(plane + dice.randrange(_PLANE)) for _ in range(dice.choice((1, 5, 50, MAX_CHARACTERS))))


def _controls(dice: random.Random, questions: Sequence[str]) -> str:
    letters = list(dice.choice(questions))
    for _ in range(dice.randint(1, 20)):
        letters.insert(dice.randint(0, len(letters)), dice.choice(_CONTROLS))
    return "".join(letters)


def _long_word(dice: random.Random, questions: Sequence[str]) -> str:
    return dice.choice("aeéß1-'’/.😀\u0301") * dice.choice((50, 300, MAX_CHARACTERS)) if dice.random() < 0.5 else dice.choice(questions).replace(" ", "") * 20


def _changed(dice: random.Random, questions: Sequence[str]) -> str:
    letters = list(dice.choice(questions))
    for _ in range(dice.randint(1, 6)):
        place = dice.randrange(len(letters))
        letters[place : place + dice.randint(0, 2)] = dice.choice(("", letters[place] * 2, letters[place].upper(), chr(dice.randrange(32, 0x250)), " "))
        letters = letters or ["x"]
    return "".join(letters)


def _joined(dice: random.Random, questions: Sequence[str]) -> str:
    return dice.choice(_GLUE).join(dice.choice(questions) for _ in range(dice.randint(2, 12)))


def _repeated(dice: random.Random, questions: Sequence[str]) -> str:
    return (dice.choice(questions) + dice.choice(_GLUE)) * dice.choice((2, 10, 100))
