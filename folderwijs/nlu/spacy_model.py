"""The spaCy model: nl_core_news_sm where it is installed, else a stand-in built from PyPI packages alone."""

from __future__ import annotations

import logging
from typing import Any

import spacy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.utils.spacy_utils import SpacyModel, SpacyNLP
from spacy.language import Language
from spacy.tokens import Doc

from folderwijs.understanding.words import clean, lemma_of

STAND_IN = "nl_stand_in"
"""The name of the stand-in; it is part of a model's fingerprint, so a change of spaCy model trains anew."""

logger = logging.getLogger(__name__)


@Language.component("simplemma")
def add_lemmas(doc: Doc) -> Doc:
    """Give every token its lemma from simplemma."""
    for token in doc:
        token.lemma_ = lemma_of(token.text.lower())
    return doc


def available(name: str) -> bool:
    """Whether the spaCy model `name` is installed."""
    return bool(spacy.util.is_package(name))


def in_use(name: str) -> str:
    """One line that says which of the two is in use."""
    if available(name):
        return f"spaCy model: {name}"
    return f"spaCy model: {name} is not installed, using the stand-in (spaCy's Dutch tokens, simplemma's lemmas)"


def load(name: str) -> SpacyModel:
    """Load the model `name`, or the stand-in where it is not installed.

    Of the model, what only parses or names is left out: nothing here uses it, and it costs 2 ms a message.
    """
    if available(name):
        return SpacyModel(model=spacy.load(name, exclude=["parser", "ner"]), model_name=name)
    language = spacy.blank("nl")
    language.add_pipe("simplemma")
    language.add_pipe("sentencizer")
    return SpacyModel(model=language, model_name=STAND_IN)


@DefaultV1Recipe.register(
    [DefaultV1Recipe.ComponentType.MODEL_LOADER, DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER],
    is_trainable=False,
    model_from="DutchSpacyNLP",
)
class DutchSpacyNLP(SpacyNLP):
    """Rasa's SpacyNLP, which raises where the model is missing, with the stand-in for that case."""

    @staticmethod
    def load_model(spacy_model_name: str) -> SpacyModel:
        """See `load`."""
        logger.info(in_use(spacy_model_name))
        return load(spacy_model_name)

    @staticmethod
    def ensure_proper_language_model(nlp: Any) -> None:
        """Rasa refuses a model without a path on disk; the stand-in has none."""
        if nlp is None:
            raise ValueError("spaCy gave no model")

    def _preprocess_text(self, text: str | None) -> str:
        return clean(text or "")
