from __future__ import annotations

import dataclasses

import pytest

from folderwijs.answers import Answers, load_answers
from folderwijs.consistency import known_intents
from folderwijs.dialogue import FOLLOW_UP_INTENTS, MAX_TOLD, REACTIONS, UNSURE, Context, Part, Turn
from folderwijs.replies import Reply
from folderwijs.settings import PROJECT

CONTENT = load_answers(PROJECT)
INTENTS = list(known_intents(CONTENT))
TOPIC_IDS = list(CONTENT.leaflet.topics)


def told(*parts: Part, answers: Answers = CONTENT) -> Reply:
    """The last reply of a conversation with one part a message."""
    context = Context()
    for part in parts:
        turn = Turn(answers, [part], context)
        replies = turn.replies()
        context = turn.remember(replies)
    return replies[-1]


def said(*intents: str, answers: Answers = CONTENT, text: str = "vraag", ranking: tuple[tuple[str, float], ...] = ()) -> Reply:
    """The last reply of a conversation with one message an intent."""
    return told(*(Part(text, intent, 1.0, ranking) for intent in intents), answers=answers)


@pytest.mark.parametrize("intent", INTENTS)
def test_every_intent_has_a_reply_out_of_the_blue(intent: str) -> None:
    assert said(intent).text


@pytest.mark.parametrize("before", ["krachten", "medicijnen", "alarm_wond", "praktijk_adres", "buiten_algemeen", "groet", UNSURE])
@pytest.mark.parametrize("intent", [*FOLLOW_UP_INTENTS, *REACTIONS])
def test_every_follow_up_has_a_reply_after_every_kind(before: str, intent: str) -> None:
    reply = said(before, intent)
    assert reply.text
    assert reply.kind != "error"


@pytest.mark.parametrize("topic", TOPIC_IDS)
@pytest.mark.parametrize("follow_up", ["waarom", "hoe_lang", "hoeveel", "niet_helpt", "helpt", "meer", "voor_mij"])
def test_a_follow_up_leads_where_the_topic_says(topic: str, follow_up: str) -> None:
    follow_ups = CONTENT.leaflet.topics[topic].follow_ups
    reply = said(topic, f"vervolg_{follow_up}")
    if follow_up in follow_ups:
        assert reply.topics == ((follow_ups[follow_up],) if follow_ups[follow_up] else ())
    assert reply.kind in ("answer", "not_in_leaflet")


def test_what_the_leaflet_does_not_explain_is_said_plainly() -> None:
    reply = said("zwelling", "vervolg_waarom")
    assert reply.kind == "not_in_leaflet"
    assert reply.text.startswith("Waarom dat zo is, staat niet in deze folder.")
    assert CONTENT.practice.phone in reply.text


def test_a_topic_may_say_that_there_is_nothing_more() -> None:
    topic = dataclasses.replace(CONTENT.leaflet.topics["fietsen"], follow_ups={"meer": None})
    leaflet = dataclasses.replace(CONTENT.leaflet, topics={**CONTENT.leaflet.topics, "fietsen": topic})
    assert said("fietsen", "vervolg_meer", answers=dataclasses.replace(CONTENT, leaflet=leaflet)).kind == "not_in_leaflet"


def test_more_tells_what_was_not_told_yet() -> None:
    first, second = CONTENT.leaflet.topics["fietsen"].next[:2]
    assert said("fietsen", "vervolg_meer").topics == (first,)
    assert said(first, "fietsen", "vervolg_meer").topics == (second,)


@pytest.mark.parametrize("topic", TOPIC_IDS)
def test_the_source_of_an_answer_is_shown_with_its_heading(topic: str) -> None:
    reply = said(topic, "vervolg_bron")
    assert reply.sources == CONTENT.leaflet.topics[topic].sources
    assert all(source.section in reply.text for source in reply.sources)


@pytest.mark.parametrize(("before", "text"), [((), "nog niets gevraagd"), (("groet",), "komt niet uit de folder"), (("medicijnen",), "komt niet uit de folder")])
def test_without_an_answer_there_is_no_source(before: tuple[str, ...], text: str) -> None:
    reply = said(*before, "vervolg_bron")
    assert reply.sources == ()
    assert text in reply.text


@pytest.mark.parametrize("intent", ["fietsen", "medicijnen", "praktijk_adres", "alarm_wond", "groet"])
def test_once_more_says_the_same(intent: str) -> None:
    assert said(intent, "vervolg_herhaal") == said(intent)


@pytest.mark.parametrize("intent", [*FOLLOW_UP_INTENTS, *REACTIONS])
def test_after_an_alarm_sign_the_alarm_goes_on(intent: str) -> None:
    assert said("alarm_trombose", intent) == said("alarm_trombose")


def test_an_alarm_sign_does_not_wait() -> None:
    assert said("alarm_trombose", "wachttijd", text="kan het wachten tot maandag") == said("alarm_trombose")


def test_an_alarm_sign_comes_through_in_any_conversation() -> None:
    assert said("fietsen", UNSURE, "alarm_ademnood").kind == "urgent"


@pytest.mark.parametrize("intent", [intent for intent in INTENTS if intent != "vervolg_herhaal"])
def test_never_two_questions_back_in_a_row(intent: str) -> None:
    assert said(UNSURE).kind == "clarify"
    assert said(UNSURE, intent).kind != "clarify"


@pytest.mark.parametrize("intent", [UNSURE, "ontkennen", "verkeerd_begrepen"])
def test_after_a_failed_question_back_the_phone_number_is_given(intent: str) -> None:
    reply = said(UNSURE, intent)
    assert reply.kind == "practice"
    assert CONTENT.practice.phone in reply.text


