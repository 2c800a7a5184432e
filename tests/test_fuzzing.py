from __future__ import annotations

import asyncio
import random

from folderwijs.answers import Answers
from folderwijs.app import Service
from folderwijs.engine import Engine
from folderwijs.settings import load_settings
from fuzzing.messages import body
from fuzzing.run import Fuzzed, _check, fuzz

QUESTIONS = ["mag ik fietsen?", "hoe lang duurt het?", "Wat is de hersteltijd bij een blessure?"]


def test_three_thousand_fuzzed_messages_keep_the_contract(engine: Engine, answers: Answers) -> None:
    settings = load_settings({"LIMITS": "off", "MAX_CONVERSATIONS": "100", "QUESTIONS_DB": "off"})
    fuzzed = asyncio.run(fuzz(Service(settings, answers, lambda: engine).app(), QUESTIONS, seed=6, messages=3000, seconds=240))
    assert fuzzed.problems() == []
    assert fuzzed.sent > 500, "it hardly began"
    assert {200, 400, 422} <= fuzzed.statuses.keys()


def test_the_same_seed_sends_the_same() -> None:
    assert [body(random.Random(5), QUESTIONS) for _ in range(3)] == [body(random.Random(5), QUESTIONS) for _ in range(3)]


def test_what_breaks_the_contract_is_seen() -> None:
    bad = [
        (500, b'{"error": {"code": "internal", "message": "Bel 010"}}'), (200, b'{"session": "a", "replies": []}'), (200, b'{"session": "a", "replies": [{"kind": "error", "text": "x"}]}'),
        (200, b'{"session": "a", "replies": [{"kind": "answer", "text": " "}]}'), (200, b'{"replies": [{"kind": "answer", "text": "x"}]}'), (200, b"[]"), (422, b'{"error": {"code": "x", "message": "no"}}'), (0, b""),
    ]
    for status, received in bad:
        fuzzed = Fuzzed()
        _check(fuzzed, b"", status, received)
        assert len(fuzzed.wrong) == 1, received
    assert Fuzzed(memory=(100, 120)).problems()
