from __future__ import annotations

import pytest

from folderwijs.practice import AlarmSign, load_alarms
from folderwijs.settings import PROJECT
from folderwijs.understanding.urgency import WINDOW, Enough, Rule, Urgency
from folderwijs.understanding.words import Word, split_words

SIGNS = load_alarms(PROJECT / "urgent.yml").signs
RULES = [rule for sign in SIGNS.values() for rule in sign.rules]


def words_of(text: str) -> list[str]:
    return [word.text for word in split_words(text)]


def matches(rule: str, text: str) -> bool:
    return Rule.parse("alarm_x", rule).matches(words_of(text))


def matched(sign: AlarmSign, text: str) -> list[str]:
    """The rules of a sign that match a text."""
    return [rule for rule in sign.rules if Rule.parse(sign.id, rule).matches(words_of(text))]


# What a rule means.


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ("knap kuit", "een knap in mijn kuit", True),
        ("knap kuit", "mijn kuit zei knap", True),  # in any order
        ("knap kuit", "een knap in mijn been", False),
        ("knap|krak kuit|been", "krak zei mijn been", True),
        ("knap kuit", "een knapzak op mijn kuit", False),  # whole words
        ("knap* kuit*", "het knapte in mijn kuiten", True),
        ("knap* kuit", "het knapte in mijn kuiten", False),
        ("gat|put* pees*", "een putje in de achilles, de peesplaat", True),
        ("borst !hart", "pijn op mijn borst", True),
        ("borst !hart", "mijn borst en mijn hart", False),
        ("borst !hart*|long", "mijn borst en mijn hartstreek", False),
        ("38*", "ik heb 38,5", True),
        ("knap", "Knap!", True),
        ("knap", "", False),
        ("a.c kuit", "abc kuit", False),  # no regular expressions
    ],
)
def test_a_rule_matches_when_all_its_parts_are_there(rule: str, text: str, expected: bool) -> None:
    assert matches(rule, text) is expected


def test_a_rule_keeps_its_line_and_its_sign() -> None:
    rule = Rule.parse("alarm_x", "knap|krak kuit* !geen")
    assert (rule.sign, rule.text, len(rule.parts), len(rule.without)) == ("alarm_x", "knap|krak kuit* !geen", 2, 1)


@pytest.mark.parametrize("between", range(2 * WINDOW))
def test_the_parts_must_stand_close_together(between: int) -> None:
    assert matches("knap kuit", f"knap {'x ' * between} kuit") is (between <= WINDOW - 2)


def test_a_part_that_is_there_twice_is_taken_where_it_is_close() -> None:
    assert matches("knap kuit", f"knap {'x ' * 20} knap in mijn kuit {'x ' * 20} kuit")


@pytest.mark.parametrize("negation", ["geen", "niet", "nooit", "zonder", "geen enkele"])
def test_what_is_said_not_to_be_so_does_not_count(negation: str) -> None:
    assert not matches("knap* kuit", f"er was {negation} knap in mijn kuit")
    assert matches("knap* kuit", f"{negation} pijn in mijn hak maar wel opeens een knap in mijn kuit")


def test_a_sign_that_is_denied_once_and_told_once_counts() -> None:
    assert matches("koorts hiel", "gisteren had ik geen koorts, nu wel koorts en een rode hiel")


def test_a_rule_about_a_not_is_no_negation() -> None:
    assert matches("tenen niet", "ik kan niet meer op mijn tenen staan")
    assert not matches("tenen niet", "ik kan op mijn tenen staan")


@pytest.mark.parametrize(("rule", "text"), [("gevoel voet geen", "geen gevoel in mijn voet"), ("afzetten niet", "ik kan niet afzetten"), ("lucht geen", "ik krijg geen lucht")])
def test_a_rule_about_a_not_may_have_it_right_before_the_word(rule: str, text: str) -> None:
    assert matches(rule, text)


def test_one_word_is_not_two_parts() -> None:
    assert not matches("wond|open hiel bloed*|open", "schoenen met een open hiel")


# Rules and what was learned, together.


@pytest.fixture
def urgency() -> Urgency:
    return Urgency({"alarm_a": ["knap kuit"], "alarm_b": ["koorts hiel"]}, Enough(0.5, 0.1), Enough(0.8, 0.4))


