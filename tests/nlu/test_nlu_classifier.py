from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from folderwijs.answers import Answers
from folderwijs.content import ContentError
from folderwijs.dialogue import SEVERAL, Part
from folderwijs.nlu.classifier import PARTS, QuestionClassifier, load_knowledge, words_of
from folderwijs.settings import PROJECT
from folderwijs.understanding.lexicon import COMPLAINT, PLACE
from folderwijs.understanding.words import clean, split_words

QUESTIONS = {
    "fietsen": ["mag ik fietsen", "mag ik op de fiets", "is fietsen goed", "kan ik fietsen", "fietsen mag dat"],
    "leeftijd": ["op welke leeftijd komt het voor", "welke leeftijd heeft dit", "hoe oud zijn mensen hiermee", "welke leeftijd"],
    "alarm_peesscheur": ["een knap in mijn kuit", "ineens een knap in mijn kuit", "een knap gehoord in mijn kuit", "knap in mijn pees"],
}
CONTEXT = ExecutionContext(GraphSchema({}))


def message_of(text: str, **more: Any) -> Message:
    """A message as a tokenizer leaves it."""
    tokens = [Token(word.text, word.start, lemma=word.lemma) for word in split_words(text)]
    return Message(data={TEXT: text, TOKENS_NAMES[TEXT]: tokens, **more})


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> LocalModelStorage:
    """A model with a trained classifier in it."""
    storage = LocalModelStorage(tmp_path_factory.mktemp("model"))
    examples = [message_of(text, **{INTENT: intent}) for intent, texts in QUESTIONS.items() for text in texts]
    component = QuestionClassifier.create(QuestionClassifier.get_default_config(), storage, Resource("questions"), CONTEXT)
    assert component.train(TrainingData([*examples, Message(data={TEXT: "zonder intent"})])) == Resource("questions")
    return storage


@pytest.fixture(scope="module")
def component(storage: LocalModelStorage) -> QuestionClassifier:
    return QuestionClassifier.load(QuestionClassifier.get_default_config(), storage, Resource("questions"), CONTEXT)


def process(component: QuestionClassifier, text: str) -> Message:
    [message] = component.process([message_of(text)])
    return message


# The component.


@pytest.mark.parametrize(("text", "intent"), [("mag ik ook fietsen?", "fietsen"), ("Welke leeftijd?", "leeftijd"), ("ik hoorde een knap in mijn kuit", "alarm_peesscheur")])
def test_a_message_gets_its_intent(component: QuestionClassifier, text: str, intent: str) -> None:
    message = process(component, text)
    assert message.get(INTENT)["name"] == intent
    assert 0 < message.get(INTENT)["confidence"] <= 1
    assert {entry["name"] for entry in message.get(INTENT_RANKING_KEY)} == set(QUESTIONS)


def test_what_is_understood_goes_along_with_the_message(component: QuestionClassifier) -> None:
    parsed = process(component, "mag ik fietsen").as_dict(only_output_properties=True)
    assert parsed.keys() >= {INTENT, INTENT_RANKING_KEY, PARTS}
    [part] = msgspec.convert(parsed[PARTS], list[Part])
    assert (part.text, part.intent) == ("mag ik fietsen", "fietsen")
    msgspec.json.encode(parsed[PARTS])  # goes to the action server as JSON


def test_several_questions_have_a_part_each(component: QuestionClassifier) -> None:
    message = process(component, "Mag ik fietsen? Op welke leeftijd komt het voor?")
    assert message.get(INTENT)["name"] == SEVERAL
    assert [part["intent"] for part in message.get(PARTS)] == ["fietsen", "leeftijd"]


def test_a_button_of_the_project_is_known(component: QuestionClassifier, answers: Answers) -> None:
    message = process(component, answers.leaflet.topics["operatie"].ask)
    assert message.get(INTENT) == {"name": "operatie", "confidence": 1.0}


def test_a_batch_is_processed_whole(component: QuestionClassifier) -> None:
    messages = component.process([message_of("mag ik fietsen"), message_of("welke leeftijd")])
    assert [message.get(INTENT)["name"] for message in messages] == ["fietsen", "leeftijd"]


def test_a_message_without_text_is_left_alone(component: QuestionClassifier) -> None:
    [message] = component.process([Message(data={INTENT: "groet"})])
    assert message.get(INTENT) == "groet"


def test_a_message_without_tokens_is_nonsense(component: QuestionClassifier) -> None:
    [message] = component.process([Message(data={TEXT: "??"})])
    assert message.get(INTENT)["name"] == "buiten_onzin"


def test_a_component_that_is_not_trained_leaves_messages_alone(tmp_path: Path) -> None:
    untrained = QuestionClassifier.create(QuestionClassifier.get_default_config(), LocalModelStorage(tmp_path), Resource("nieuw"), CONTEXT)
    assert process(untrained, "mag ik fietsen").get(INTENT) is None


def test_a_component_needs_a_tokenizer() -> None:
    assert QuestionClassifier.required_components() == [Tokenizer]


def test_options_come_from_the_configuration(storage: LocalModelStorage) -> None:
    certain, careful = (
        QuestionClassifier.load({**QuestionClassifier.get_default_config(), "certainty": certainty}, storage, Resource("questions"), CONTEXT) for certainty in (0.0, 1.0)
    )
    text = "mag ik op welke leeftijd"
    assert process(certain, text).get(INTENT)["name"] in QUESTIONS
    assert process(careful, text).get(INTENT)["name"] == "onzeker"


def test_an_option_of_the_wrong_type_is_refused(storage: LocalModelStorage) -> None:
    with pytest.raises(msgspec.ValidationError, match="certainty"):
        QuestionClassifier.load({"certainty": "veel"}, storage, Resource("questions"), CONTEXT)


def test_an_option_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigException, match="certanity"):
        QuestionClassifier.create({**QuestionClassifier.get_default_config(), "certanity": 0.5}, LocalModelStorage(tmp_path), Resource("nieuw"), CONTEXT)


def test_words_are_the_tokens_without_punctuation() -> None:
    message = Message(data={TEXT: "liep ik?", TOKENS_NAMES[TEXT]: [Token("liep", 0, lemma="lopen"), Token("ik", 5, lemma="ik"), Token("?", 7, lemma="?")]})
    assert [(word.text, word.lemma, word.start) for word in words_of(message)] == [("liep", "lopen", 0), ("ik", "ik", 5)]


# What it is told by editors.


def test_the_knowledge_of_the_project(answers: Answers) -> None:
    knowledge = load_knowledge(PROJECT)
    assert knowledge.alarm_rules.keys() == answers.alarms.signs.keys()
    assert set(answers.leaflet.complaint_words) <= set(knowledge.concepts[COMPLAINT])
    assert set(answers.leaflet.place_words) <= set(knowledge.concepts[PLACE])
    assert "rennen" in knowledge.concepts


def test_what_a_button_sends_is_known_to_be_about_its_topic(answers: Answers) -> None:
    buttons = load_knowledge(PROJECT).buttons
    suggested = [suggestion for id_ in answers.questions for suggestion in answers.topic(id_).suggestions] + list(answers.openers())
    assert {suggestion.message: buttons.get(clean(suggestion.message)) for suggestion in suggested} == {suggestion.message: suggestion.topic for suggestion in suggested}


def test_a_project_without_a_lexicon_is_refused(tmp_path: Path) -> None:
    (tmp_path / "leaflets").symlink_to(PROJECT / "leaflets")
    with pytest.raises(ContentError, match="lexicon"):
        load_knowledge(tmp_path)
