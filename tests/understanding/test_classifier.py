from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from folderwijs.understanding import classifier as module
from folderwijs.understanding.classifier import Classifier
from folderwijs.understanding.features import count, features_with
from folderwijs.understanding.lexicon import Lexicon
from folderwijs.understanding.words import Word, split_words

FEATURES = features_with(Lexicon({"fietsen": ["fiets", "fietsen", "velo"]}))
QUESTIONS = {
    "fietsen": ["mag ik fietsen", "mag ik op de fiets", "is fietsen goed", "kan ik fietsen", "fietsen mag dat", "op de fiets naar het werk"],
    "leeftijd": ["op welke leeftijd komt het voor", "welke leeftijd heeft dit", "hoe oud zijn mensen hiermee", "welke leeftijd", "hoe oud ben je dan", "op welke leeftijd"],
    "schoenen": ["welke schoenen zijn goed", "komt het door mijn schoenen", "zijn mijn schoenen slecht", "andere schoenen kopen", "komt het door slechte schoenen", "goede schoenen"],
}


def train(*intents: str, **options: float) -> Classifier:
    chosen = [(split_words(text), intent) for intent in intents or QUESTIONS for text in QUESTIONS[intent]]
    with ThreadPoolExecutor(2) as threads:
        return Classifier.begin(threads, count(FEATURES, [words for words, _ in chosen]), [intent for _, intent in chosen], FEATURES, **options)()


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return train()


@pytest.fixture
def saved(classifier: Classifier, tmp_path: Path) -> Path:
    classifier.save(tmp_path)
    return tmp_path


def likeliest(classifier: Classifier, text: str) -> str:
    return classifier.labels[int(np.argmax(classifier.probabilities(split_words(text))))]


@pytest.mark.parametrize(
    ("text", "intent"),
    [("mag ik ook fietsen?", "fietsen"), ("mag ik met de velo", "fietsen"), ("Wat is de leeftijd?", "leeftijd"), ("de schoenen van mijn man", "schoenen"), ("shoenen kopen", "schoenen")],
)
def test_what_was_learned_is_recognised_in_other_words(classifier: Classifier, text: str, intent: str) -> None:
    assert likeliest(classifier, text) == intent


def test_labels_fitted_one_at_a_time_are_the_same(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 1)
    apart = train()
    assert apart.labels == classifier.labels
    assert np.allclose(apart.weights, classifier.weights, atol=0.02)
    assert np.allclose(apart.biases, classifier.biases, atol=0.02)


def test_labels_are_sorted(classifier: Classifier) -> None:
    assert classifier.labels == sorted(QUESTIONS)


@pytest.mark.parametrize("text", ["mag ik fietsen", "qqq", "", "schoenen en leeftijd", "fietsen " * 300])
def test_probabilities_are_a_distribution(classifier: Classifier, text: str) -> None:
    probabilities = classifier.probabilities(split_words(text))
    assert probabilities.shape == (len(QUESTIONS),)
    assert (probabilities >= 0).all()
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_two_labels_are_enough() -> None:
    classifier = train("fietsen", "schoenen")
    assert classifier.labels == ["fietsen", "schoenen"]
    assert [likeliest(classifier, text) for text in ("mag ik fietsen", "goede schoenen")] == ["fietsen", "schoenen"]


def test_one_label_cannot_be_learned() -> None:
    with pytest.raises(ValueError, match="class"):
        train("fietsen")


def test_a_lower_temperature_is_surer() -> None:
    words = split_words("mag ik fietsen")
    cold, warm = (train(temperature=temperature).probabilities(words) for temperature in (0.1, 1.0))
    assert cold.max() > warm.max()
    assert cold.argmax() == warm.argmax()


def test_training_twice_gives_the_same() -> None:
    words = split_words("mag ik met deze schoenen fietsen")
    assert train().probabilities(words).tolist() == pytest.approx(train().probabilities(words).tolist(), abs=1e-5)


# Saving and loading.


@pytest.mark.parametrize("text", ["mag ik fietsen", "op welke leeftijd", "schoenen om te fietsen", "qqq", ""])
def test_a_loaded_classifier_gives_the_same_probabilities(classifier: Classifier, saved: Path, text: str) -> None:
    loaded = Classifier.load(saved, FEATURES)
    words: list[Word] = split_words(text)
    assert loaded.labels == classifier.labels
    assert loaded.probabilities(words) == pytest.approx(classifier.probabilities(words), abs=0.005)  # weights are kept in half precision


def test_nothing_is_pickled(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **keywords: Any) -> Any:
        pytest.fail("something was unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    Classifier.load(saved, FEATURES)
    for path in saved.iterdir():
        if path.suffix == ".json":
            json.loads(path.read_text("utf8"))
        else:
            with np.load(path, allow_pickle=False) as arrays:
                assert all(arrays[name].dtype != object for name in arrays.files)


def test_a_pickle_in_a_model_is_not_run(saved: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "run",))

    [path] = saved.glob("*.npz")
    with np.load(path) as arrays:
        content = dict(arrays)
    np.savez(path, **{**content, "idf": np.array([Evil()], dtype=object)})
    with pytest.raises(ValueError, match="allow_pickle"):
        Classifier.load(saved, FEATURES)
    assert not (tmp_path / "run").exists()


def test_a_missing_file_is_an_os_error(saved: Path) -> None:
    for path in saved.iterdir():
        content = path.read_bytes()
        path.unlink()
        with pytest.raises(OSError, match=path.name):
            Classifier.load(saved, FEATURES)
        path.write_bytes(content)


def test_names_that_are_damaged_are_refused(saved: Path) -> None:
    [path] = saved.glob("*.json")
    for content, error in [("{", ValueError), ("{}", KeyError)]:
        path.write_text(content, "utf8")
        with pytest.raises(error):
            Classifier.load(saved, FEATURES)


@pytest.mark.parametrize(
    "keep",
    [
        0,
        300,
    ],
)
def test_arrays_that_are_damaged_are_refused(saved: Path, keep: int) -> None:
    [path] = saved.glob("*.npz")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises((OSError, ValueError, KeyError)):
        Classifier.load(saved, FEATURES)
