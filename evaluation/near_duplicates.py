"""Training questions that are nearly the same: `python -m evaluation.near_duplicates` lists them. Copies teach nothing; breadth does."""

from __future__ import annotations

from collections import defaultdict
from typing import Iterable, Iterator

import numpy as np
from rapidfuzz import fuzz, process

from evaluation.assistant import Example, training_examples
from folderwijs.understanding.words import clean

ALIKE = 92
"""Percent of letters two questions must share to count as nearly the same (rapidfuzz's ratio)."""
_SHORTEST = 12  # letters; of two shorter ones, one letter may be all that differs


def near_duplicates(examples: Iterable[Example]) -> Iterator[tuple[Example, Example]]:
    """Pairs of questions of the same intent that are nearly the same."""
    by_intent: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        if len(example.text) >= _SHORTEST:
            by_intent[example.intent].append(example)
    for group in by_intent.values():
        texts = [clean(example.text) for example in group]
        likeness = process.cdist(texts, texts, scorer=fuzz.ratio, score_cutoff=ALIKE, dtype=np.uint8)
        for first, second in zip(*np.nonzero(np.triu(likeness, 1))):
            yield group[int(first)], group[int(second)]


def main() -> None:
    """List the pairs and count them."""
    pairs = list(near_duplicates(training_examples()))
    for first, second in pairs:
        print(f"{first.intent}\t{first.writer}: {first.text}\t{second.writer}: {second.text}")
    print(f"{len(pairs)} pairs among {len(training_examples())} questions")


if __name__ == "__main__":
    main()
