"""Topics and questions made up for the purpose, with words that look Dutch: to see what ten and fifty times as many cost."""

from __future__ import annotations

import random
from typing import Iterator

QUESTIONS_A_TOPIC = 20

_STARTS = ("b", "br", "d", "dr", "f", "g", "gr", "h", "k", "kl", "kr", "l", "m", "n", "p", "pl", "r", "s", "schr", "sl", "sn", "st", "str", "t", "tr", "v", "vl", "w", "z", "zw")
_VOWELS = ("a", "aa", "e", "ee", "eu", "i", "ie", "ij", "o", "oe", "oo", "ou", "u", "ui", "uu")
_ENDS = ("", "f", "g", "k", "l", "lk", "m", "n", "nd", "ng", "p", "r", "rk", "rs", "s", "st", "t", "ts")
_SUFFIXES = ("", "", "en", "er", "heid", "ing", "je", "lijk")
_FRAMES = (
    "wat is {}", "hoe komt {}", "helpt {}", "mag ik {} met {}", "waarom is {} zo {}", "hoe lang duurt {}", "wanneer moet ik {}", "ik heb last van {} en {}",
    "kan {} ook zonder {}", "is {} beter dan {}", "hoeveel {} is te veel", "mijn {} doet {} na het {}", "wat kan ik doen aan {}", "moet ik {} of juist {}",
)
_WORDS_A_TOPIC = 12


def topics(number: int, seed: int = 1) -> dict[str, list[str]]:
    """`number` topics with `QUESTIONS_A_TOPIC` questions each, the same for the same seed.

    A topic has twelve words of its own; a question puts some of them into one of fourteen everyday Dutch sentences.
    """
    chance = random.Random(seed)  # noqa: S311, no secret
    words = _words(chance)
    made = {}
    for count in range(number):
        own = [next(words) for _ in range(_WORDS_A_TOPIC)]
        questions: dict[str, None] = {}
        while len(questions) < QUESTIONS_A_TOPIC:
            frame = chance.choice(_FRAMES)
            questions[frame.format(*chance.sample(own, frame.count("{}")))] = None
        made[f"bedacht_{count}"] = list(questions)
    return made


def _words(chance: random.Random) -> Iterator[str]:
    """Words of two syllables and an ending, none twice."""
    seen = set()
    while True:
        word = "".join(chance.choice(_STARTS) + chance.choice(_VOWELS) + chance.choice(_ENDS) for _ in range(2)) + chance.choice(_SUFFIXES)
        if word not in seen:
            seen.add(word)
            yield word
