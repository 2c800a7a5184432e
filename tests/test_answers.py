from __future__ import annotations

import pytest
from content_copy import LEAFLET, TOPICS, ContentCopy

from folderwijs.answers import Answers, load_answers, sections_of, weight_in
from folderwijs.content import ContentError
from folderwijs.replies import Source
from folderwijs.settings import PROJECT

CONTENT = load_answers(PROJECT)
TOPIC_IDS = list(CONTENT.leaflet.topics)
GAPS = [id_ for id_ in CONTENT.questions if id_ not in TOPIC_IDS]


@pytest.mark.parametrize("topic", TOPIC_IDS)
def test_a_topic_is_answered_with_the_leaflets_own_sentences(answers: Answers, topic: str) -> None:
    reply, told = answers.topic(topic), answers.leaflet.topics[topic]
    assert (reply.kind, reply.text, reply.topics, reply.sources) == ("answer", told.answer, (topic,), told.sources)
    assert [suggestion.topic for suggestion in reply.suggestions] == list(told.next)


@pytest.mark.parametrize("topic", TOPIC_IDS)
def test_a_simpler_answer_says_something_else_with_the_same_sources(answers: Answers, topic: str) -> None:
    reply, simpler = answers.topic(topic), answers.topic(topic, simpler=True)
    assert answers.leaflet.topics[topic].simpler in simpler.text
    assert simpler.text != reply.text
    assert simpler.sources == reply.sources


@pytest.mark.parametrize("gap", GAPS)
def test_a_gap_is_named_and_points_to_a_human(answers: Answers, gap: str) -> None:
    reply, subject = answers.topic(gap), answers.questions[gap].subject
    assert reply.kind == "not_in_leaflet"
    assert (reply.topics, reply.sources) == ((), ())
    assert reply.text.startswith("Daarover staat niets in deze folder." if gap == "overig" else f"Over {subject} staat niets in deze folder.")
    assert answers.practice.phone in reply.text
    assert reply.contacts == (answers.phone,)
    assert reply.suggestions, "something the leaflet does answer"


@pytest.mark.parametrize(
    ("gap", "message", "subject"),
    [
        ("medicijnen", "helpt voltaren gel?", "zalf of gel"), ("onderzoek_diagnose", "moet er een MRI komen?", "een MRI-scan"),
        ("hulpmiddelen", "heb ik een nachtspalk nodig?", "een nachtspalk"), ("hulpmiddelen", "helpen steunzolen?", "zooltjes"),
        ("masseren", "is dry needling iets?", "dry needling"), ("andere_sport", "mag ik zwemmen?", "zwemmen"), ("andere_ziekten", "door mijn diabetes?", "diabetes"),
        ("andere_hielklachten", "is het hielspoor?", "hielspoor"), ("werk_autorijden", "mag ik autorijden?", "autorijden"), ("overig", "is het erfelijk?", "erfelijkheid"),
    ],
)
def test_a_gap_goes_by_the_name_in_the_message(answers: Answers, gap: str, message: str, subject: str) -> None:
    reply = answers.topic(gap, message)
    assert reply.subject == subject
    assert reply.text.startswith(f"Over {subject} staat niets in deze folder.")


def test_a_gap_never_repeats_what_was_typed(answers: Answers) -> None:
    assert "script" not in answers.topic("hulpmiddelen", "<script>brace</script>").text


def test_a_body_weight_is_multiplied(answers: Answers) -> None:
    assert answers.topic("krachten", "ik weeg 80 kilo").text.endswith("Bij 80 kilo is dat 240 tot 560 kilo.")


@pytest.mark.parametrize("topic", [id_ for id_ in [*TOPIC_IDS, *GAPS] if id_ != "krachten"])
def test_no_other_sum_is_made(answers: Answers, topic: str) -> None:
    assert answers.topic(topic, "ik weeg 80 kilo, 3 keer 7 is") == answers.topic(topic)