KNAP = split_words("een knap in mijn kuit")
NOTHING = split_words("mag ik fietsen")
LIKELY = {"alarm_a": 0.4, "alarm_b": 0.6}
"""Of which the logarithm adds nothing to a score."""


def test_what_is_learned_is_enough_where_it_is_sure(urgency: Urgency) -> None:
    alarm = urgency.find(NOTHING, LIKELY, 0.6)
    assert alarm is not None
    assert (alarm.sign, alarm.rule) == ("alarm_b", "")
    assert urgency.find(NOTHING, LIKELY, 0.4) is None


def test_a_rule_confirms_what_is_learned_half(urgency: Urgency) -> None:
    alarm = urgency.find(KNAP, LIKELY, 0.2)
    assert alarm is not None
    assert (alarm.sign, alarm.rule) == ("alarm_a", "knap kuit")  # the rule's own sign, where learning is not sure
    assert urgency.find(NOTHING, LIKELY, 0.2) is None


def test_what_is_surely_learned_names_the_sign_though_a_rule_says_another(urgency: Urgency) -> None:
    alarm = urgency.find(KNAP, LIKELY, 0.6)
    assert alarm is not None
    assert (alarm.sign, alarm.rule) == ("alarm_b", "knap kuit")


def test_the_likelier_the_sooner_and_the_surer(urgency: Urgency) -> None:
    assert urgency.find(NOTHING, {"alarm_a": 0.01, "fietsen": 0.99}, 0.6) is None
    found = [urgency.find(NOTHING, LIKELY, margin) for margin in (0.5, 1.0, 2.0)]
    likelihoods = [alarm.likelihood for alarm in found if alarm]
    assert len(likelihoods) == 3
    assert likelihoods == sorted(likelihoods)
    assert all(0.5 < likelihood < 1 for likelihood in likelihoods)


@pytest.mark.parametrize("chances", [{"fietsen": 1.0}, {"alarm_a": 0.0, "fietsen": 1.0}])
@pytest.mark.parametrize("words", [KNAP, NOTHING, []])
def test_without_an_alarm_sign_there_is_no_alarm(urgency: Urgency, chances: dict[str, float], words: list[Word]) -> None:
    assert urgency.find(words, chances, 0.9) is None


def test_without_rules_only_what_is_learned_counts() -> None:
    urgency = Urgency({}, Enough(0.5, 0.1), Enough(0.8, 0.4))
    assert urgency.find(KNAP, LIKELY, 0.4) is None
    assert urgency.find(KNAP, LIKELY, 0.6) is not None


# The project's own urgent.yml.

PLAIN = {
    "alarm_peesscheur": [
        ("ik hoorde een knap in mijn kuit", "ik hoorde geen knap in mijn kuit"),
        ("het was alsof iemand tegen mijn hiel trapte", "niemand schopte tegen mijn hiel"),
        ("ik kan niet meer op mijn tenen staan", "ik kan gewoon op mijn tenen staan"),
        ("ik voel een gat in mijn pees", "ik voel geen gat in mijn pees"),
        ("ik denk dat mijn pees gescheurd is", "de pees is niet gescheurd volgens de dokter"),
    ],
    "alarm_trombose": [
        ("mijn kuit is dik en rood", "mijn kuit is niet dik en niet rood"),
        ("mijn been is gezwollen, warm en rood", "mijn been is niet gezwollen en ook niet warm"),
        ("ik denk aan trombose in mijn been", "ik heb geen trombose in mijn been"),
        ("mijn kuit is sinds gisteren opgezet", "mijn kuit is sinds gisteren niet opgezet"),
    ],
    "alarm_ademnood": [
        ("ik ben ineens benauwd", "ik ben niet benauwd"),
        ("ik heb pijn op de borst", "ik heb geen pijn op de borst"),
        ("ik krijg moeilijk adem", "ik adem rustig"),
        ("ik ben kortademig op de trap", "ik ben niet kortademig op de trap"),
    ],
    "alarm_infectie": [
        ("ik heb koorts en een rode hiel", "ik heb geen koorts en geen rode hiel"),
        ("mijn pees gloeit en ik heb koorts", "mijn pees gloeit maar ik heb geen koorts"),
        ("een rode hete plek en ik voel me ziek", "de plek is niet rood en ik ben niet ziek"),
    ],
    "alarm_gevoel": [
        ("mijn voet is gevoelloos", "mijn voet is niet gevoelloos"),
        ("ik voel mijn tenen niet meer", "ik voel mijn tenen goed"),
        ("mijn voet is ijskoud en wit", "mijn voet is niet ijskoud en ziet er gewoon uit"),
        ("mijn voet hangt er ineens slap bij", "ik heb geen klapvoet"),
    ],
    "alarm_wond": [
        ("er zit een wond op mijn hiel die bloedt", "er zit geen wond op mijn hiel"),
        ("er komt pus uit mijn hak", "er komt geen pus uit mijn hak"),
        ("ik heb me in mijn hiel gesneden, heel diep", "ik heb me niet in mijn hiel gesneden"),
    ],
}


