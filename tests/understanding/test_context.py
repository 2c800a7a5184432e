from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from folderwijs.understanding.context import MOST_WORDS, ContextClassifier
from folderwijs.understanding.features import FollowUp
from folderwijs.understanding.lexicon import Lexicon
from folderwijs.understanding.words import split_words

LEXICON = Lexicon({"vrouw": ["vrouwen", "dames"]})
ALONE = {
    "leeftijd": ["welke leeftijd", "hoe oud zijn mensen", "op welke leeftijd komt het voor", "hoe oud ben je dan"],
    "geslacht": ["bij mannen of vrouwen", "hebben vrouwen het ook", "meer mannen of meer vrouwen", "zijn het mannen"],
    "schoenen": ["welke schoenen", "zijn mijn schoenen slecht", "goede schoenen kopen", "andere schoenen"],
}
FOLLOW_UPS = [
    (before, text, intent)
    for _ in range(3)
    for before, text, intent in [("leeftijd", "en vrouwen dan", "leeftijd"), ("schoenen", "en voor vrouwen dan", "schoenen"), ("leeftijd", "en schoenen", "schoenen"), ("schoenen", "hoeveel", "schoenen")]
]


@pytest.fixture(scope="module")
def context() -> ContextClassifier:
    messages = [(split_words(text), intent) for intent, texts in ALONE.items() for text in texts]
    follow_ups = [(FollowUp(before, split_words(text)), intent) for before, text, intent in FOLLOW_UPS]
    with ThreadPoolExecutor(1) as threads:
        return ContextClassifier.begin(threads, follow_ups, [words for words, _ in messages], [intent for _, intent in messages], LEXICON, cost=0.4, temperature=0.2)()


def test_the_same_words_mean_something_else_after_something_else(context: ContextClassifier) -> None:
    after = context.after(split_words("en bij dames dan?"))
    assert after.keys() == {"leeftijd", "schoenen"}
    assert (after["leeftijd"][0], after["schoenen"][0]) == ("leeftijd", "schoenen")


@pytest.mark.parametrize("text", ["en vrouwen dan", "welke schoenen", "iets heel anders", ""])
def test_it_gives_what_the_classifier_gives_for_each(context: ContextClassifier, text: str) -> None:
    words = split_words(text)
    for before, (intent, chance) in context.after(words).items():
        chances = context.classifier.probabilities(FollowUp(before, words))
        assert intent == context.classifier.labels[int(chances.argmax())]
        assert chance == pytest.approx(float(chances.max()), abs=1e-4)


def test_a_long_message_is_read_without_the_turn_before(context: ContextClassifier) -> None:
    assert context.after(split_words("vrouwen " * MOST_WORDS))
    assert context.after(split_words("vrouwen " * (MOST_WORDS + 1))) == {}


def test_a_loaded_one_gives_the_same(context: ContextClassifier, tmp_path: Path) -> None:
    context.save(tmp_path)
    words = split_words("en vrouwen dan")
    loaded = ContextClassifier.load(tmp_path, LEXICON).after(words)
    for before, (intent, chance) in context.after(words).items():
        assert loaded[before] == (intent, pytest.approx(chance, abs=0.01))