@pytest.mark.parametrize(
    ("message", "kilos"),
    [
        ("ik weeg 80 kilo", 80), ("80kg", 80), ("Ik ben 104 KG zwaar", 104), ("92 kilogram", 92), ("20 kg", 20), ("300 kg", 300),
        ("19 kilo", None), ("301 kilo", None), ("1080 kilo", None), ("80", None), ("80 jaar", None), ("3 keer 7", None), ("kilo 80", None), ("", None),
        ("ik loop 40 kilometer per week", None), ("40 kilometers", None), ("40 kilo meter", None), ("ik loop 40 kilometer en weeg 80 kilo", 80),
        ("een tas van 0,75 kg", None), ("1.250 kilo", None), ("1 250 kilo", None), ("1’250 kilo", None), ("80.500 kilo", None), ("een BMI van 27 kg/m2", None),
        ("80,5 kilo", 80), ("80.5kg", 80), ("80,25 kilo", 80), ("19,9 kilo", None), ("80 kilo's", 80), ("20 kilo afgevallen", None), ("25 kg te zwaar", None), ("30 kilo ben ik kwijt", None), ("20 kilo afgevallen, nu 80 kilo", 80),
        ("ik weeg 80 kilo en wil afvallen", 80), ("70-80 kilo", None), ("-20 kilo", None),
    ],
)
def test_a_weight_is_read_only_where_it_can_be_a_persons(message: str, kilos: int | None) -> None:
    assert weight_in(message) == kilos


@pytest.mark.parametrize("sign", list(CONTENT.alarms.signs))
def test_an_alarm_sign_says_what_was_seen_and_whom_to_call_now(answers: Answers, sign: str) -> None:
    reply, alarm = answers.urgent(sign), answers.alarms.signs[sign]
    assert reply.kind == "urgent"
    assert alarm.sign in reply.text
    assert all(contact.label in reply.text for contact in alarm.contacts)
    assert (reply.contacts, reply.topics, reply.sources, reply.suggestions) == (alarm.contacts, (), (), ())


@pytest.mark.parametrize("ids", [(), ("fietsen",), ("rekken",), ("fietsen", "rekken"), ("fietsen", "beloop", "leeftijd"), ("rekken", "kinderen", "overig")])
def test_a_question_back_gives_two_to_four_topics(answers: Answers, ids: tuple[str, ...]) -> None:
    suggestions = answers.clarify(ids, "choose").suggestions
    assert 2 <= len(suggestions) <= 4
    assert len(set(suggestions)) == len(suggestions)
    assert {id_ for id_ in ids if id_ in TOPIC_IDS} <= {suggestion.topic for suggestion in suggestions}


def test_what_is_not_there_is_a_key_error(answers: Answers) -> None:
    for say in (answers.topic, answers.gap, answers.urgent, answers.matter, answers.outside, answers.smalltalk, answers.say):
        with pytest.raises(KeyError):
            say("bestaat_niet")


@pytest.mark.parametrize("reply", ["error", "call_us"])
def test_when_nothing_helps_the_phone_number_is_there(answers: Answers, reply: str) -> None:
    said = getattr(answers, reply)()
    assert answers.practice.phone in said.text
    assert said.contacts == (answers.phone,)


def test_headings_are_named_once() -> None:
    assert sections_of([Source("f", "A", "1"), Source("f", "B", "2"), Source("f", "A", "3")]) == "A’ en ‘B"


def test_a_leaflet_is_chosen_by_name(content: ContentCopy) -> None:
    content.path("leaflets/tweede").mkdir()
    for name in ("leaflet.txt", "leaflet.yml", "topics.yml"):
        content.path(f"leaflets/tweede/{name}").write_bytes(content.path(f"{LEAFLET}/{name}").read_bytes())
    with pytest.raises(ContentError, match="Zet LEAFLET op een van: achillespeestendinose, tweede."):
        load_answers(content.folder)
    assert load_answers(content.folder, "tweede").leaflet.id == "tweede"
    with pytest.raises(ContentError, match="Er is geen folder 'derde'"):
        load_answers(content.folder, "derde")


def test_mistakes_in_several_files_are_reported_at_once(content: ContentCopy) -> None:
    content.edit(TOPICS, "answer: Ja,", "answer: Ja, 20 keer", after="\nfietsen:")
    content.edit("practice.yml", "phone:", "telefoon:")
    content.edit("urgent.yml", "intro:", "inleiding:")
    content.edit("texts.yml", "Graag gedaan.", "Graag gedaan, {naam}.")
    with pytest.raises(ContentError) as caught:
        load_answers(content.folder)
    assert {problem.file.name for problem in caught.value.problems} == {"topics.yml", "practice.yml", "urgent.yml", "texts.yml"}
