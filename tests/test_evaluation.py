"""The committed figures are those of the committed data, and the measures count what they say."""

import asyncio
import json

import pytest

from evaluation.measures import Outcome, Share, measure
from evaluation.questions import Expected, HeldOut, load_dialogues, load_questions
from evaluation.report import NAMES, NUMBERS
from folderwijs.replies import Reply, Suggestion

MARGIN = 0.015
"""Figures may differ by this much: spaCy's model or its stand-in, and the processor's rounding."""
REFUSED = Reply("not_in_leaflet", "Daarover staat niets in deze folder.")


def answer(*topics: str, suggested: str | None = None) -> Reply:
    suggestions = (Suggestion("?", "?", suggested),) if suggested else ()
    return Reply("answer", "Ja.", topics=topics, suggestions=suggestions)


def outcome(kinds: str, topics: str, *replies: Reply) -> Outcome:
    def sets(field: str) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(each.split("+")) for each in field.split("|")) if field else ()

    return Outcome(HeldOut("set", "tekst", Expected(sets(kinds), sets(topics))), replies, 0.001)


@pytest.mark.parametrize(
    ("kinds", "topics", "replies", "right"),
    [
        ("answer", "fietsen", [answer("fietsen")], True),
        ("answer", "fietsen", [answer("operatie")], False),
        ("answer", "fietsen", [answer("fietsen"), answer("operatie")], False),
        ("answer", "fietsen+operatie", [answer("fietsen")], False),
        ("answer", "fietsen+operatie", [answer("fietsen"), answer("operatie")], True),
        ("answer", "beloop|hersteltijd", [answer("hersteltijd")], True),
        ("not_in_leaflet", "", [REFUSED], True),
        ("not_in_leaflet", "", [REFUSED, answer("fietsen")], False),
        ("answer+not_in_leaflet", "fietsen", [answer("fietsen"), REFUSED], True),
        ("answer+not_in_leaflet", "fietsen", [answer("fietsen")], False),
    ],
)
def test_a_reply_is_right_when_all_that_was_asked_is_answered_and_nothing_else(kinds, topics, replies, right):
    assert outcome(kinds, topics, *replies).right is right


def test_one_choice_may_lead_to_what_is_right():
    assert outcome("answer", "fietsen", answer("operatie", suggested="fietsen")).right_after_choice
    assert not outcome("answer", "fietsen", answer("operatie", suggested="beloop")).right_after_choice


def test_a_fact_counts_as_wrong_where_none_is_asked():
    found = measure([outcome("answer", "fietsen", answer("operatie")), outcome("not_in_leaflet", "", answer("operatie"))])
    assert found.wrong_fact == Share(1, 1)
    assert found.fact_on_gap == Share(1, 1)


def test_the_interval_is_wilsons():
    low, high = Share(90, 100).interval
    assert (round(low, 4), round(high, 4)) == (0.8256, 0.9448)


def test_there_are_enough_held_out_questions():
    questions = load_questions()
    sets = {question.set for question in questions}
    assert len(sets) >= 6
    assert all(sum(question.set == name for question in questions) >= 150 for name in sets)
    assert len(load_dialogues()) >= 60


def test_the_committed_figures_are_those_of_the_committed_data(engine):
    """On the trained model, through Rasa."""
    numbers = json.loads(NUMBERS.read_text("utf8"))
    questions = load_questions()
    assert numbers["questions"] == len(questions)

    async def ask_all() -> list[Outcome]:
        return [Outcome(question, tuple(await engine.reply(question.text, f"evaluation-{number}")), 0.0) for number, question in enumerate(questions)]

    measured = measure(asyncio.run(ask_all()))
    for name in NAMES:
        committed, now = Share(*numbers["measures"][name]), getattr(measured, name)
        assert abs(now.value - committed.value) <= MARGIN, f"{name}: {now}, but docs/evaluation.json says {committed}"
