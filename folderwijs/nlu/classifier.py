"""The graph component that gives a message its intent, from its tokens and lemmas."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import msgspec
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from folderwijs.leaflets import load_leaflets, load_questions
from folderwijs.practice import load_alarms
from folderwijs.settings import PROJECT
from folderwijs.training import fingerprint
from folderwijs.understanding.context import load_follow_ups
from folderwijs.understanding.dutch import load, name_in_use, words_in, words_of_token
from folderwijs.understanding.features import FollowUp
from folderwijs.understanding.lexicon import COMPLAINT, PLACE, load_lexicon
from folderwijs.understanding.understander import Knowledge, Options, Understander
from folderwijs.understanding.words import Word, clean

_OF_RASA = {"name", "component_name"}  # keys that Rasa may leave in a component's configuration

PARTS = "parts"
"""The key of a parsed message that holds its parts, as `folderwijs.dialogue.Part` has them."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class QuestionClassifier(GraphComponent, IntentClassifier):
    """Understands a message: its questions, their intents, and how sure it is. See `Understander`."""

    def __init__(self, options: Options, storage: ModelStorage, resource: Resource, understander: Optional[Understander] = None) -> None:
        self._options = options
        self._storage = storage
        self._resource = resource
        self._understander = understander

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The options of the understander with their defaults."""
        defaults: dict[str, Any] = msgspec.to_builtins(Options())
        return defaults

    @classmethod
    def required_components(cls) -> list[type]:
        """A tokenizer must come before this."""
        return [Tokenizer]

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> Optional[str]:
        """A hash of what is learned from besides the questions (lexicon.yml, urgent.yml, the leaflets, this code), for `rasa train`."""
        return fingerprint(name_in_use("nl_core_news_sm"))

    @classmethod
    def create(cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext) -> "QuestionClassifier":
        """A component that is yet to be trained."""
        return cls(_options(config), model_storage, resource)

    @classmethod
    def load(cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext, **kwargs: Any) -> "QuestionClassifier":
        """The component as `train` left it."""
        with model_storage.read_from(resource) as folder:
            return cls(_options(config), model_storage, resource, Understander.load(folder, _options(config)))

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the questions of the training data, and write what was learned to the model."""
        examples = [example for example in training_data.intent_examples if example.get(TEXT)]
        self._understander = Understander.train(
            [words_of(example) for example in examples],
            [example.get(INTENT) for example in examples],
            load_knowledge(PROJECT),
            self._options,
            follow_ups_of(PROJECT),
            texts=[example.get(TEXT) for example in examples],
        )
        with self._storage.write_to(self._resource) as folder:
            self._understander.save(folder)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the intent, the ranking and the parts of each message."""
        for message in messages:
            if self._understander is None or not message.get(TEXT):
                continue
            understood = self._understander.understand(words_of(message), message.get(TEXT))
            message.set(INTENT, _named(understood.intent, understood.confidence), add_to_output=True)
            message.set(INTENT_RANKING_KEY, [_named(*entry) for entry in understood.ranking], add_to_output=True)
            message.set(PARTS, msgspec.to_builtins(understood.parts), add_to_output=True)
        return messages


def load_knowledge(project: Path) -> Knowledge:
    """What editors wrote: the lexicon, what the leaflets call their complaint, the rules for alarm signs, and what buttons send.

    Raises:
        ContentError: one of the files cannot be used.
    """
    leaflets = load_leaflets(project / "leaflets").values()
    concepts: dict[str, list[str]] = {
        **load_lexicon(project / "lexicon.yml"),
        COMPLAINT: [word for leaflet in leaflets for word in leaflet.complaint_words],
        PLACE: [word for leaflet in leaflets for word in leaflet.place_words],
    }
    buttons = {clean(question.ask): question.id for question in load_questions(project / "leaflets").values()}
    buttons |= {clean(topic.ask): topic.id for leaflet in leaflets for topic in leaflet.topics.values()}
    return Knowledge(concepts, {sign.id: sign.rules for sign in load_alarms(project / "urgent.yml").signs.values()}, buttons)


def follow_ups_of(project: Path) -> list[tuple[FollowUp, str]]:
    """The follow-ups to learn from, each with its intent.

    Raises:
        ContentError: a file of them cannot be read.
    """
    language = load("nl_core_news_sm")
    return [(FollowUp(before, tuple(words_in(language, text))), intent) for _, _, (before, text, intent) in load_follow_ups(project / "data" / "follow_ups")]


def words_of(message: Message) -> list[Word]:
    """The words of a tokenized message: its tokens without punctuation, with their lemmas."""
    return [word for token in message.get(TOKENS_NAMES[TEXT]) or () for word in words_of_token(token.text, token.lemma, token.start)]


def _named(name: str, confidence: float) -> dict[str, Any]:
    return {INTENT_NAME_KEY: name, PREDICTED_CONFIDENCE_KEY: confidence}


def _options(config: dict[str, Any]) -> Options:
    unknown = config.keys() - {*Options.__struct_fields__} - _OF_RASA
    if unknown:
        raise InvalidConfigException(f"config.yml: QuestionClassifier has no option {', '.join(sorted(unknown))}; it has {', '.join(Options.__struct_fields__)}")
    return msgspec.convert({key: value for key, value in config.items() if key not in _OF_RASA}, Options)
