"""Rasa's SpacyNLP with a stand-in for where the model is not installed."""

from __future__ import annotations

import logging
from typing import Any
from weakref import WeakValueDictionary

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.utils.spacy_utils import SpacyModel, SpacyNLP
from spacy.language import Language

from folderwijs.understanding.dutch import Renewed, in_use, load, name_in_use
from folderwijs.understanding.words import clean

logger = logging.getLogger(__name__)

_languages: WeakValueDictionary[str, Language] = WeakValueDictionary()
"""What was loaded and is still in use: Rasa makes two nodes of the component, and loading takes a tenth of a second or, with a model, one."""


@DefaultV1Recipe.register(
    [DefaultV1Recipe.ComponentType.MODEL_LOADER, DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER],
    is_trainable=False,
    model_from="DutchSpacyNLP",
)
class DutchSpacyNLP(SpacyNLP):
    """Rasa's SpacyNLP, which raises where the model is missing, with the stand-in for that case."""

    def __init__(self, model: SpacyModel, config: dict[str, Any]) -> None:
        super().__init__(model, config)
        self._model = model
        loaded = [model.model]  # the first time it is here already
        self._renewed = Renewed(lambda: loaded.pop() if loaded else load(config["model"]))

    def provide(self) -> SpacyModel:
        """The model for this message; Rasa asks for it each time."""
        language = self._renewed.current()
        if language is not self._model.model:
            self._model = SpacyModel(model=language, model_name=self._model.model_name)
        return self._model

    @staticmethod
    def load_model(spacy_model_name: str) -> SpacyModel:
        """See `folderwijs.understanding.dutch.load`."""
        logger.info(in_use(spacy_model_name))
        name = name_in_use(spacy_model_name)
        language = _languages.get(name)
        if language is None:
            language = _languages[name] = load(spacy_model_name)
        return SpacyModel(model=language, model_name=name)

    @staticmethod
    def ensure_proper_language_model(nlp: Any) -> None:
        """Rasa refuses a model without a path on disk; the stand-in has none."""
        if nlp is None:
            raise ValueError("spaCy gave no model")

    def _preprocess_text(self, text: str | None) -> str:
        return clean(text or "")
