from __future__ import annotations

import msgspec
import pytest

from folderwijs.answers import Answers
from folderwijs.dialogue import Part, Turn
from folderwijs.replies import Contact, Reply, Source, Suggestion, from_builtins, to_builtins

CONTRACT_FIELDS = {"kind", "text", "topics", "sources", "suggestions"}


def test_a_reply_survives_json() -> None:
    source, suggestion = Source("folder", "Kop", "Zin."), Suggestion("Mag ik fietsen?", "mag ik fietsen?", "fietsen")
    reply = Reply("answer", "Ja.", ("fietsen",), (source,), (suggestion,), "Fietsen", "", "", (Contact("de praktijk", phone="010"),))
    assert from_builtins(msgspec.json.decode(msgspec.json.encode(to_builtins(reply)))) == reply


def test_the_fields_of_the_contract_are_there_even_when_empty() -> None:
    assert to_builtins(Reply("smalltalk", "Hallo.")).keys() >= CONTRACT_FIELDS
    assert msgspec.to_builtins(Suggestion("a", "b")) == {"label": "a", "message": "b", "topic": None}


def test_whatever_the_answers_say_survives_json(answers: Answers) -> None:
    intents = [*answers.questions, *answers.alarms.signs, *(id_ for group in ("practice", "outside", "smalltalk") for id_ in answers.texts.ids(group))]
    replies = [answers.error(), *(Turn(answers, [Part("", intent, 1.0)]).replies()[0] for intent in intents)]
    assert [from_builtins(to_builtins(reply)) for reply in replies] == replies


@pytest.mark.parametrize("value", [{}, {"kind": "answer"}, {"kind": "joke", "text": "Ha."}, {"kind": "error", "text": 5}, None, []])
def test_what_is_no_reply_is_refused(value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        from_builtins(value)