def test_a_question_back_offers_the_likeliest_readings() -> None:
    reply = said(UNSURE, text="een lange vraag met veel woorden", ranking=(("groet", 0.2), ("leeftijd", 0.2), ("rekken", 0.1), ("geslacht", 0.1)))
    assert [suggestion.topic for suggestion in reply.suggestions] == ["leeftijd", None, "geslacht"]
    assert reply.suggestions[1].message == CONTENT.questions["rekken"].ask


def test_a_yes_to_a_question_back_takes_the_first_reading() -> None:
    ranking = (("leeftijd", 0.2), ("geslacht", 0.2))
    turns = told(Part("vraag met heel veel woorden die nergens op slaan", UNSURE, 0.2, ranking), Part("ja", "bevestigen", 1.0))
    assert turns.topics == ("leeftijd",)


def test_two_close_topics_are_not_told_but_asked_back() -> None:
    assert told(Part("een vraag", "leeftijd", 0.4, (("leeftijd", 0.4), ("ouder_worden", 0.35)))).kind == "clarify"


def test_gaps_that_are_likelier_together_than_all_topics_are_a_gap() -> None:
    assert told(Part("een vraag", "leeftijd", 0.3, (("leeftijd", 0.3), ("kinderen", 0.2), ("zwangerschap", 0.2)))).kind == "not_in_leaflet"


def after(before: str, read: tuple[str, float], text: str = "en bij vrouwen dan?", intent: str = UNSURE, confidence: float = 0.1) -> Reply:
    """The reply to a message that is read so after a topic, after one was told."""
    return told(Part("", before, 1.0), Part(text, intent, confidence, after={before: read}))


def test_a_message_is_read_as_what_it_means_after_the_turn_before() -> None:
    assert after("leeftijd", ("geslacht", 0.8)).topics == ("geslacht",)
    assert after("leeftijd", ("vervolg_detail", 0.8)).kind == "not_in_leaflet"
    assert after("leeftijd", ("geslacht", 0.8), intent="leeftijd", confidence=1.0).topics == ("geslacht",)


def test_a_message_is_read_without_the_turn_before_where_that_is_clearer() -> None:
    assert after("leeftijd", ("geslacht", 0.1), intent="fietsen", confidence=1.0).topics == ("fietsen",)
    assert told(Part("", "leeftijd", 1.0), Part("en dan?", "fietsen", 1.0, after={"krachten": ("geslacht", 1.0)})).topics == ("fietsen",)
    assert told(Part("en dan?", "fietsen", 1.0, after={"leeftijd": ("geslacht", 1.0)})).topics == ("fietsen",)


def test_a_few_words_that_lean_on_a_topic_and_are_not_clear_are_not_in_the_leaflet() -> None:
    assert after("leeftijd", ("buiten_taal", 0.1)).kind == "not_in_leaflet"
    assert after("leeftijd", ("geslacht", 0.1)).topics == ("geslacht",)
    assert after("leeftijd", ("buiten_taal", 0.1), text="een lange zin met veel woorden waar niemand iets van begrijpt").kind == "clarify"


@pytest.mark.parametrize(("before", "name"), [("medicijnen", "gat"), ("praktijk_adres", "praktijk"), ("buiten_algemeen", "buiten")])
def test_a_message_is_read_after_what_is_no_topic_too(before: str, name: str) -> None:
    assert told(Part("", before, 1.0), Part("en dan?", UNSURE, 0.1, after={name: ("fietsen", 0.9)})).topics == ("fietsen",)


def test_once_more_after_nothing_more_gives_the_last_answer() -> None:
    assert said("krachten", "vervolg_detail", "vervolg_herhaal") == said("krachten")


def test_outside_has_no_why() -> None:
    assert said("buiten_algemeen", "vervolg_waarom").kind == "outside"


def test_not_what_i_meant_offers_the_other_readings() -> None:
    reply = said("fietsen", "verkeerd_begrepen", ranking=(("fietsen", 0.6), ("krachten", 0.2), ("leeftijd", 0.1)))
    assert reply.kind == "clarify"
    assert [suggestion.topic for suggestion in reply.suggestions] == ["krachten", "leeftijd"]


def test_the_other_readings_are_remembered_while_someone_only_reacts() -> None:
    first = Part("", "fietsen", 0.6, (("fietsen", 0.6), ("krachten", 0.2), ("leeftijd", 0.1)))
    reaction = Part("", "vervolg_herhaal", 0.9, (("vervolg_herhaal", 0.9), ("operatie", 0.1)))
    reply = told(first, reaction, Part("", "verkeerd_begrepen", 1.0))
    assert [suggestion.topic for suggestion in reply.suggestions] == ["krachten", "leeftijd"]


def test_each_question_of_a_message_gets_one_reply() -> None:
    parts = [Part("", "fietsen", 1.0), Part("", "leeftijd", 1.0), Part("", "fietsen", 1.0)]
    assert [reply.topics for reply in Turn(CONTENT, parts).replies()] == [("fietsen",), ("leeftijd",)]


def test_an_unknown_intent_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        said("bestaat_niet")


def test_what_is_remembered_is_bounded() -> None:
    context = Context()
    for topic in TOPIC_IDS:
        turn = Turn(CONTENT, [Part("", topic, 1.0)], context)
        context = turn.remember(turn.replies())
    assert context.told == tuple(TOPIC_IDS[-MAX_TOLD:])
