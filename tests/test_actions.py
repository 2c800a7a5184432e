from __future__ import annotations

from typing import Any

import pytest
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import actions
from folderwijs.answers import Answers
from folderwijs.dialogue import MAX_TOLD
from folderwijs.replies import from_builtins
from folderwijs.settings import PROJECT


def tracker_at(message: dict[str, Any], context: Any = None) -> Tracker:
    """Rasa's tracker after a message."""
    return Tracker("a", {actions.SLOT: context}, message, [], False, None, {}, None)


def parts_of(*intents: str) -> dict[str, Any]:
    return {"text": "vraag", "parts": [{"text": "vraag", "intent": intent, "confidence": 1.0} for intent in intents]}


def run(action: actions.FolderAction, message: dict[str, Any], context: Any = None) -> tuple[list[dict[str, Any]], Any]:
    """The messages an action sends, and what it remembers."""
    dispatcher = CollectingDispatcher()
    [event] = action.run(dispatcher, tracker_at(message, context), {})
    assert (event["event"], event["name"]) == ("slot", actions.SLOT)
    return dispatcher.messages, event["value"]


def test_every_action_of_the_domain_is_there() -> None:
    names = [action().name() for action in actions.FolderAction.__subclasses__()]
    assert sorted(names) == sorted(yaml.safe_load((PROJECT / "domain.yml").read_text("utf8"))["actions"])


@pytest.mark.parametrize("action", actions.FolderAction.__subclasses__(), ids=lambda action: action.__name__)
def test_an_action_sends_its_reply_as_text_and_whole(action: type[actions.FolderAction], answers: Answers) -> None:
    [message], _ = run(action(), parts_of("fietsen"))
    assert from_builtins(message["custom"]) == answers.topic("fietsen")
    assert message["text"] == answers.topic("fietsen").text


def test_what_is_remembered_leads_the_next_turn() -> None:
    _, context = run(actions.ActionAnswer(), parts_of("geslacht"))
    [message], _ = run(actions.ActionSource(), parts_of("vervolg_bron"), context)
    assert from_builtins(message["custom"]).topics == ("geslacht",)


def test_several_questions_get_several_replies() -> None:
    messages, context = run(actions.ActionSeveral(), parts_of("fietsen", "leeftijd"))
    assert [from_builtins(message["custom"]).topics for message in messages] == [("fietsen",), ("leeftijd",)]
    assert list(context["told"]) == ["fietsen", "leeftijd"]


def test_what_is_remembered_stays_small(answers: Answers) -> None:
    context: Any = None
    for topic in answers.leaflet.topics:
        _, context = run(actions.ActionAnswer(), parts_of(topic), context)
    assert len(context["told"]) == MAX_TOLD


@pytest.mark.parametrize("message", [{"intent": {"name": "fietsen", "confidence": 1.0}, "text": "/fietsen"}, {"intent": {"name": "fietsen"}, "text": None, "parts": []}])
def test_an_intent_straight_from_rasa_is_answered(message: dict[str, Any]) -> None:
    [part] = actions.turn_of(tracker_at(message)).parts
    assert part.intent == "fietsen"


def test_the_content_is_read_once() -> None:
    assert actions.answers() is actions.answers()