def test_every_alarm_sign_has_rules_and_examples_here() -> None:
    assert PLAIN.keys() == SIGNS.keys()
    assert all(sign.rules for sign in SIGNS.values())


@pytest.mark.parametrize(("sign", "text"), [(sign, text) for sign, pairs in PLAIN.items() for text, _ in pairs])
def test_a_plain_example_matches_a_rule_of_its_sign(sign: str, text: str) -> None:
    assert matched(SIGNS[sign], text)


@pytest.mark.parametrize("text", [text for pairs in PLAIN.values() for _, text in pairs])
def test_the_negation_matches_no_rule_at_all(text: str) -> None:
    assert {sign.id: matched(sign, text) for sign in SIGNS.values() if matched(sign, text)} == {}


@pytest.mark.parametrize(
    ("sign", "text"),
    [
        pytest.param(sign, text)
        for sign, text in [
            ("alarm_ademnood", "ik krijg geen lucht"),
            ("alarm_gevoel", "ik heb geen gevoel in mijn voet"),
            ("alarm_peesscheur", "ik kan sinds gisteren niet afzetten"),
        ]
    ],
)
def test_a_sign_that_is_something_missing_matches(sign: str, text: str) -> None:
    assert matched(SIGNS[sign], text)


@pytest.mark.parametrize(
    "text",
    [
        "mag ik fietsen?", "hoe lang duurt het herstel?", "mijn hiel is stijf als ik opsta", "ik heb een bult op mijn achillespees", "helpt koelen?",
        "mag ik op mijn tenen lopen?", "ik wil een afspraak maken", "hebben jullie zaterdag open?",
        *(
            pytest.param(text)
            for text in ("ik draag schoenen met een open hiel", "tot hoe laat zijn jullie open, ik heb last van mijn hiel")
        ),
    ],
)
def test_an_ordinary_message_matches_no_rule(text: str) -> None:
    assert {sign.id: matched(sign, text) for sign in SIGNS.values() if matched(sign, text)} == {}


@pytest.mark.parametrize("rule", RULES)
def test_every_word_of_a_rule_can_be_typed(rule: str) -> None:
    words = [word.removesuffix("*") for part in rule.split() for word in part.removeprefix("!").split("|")]
    assert [word for word in words if words_of(word) != [word]] == []


@pytest.mark.parametrize(
    ("margin", "scores", "found"),
    [
        (0.6, [0.6], False),  # enough in a message of one sentence, and not in a story
        (0.7, [-0.5, 0.9], True),  # the mean of the whole and its most alarming sentence
        (0.7, [0.9, -0.5], True),
        (0.9, [0.6, 0.6], False),  # nothing in it is alarming
        (0.1, [-0.5, 1.5], True),  # one sentence is, though the whole hardly is
    ],
)
def test_a_story_needs_an_alarming_sentence(urgency: Urgency, margin: float, scores: list[float], found: bool) -> None:
    assert (urgency.find(NOTHING, LIKELY, margin, lambda: scores) is not None) is found


def test_a_rule_confirms_in_a_story_too(urgency: Urgency) -> None:
    assert urgency.find(KNAP, LIKELY, 0.5, lambda: [0.3]) is not None
    assert urgency.find(NOTHING, LIKELY, 0.5, lambda: [0.3]) is None
    assert urgency.find(KNAP, LIKELY, 0.5, lambda: [0.2]) is None


def test_the_sentences_of_a_story_without_anything_alarming_are_not_looked_at(urgency: Urgency) -> None:
    assert urgency.find(KNAP, LIKELY, -2.0, lambda: pytest.fail("looked at")) is None
