from __future__ import annotations

import gc
import logging
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import pytest
import spacy
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.constants import SPACY_DOCS
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from spacy.language import Language

from folderwijs.nlu import spacy_model
from folderwijs.nlu.spacy_model import DutchSpacyNLP
from folderwijs.understanding import dutch

MISSING = "nl_core_web_bestaat_niet"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Has spaCy believe that every model is installed, and gives what it was asked to load."""
    asked: list[dict[str, Any]] = []

    def load(name: str, **options: Any) -> Language:
        asked.append({"name": name, **options})
        return spacy.blank("nl")

    monkeypatch.setattr(spacy.util, "is_package", lambda name: True)
    monkeypatch.setattr(spacy, "load", load)
    return asked


def component(name: str, folder: Path) -> DutchSpacyNLP:
    component = DutchSpacyNLP.create({"model": name}, LocalModelStorage(folder), Resource("spacy"), ExecutionContext(GraphSchema({})))
    assert isinstance(component, DutchSpacyNLP)
    return component


def lemmas(language: Language, text: str) -> list[str]:
    return [word.lemma for word in dutch.words_in(language, text)]


# Where the model is missing.


def test_a_stand_in_takes_the_place_of_a_missing_model(tmp_path: Path) -> None:
    model = component(MISSING, tmp_path).provide()
    assert (model.model_name, model.fingerprint()) == (dutch.STAND_IN, dutch.STAND_IN)
    assert model.model.lang == "nl"
    assert not dutch.available(MISSING)


def test_the_stand_in_gives_tokens_lemmas_and_sentences() -> None:
    language = dutch.load(MISSING)
    doc = language("Mag ik oefeningen doen? Ik liep gisteren.")
    assert [token.text for token in doc][:3] == ["Mag", "ik", "oefeningen"]
    assert [token.lemma_ for token in doc if token.lemma_ in ("oefening", "lopen")] == ["oefening", "lopen"]
    assert len(list(doc.sents)) == 2


@pytest.mark.parametrize("name", [MISSING, "nl_core_news_sm"])
def test_one_line_says_which_is_in_use(tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str) -> None:
    with caplog.at_level(logging.INFO, "folderwijs.nlu.spacy_model"):
        DutchSpacyNLP.load_model(name)
    [line] = [record.getMessage() for record in caplog.records if record.name == "folderwijs.nlu.spacy_model"]
    assert "\n" not in line
    assert name in line
    assert ("stand-in" in line) is not dutch.available(name)


# Where it is installed.


def test_a_model_that_is_installed_is_loaded_without_what_is_not_used(installed: list[dict[str, Any]], tmp_path: Path) -> None:
    model = component("nl_core_news_sm", tmp_path).provide()
    assert model.model_name == "nl_core_news_sm"
    [asked] = installed
    assert asked["name"] == "nl_core_news_sm"
    assert {"parser", "ner"} <= {*asked.get("exclude", ()), *asked.get("disable", ())}


def test_the_name_of_a_model_that_is_installed_is_told(installed: list[dict[str, Any]]) -> None:
    assert dutch.name_in_use("nl_core_news_sm") == "nl_core_news_sm"
    assert "nl_core_news_sm" in dutch.in_use("nl_core_news_sm")
    assert "stand-in" not in dutch.in_use("nl_core_news_sm")


def test_no_model_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="spaCy"):
        DutchSpacyNLP.ensure_proper_language_model(None)


# Messages.


def test_a_message_gets_its_document_from_the_cleaned_text(tmp_path: Path) -> None:
    nlp = component(MISSING, tmp_path)
    message = Message(data={TEXT: "Mag ik heeeel ’s morgens\u200b FIETSEN?"})
    [processed] = nlp.process([message], nlp.provide())
    assert processed.get(SPACY_DOCS[TEXT]).text == "mag ik heel 's morgens fietsen?"
    assert processed.get(TEXT) == "Mag ik heeeel ’s morgens\u200b FIETSEN?"


@pytest.mark.parametrize("text", ["", "   ", "😀", "\x00", "\n\n"])
def test_any_message_gets_a_document(tmp_path: Path, text: str) -> None:
    nlp = component(MISSING, tmp_path)
    nlp.process([Message(data={TEXT: text})], nlp.provide())


# From tokens to words.


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("fietsen", ["fietsen"]),
        ("foto's", ["foto's"]),
        ("fietsen?", ["fietsen"]),
        ("en/of", ["en", "of"]),
        ("e-bike", ["e", "bike"]),
        ("?", []),
        ("...", []),
    ],
)
def test_a_token_gives_the_words_in_it(token: str, words: list[str]) -> None:
    found = dutch.words_of_token(token, token, 10)
    assert [word.text for word in found] == words
    assert [token[word.start - 10 : word.end - 10] for word in found] == words


def test_a_single_word_keeps_the_lemma_of_its_token() -> None:
    assert [word.lemma for word in dutch.words_of_token("liep", "Lopen", 0)] == ["lopen"]
    assert [word.lemma for word in dutch.words_of_token("zxqv", "", 0)] == ["zxqv"]


def test_the_words_of_a_text_stand_where_they_say() -> None:
    text = "Mag ik fietsen en/of (rustig) hardlopen, ’s morgens?"
    words = dutch.words_in(dutch.load(MISSING), text)
    cleaned = text.lower().replace("’", "'")
    assert [cleaned[word.start : word.end] for word in words] == [word.text for word in words]
    assert {"fietsen", "en", "of", "rustig", "hardlopen", "morgens"} <= {word.text for word in words}


# What spaCy remembers.


def test_the_nodes_of_a_graph_share_a_language_as_long_as_one_of_them_uses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spacy_model, "_languages", languages := WeakValueDictionary())
    loader, featurizer = component(MISSING, tmp_path), component(MISSING, tmp_path)
    assert loader.provide().model is featurizer.provide().model is languages[dutch.STAND_IN]
    del loader, featurizer
    gc.collect()
    assert not languages


def test_a_vocabulary_that_learned_too_much_is_made_anew() -> None:
    loaded = []

    def load() -> Language:
        loaded.append(spacy.blank("nl"))
        return loaded[-1]

    renewed = dutch.Renewed(load, most=50)
    for number in range(120):
        assert [token.text for token in renewed(f"woord{number}x")] == [f"woord{number}x"]
        assert len(renewed.current().vocab.strings) <= len(spacy.blank("nl").vocab.strings) + 60
    assert 2 < len(loaded) < 10, "a word brings a few strings of its own"
    assert renewed.current() is loaded[-1]


def test_the_component_gives_the_model_of_now_and_lets_go_of_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dutch, "MOST_NEW_WORDS", 50)
    component_ = component(MISSING, tmp_path)
    first = component_.provide()
    assert component_.provide() is first
    component_._renewed._enough = -1  # any number of words is too many
    second = component_.provide()
    assert second.model is not first.model
    assert component_._model is second
    assert second.model_name == first.model_name
