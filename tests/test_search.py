from __future__ import annotations

import pytest

from folderwijs.answers import Answers
from folderwijs.dialogue import UNSURE, Part
from folderwijs.search import TopicSearch


@pytest.fixture(scope="module")
def search(answers: Answers) -> TopicSearch:
    return TopicSearch(answers)


def meant(intent: str, chance: float = 0.9) -> tuple[Part, ...]:
    return (Part("", intent, chance, ((intent, chance),)),)


@pytest.mark.parametrize("query", ["fiets", "FIETSEN", "fietsne", "mag ik fiets"])
def test_half_typed_and_misspelt_words_find_their_topic(search: TopicSearch, query: str) -> None:
    assert "fietsen" in [result.topic for result in search.find(query, (), 3).results]


def test_what_the_model_understands_comes_first(search: TopicSearch) -> None:
    found = search.find("op twee wielen", meant("fietsen"), 3)
    assert found.kind == "answer"
    assert found.results[0].topic == "fietsen"
    assert found.reply.topics == ("fietsen",)


def test_a_result_is_the_topic_as_the_chat_tells_it(search: TopicSearch, answers: Answers) -> None:
    result, told = search.find("", meant("operatie"), 1).results[0], answers.leaflet.topics["operatie"]
    assert (result.title, result.answer, result.sources) == (told.title, told.answer, told.sources)


@pytest.mark.parametrize("query", ["pijn", "de", "operatie oefeningen fietsen sporten", "a", "😀", "‮fietsen", ""])
@pytest.mark.parametrize("limit", [1, 3, 20])
def test_results_are_bounded_and_best_first(search: TopicSearch, query: str, limit: int) -> None:
    scores = [result.score for result in search.find(query, meant("fietsen"), limit).results]
    assert len(scores) <= limit
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_a_gap_is_no_answer_though_topics_are_near(search: TopicSearch) -> None:
    found = search.find("operatie litteken", meant("na_operatie"), 3)
    assert found.kind == "not_in_leaflet"
    assert "operatie" in [result.topic for result in found.results]


def test_an_alarm_sign_is_urgent_at_the_desk_too(search: TopicSearch) -> None:
    assert search.find("knap in de kuit", meant("alarm_peesscheur"), 3).kind == "urgent"


def test_where_the_model_is_unsure_the_words_decide(search: TopicSearch) -> None:
    assert search.find("gastrocnem", meant(UNSURE, 0.1), 3).reply.topics == ("anatomie",)


def test_nothing_found_asks_back(search: TopicSearch) -> None:
    found = search.find("xqzvk", (), 3)
    assert (found.kind, found.results) == ("clarify", ())
    assert len(found.reply.suggestions) >= 2


def test_an_answer_is_always_among_the_results(search: TopicSearch) -> None:
    found = search.find("xqzvk", meant("vervolg_niet_helpt"), 3)
    assert found.kind == "answer"
    assert set(found.reply.topics) <= {result.topic for result in found.results}


@pytest.mark.parametrize(("query", "topic"), [("herst", "hersteltijd"), ("fiet", "fietsen"), ("ops", "symptomen"), ("gastro", "anatomie"), ("overgew", "risico_overgewicht")])
def test_a_half_typed_word_is_answered_though_it_is_no_word_to_the_model(search: TopicSearch, query: str, topic: str) -> None:
    found = search.find(query, meant("buiten_onzin", 0.4), 3)
    assert found.kind == "answer"
    assert topic in [result.topic for result in found.results]


@pytest.mark.parametrize(("query", "subject"), [("shoc", "shockwave"), ("nachtsp", "een nachtspalk"), ("mag een kruk", "krukken")])
def test_a_half_typed_gap_is_named(search: TopicSearch, query: str, subject: str) -> None:
    found = search.find(query, meant("buiten_onzin", 0.4), 3)
    assert (found.kind, found.reply.subject) == ("not_in_leaflet", subject)


def test_what_is_surely_something_else_stays_so(search: TopicSearch) -> None:
    assert search.find("herst", meant("buiten_algemeen", 0.95), 3).kind == "outside"


def test_an_alarm_sign_comes_before_another_question(search: TopicSearch) -> None:
    assert search.find("mag ik fietsen en knap in de kuit", (*meant("fietsen"), *meant("alarm_peesscheur")), 3).kind == "urgent"


def test_it_says_how_sure_each_result_is(search: TopicSearch) -> None:
    sure = search.find("fiets", meant("fietsen", 0.9), 3)
    assert len(sure.certainty) == len(sure.results)
    assert sure.certainty[0] == "zeker"
    assert search.find("stijf opstaan", meant("symptomen", 0.6), 1).certainty == ("waarschijnlijk",)
    assert search.find("fietsen xqzvk jklmn wrtpb", (), 1).certainty == ("misschien",)


@pytest.mark.parametrize(("chance", "certainty"), [(0.95, "zeker"), (0.85, "waarschijnlijk"), (0.55, "waarschijnlijk"), (0.45, "misschien")])
def test_what_the_chat_would_say_is_as_sure_as_its_meaning_is_clear(search: TopicSearch, chance: float, certainty: str) -> None:
    assert search.find("mw 68 nieuwe knie xqzvk", meant("leeftijd", chance), 1).certainty == (certainty,)
