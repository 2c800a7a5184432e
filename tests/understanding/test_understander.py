from __future__ import annotations

from pathlib import Path
from typing import Mapping, Sequence, cast

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from folderwijs.dialogue import SEVERAL, UNSURE
from folderwijs.understanding.classifier import Classifier
from folderwijs.understanding.context import MOST_WORDS
from folderwijs.understanding.features import FollowUp
from folderwijs.understanding.understander import RANKED, Knowledge, Options, Understander, Understood
from folderwijs.understanding.words import MAX_CHARACTERS, Word, clean, split_words

QUESTIONS = {
    "fietsen": ["mag ik fietsen", "mag ik op de fiets", "is fietsen goed", "kan ik fietsen", "fietsen mag dat", "mag ik gaan fietsen"],
    "leeftijd": ["op welke leeftijd komt het voor", "welke leeftijd heeft dit", "hoe oud zijn mensen hiermee", "welke leeftijd", "op welke leeftijd krijg je dit"],
    "schoenen": ["welke schoenen zijn goed", "zijn mijn schoenen slecht", "helpen andere schoenen", "moet ik andere schoenen", "welke schoenen moet ik"],
    "buiten_algemeen": ["wat voor weer wordt het", "regent het morgen", "wie won de voetbal", "wat voor weer morgen", "vertel een mop"],
    "groet": ["hallo", "goedemorgen", "hallo daar", "goedemorgen allemaal", "hallo allemaal"],
    "vervolg_waarom": ["waarom", "waarom dan", "waarom is dat", "waarom dan wel"],
    "alarm_peesscheur": ["ik hoorde een knap in mijn kuit", "een knap in mijn pees", "ineens een knap in mijn kuit", "er knapte iets in mijn kuit", "knap gehoord in mijn pees"],
}
KNOWLEDGE = Knowledge(
    concepts={"fietsen": ["fiets", "fietsen", "velo"]},
    alarm_rules={"alarm_peesscheur": ["knap*|krak* kuit*|pees*"]},
    buttons={clean("Wat zijn goede schoenen?"): "schoenen", "knap in mijn kuit": "leeftijd"},
)
OPTIONS = Options(temperature=0.25, certainty=0.2, family=0.6, outside=0.25, alarm=-0.25, alarm_confirmed=-0.5, split=0.4, split_whole=0.1)


@pytest.fixture(scope="module")
def understander() -> Understander:
    labelled = [(split_words(text), intent) for intent, texts in QUESTIONS.items() for text in texts]
    return Understander.train([words for words, _ in labelled], [intent for _, intent in labelled], KNOWLEDGE, OPTIONS)


def understand(understander: Understander, text: str) -> Understood:
    return understander.understand(split_words(text), text)


class Told:
    """In the place of a classifier: the probabilities of each intent, whatever the words."""

    def __init__(self, chances: Mapping[str, float]) -> None:
        self.labels = list(chances)
        self._chances = np.array(list(chances.values()), dtype=np.float32)

    def margins(self, words: Sequence[Word]) -> NDArray[np.float32]:
        return np.log(self._chances)

    def chances(self, margins: NDArray[np.float32], *, soften: float = 1.0) -> NDArray[np.float32]:
        return self._chances

    def probabilities(self, words: Sequence[Word], *, soften: float = 1.0) -> NDArray[np.float32]:
        return self._chances


def understood_of(chances: Mapping[str, float], text: str = "iets") -> Understood:
    """What is made of a message whose intents are this likely."""
    return understand(Understander(cast(Classifier, Told(chances)), KNOWLEDGE, OPTIONS), text)


# One question.


@pytest.mark.parametrize(("text", "intent"), [("Mag ik morgen fietsen?", "fietsen"), ("mag dat met de velo", "fietsen"), ("Welke leeftijd is dat?", "leeftijd"), ("hallo", "groet")])
def test_a_question_is_understood(understander: Understander, text: str, intent: str) -> None:
    understood = understand(understander, text)
    [part] = understood.parts
    assert (understood.intent, part.intent, part.text) == (intent, intent, text)
    assert understood.confidence == part.confidence == understood.ranking[0][1]
    assert understood.alarm_rule == ""


def test_the_ranking_has_the_likeliest_first(understander: Understander) -> None:
    ranking = understand(understander, "mag ik fietsen").ranking
    assert ranking[0][0] == "fietsen"
    assert sorted(ranking, key=lambda entry: -entry[1]) == list(ranking)
    assert len(ranking) == min(RANKED, len(QUESTIONS))
    assert all(0 <= chance <= 1 for _, chance in ranking)


@pytest.mark.parametrize("text", ["", "?!", "   ", "👍", "..."])
def test_a_message_without_words_is_nonsense(understander: Understander, text: str) -> None:
    understood = understand(understander, text)
    assert (understood.intent, len(understood.parts), understood.confidence) == ("buiten_onzin", 1, 1)


@pytest.mark.parametrize("text", ["x" * 5000, "fietsen " * MAX_CHARACTERS, "en " * 300, "?,!" * 300 + "fietsen"])
def test_a_message_of_any_length_is_understood(understander: Understander, text: str) -> None:
    assert understand(understander, text).parts


# Buttons.


@pytest.mark.parametrize("text", ["Wat zijn goede schoenen?", "wat zijn goede schoenen?", " WAT ZIJN GOEDE SCHOENEN? "])
def test_a_button_means_what_it_says(understander: Understander, text: str) -> None:
    understood = understand(understander, text)
    assert (understood.intent, understood.confidence, understood.parts[0].text) == ("schoenen", 1, text)


def test_a_button_goes_before_everything_learned(understander: Understander) -> None:
    assert understand(understander, "Knap in mijn kuit").intent == "leeftijd"


# Not sure.


def test_what_is_not_likely_enough_is_not_sure() -> None:
    understood = understood_of({f"intent_{number}": 0.1 for number in range(10)})
    [part] = understood.parts
    assert understood.intent == part.intent == UNSURE
    assert part.confidence == pytest.approx(0.1)
    assert len(part.ranking) == 10


def test_what_is_likely_enough_is_sure() -> None:
    assert understood_of({"fietsen": 0.4, "leeftijd": 0.3, "schoenen": 0.3}).intent == "fietsen"


@pytest.mark.parametrize("family", ["buiten_", "praktijk_"])
def test_a_family_is_enough_where_no_member_is(family: str) -> None:
    understood = understood_of({"fietsen": 0.2, f"{family}een": 0.35, f"{family}twee": 0.45})
    assert understood.intent == f"{family}twee"
    assert understood.confidence == pytest.approx(0.8)


def test_a_family_goes_before_a_likelier_single_intent() -> None:
    assert understood_of({"fietsen": 0.28, "buiten_een": 0.25, "buiten_twee": 0.24, "buiten_drie": 0.23}).intent == "buiten_een"


def test_a_family_that_is_not_likely_enough_does_not_count() -> None:
    chances = {"fietsen": 0.16, "praktijk_een": 0.15, "praktijk_twee": 0.15, **{f"intent_{number}": 0.09 for number in range(6)}}
    assert understood_of(chances).intent == UNSURE


def test_no_other_intents_are_added_up() -> None:
    assert understood_of({"buiten_een": 0.3, "risico_een": 0.25, "risico_twee": 0.25, "risico_drie": 0.2}).intent == "buiten_een"


def test_a_surer_intent_goes_before_a_family() -> None:
    assert understood_of({"fietsen": 0.6, "praktijk_een": 0.25, "praktijk_twee": 0.15}).intent == "fietsen"


def test_a_good_chance_of_being_outside_is_enough_against_a_question() -> None:
    assert understood_of({"fietsen": 0.7, "buiten_een": 0.16, "buiten_twee": 0.14}).intent == "buiten_een"
    assert understood_of({"fietsen": 0.8, "buiten_een": 0.1, "buiten_twee": 0.1}).intent == "fietsen"
    assert understood_of({"bedankt": 0.7, "buiten_een": 0.16, "buiten_twee": 0.14}).intent == "bedankt"


# Alarm signs.


@pytest.mark.parametrize(
    "text",
    ["ik hoorde een knap in mijn kuit", "Mag ik fietsen? Ik hoorde een knap in mijn kuit.", "ineens een knap in mijn pees, welke schoenen moet ik", "hallo, er was een knap in mijn kuit en mag ik fietsen?"],
)
def test_an_alarm_sign_comes_first(understander: Understander, text: str) -> None:
    understood = understand(understander, text)
    [part] = understood.parts
    assert (understood.intent, part.intent, part.text) == ("alarm_peesscheur", "alarm_peesscheur", text)
    assert understood.alarm_rule == "knap*|krak* kuit*|pees*"


def test_an_alarm_sign_wins_from_a_likelier_intent() -> None:
    chances = {"fietsen": 0.65, "alarm_peesscheur": 0.2, "alarm_gevoel": 0.15}
    understood = understood_of(chances)
    assert understood.intent == "alarm_peesscheur"
    assert 0.5 < understood.confidence < 1
    assert understood.ranking[0][0] == "fietsen"


def test_a_rule_confirms_an_alarm_sign_that_is_hardly_learned() -> None:
    chances = {"fietsen": 0.85, "alarm_peesscheur": 0.15}
    assert understood_of(chances).intent == "fietsen"
    assert understood_of(chances, "een knap in mijn kuit zeg").intent == "alarm_peesscheur"


def test_a_message_that_says_what_is_not_so_is_told_apart() -> None:
    denied = [*(f"ik hoorde geen knap in mijn {place}" for place in ("kuit", "pees", "hak", "been")), "geen knap gehoord, mag ik fietsen", "er was geen knap, welke schoenen"]
    labelled = [*((split_words(text), intent) for intent, texts in QUESTIONS.items() for text in texts), *((split_words(text), "fietsen") for text in denied)]
    understander = Understander.train([words for words, _ in labelled], [intent for _, intent in labelled], KNOWLEDGE, OPTIONS)
    assert understand(understander, "ik hoorde geen knap in mijn voet").intent == "fietsen"
    assert understand(understander, "ik hoorde een knap in mijn voet").intent == "alarm_peesscheur"


def test_what_a_sentence_of_a_story_denies_is_learned_from_the_sentence_alone() -> None:
    stories = [f"{question}? Ik hoorde geen knap in mijn {place}." for question in QUESTIONS["fietsen"] for place in ("kuit", "pees")]
    labelled = [*((text, intent) for intent, texts in QUESTIONS.items() for text in texts), *((text, "fietsen") for text in stories)]
    texts = [text for text, _ in labelled]
    with_sentences, without = (
        Understander.train([split_words(text) for text in texts], [intent for _, intent in labelled], KNOWLEDGE, OPTIONS, texts=given) for given in (texts, ())
    )
    denied, real = split_words("ik hoorde geen knap in mijn been"), split_words("ik hoorde een knap in mijn been")
    assert with_sentences._urgent(denied) < without._urgent(denied)
    assert with_sentences._urgent(real) > with_sentences._urgent(denied)
    assert understand(with_sentences, "ik hoorde een knap in mijn kuit").intent == "alarm_peesscheur"


# After the turn before.


def test_a_short_message_is_read_after_each_thing_that_came_before() -> None:
    labelled = [(split_words(text), intent) for intent, texts in QUESTIONS.items() for text in texts]
    follow_ups = [
        (FollowUp(before, split_words(text)), intent)
        for before, text, intent in [("leeftijd", "en bij vrouwen", "leeftijd"), ("schoenen", "en bij vrouwen", "schoenen"), ("fietsen", "hoe ver dan", "fietsen")] * 4
    ]
    understander = Understander.train([words for words, _ in labelled], [intent for _, intent in labelled], KNOWLEDGE, OPTIONS, follow_ups)
    [part] = understand(understander, "en bij vrouwen?").parts
    assert part.after.keys() == {"leeftijd", "schoenen", "fietsen"}
    assert (part.after["leeftijd"][0], part.after["schoenen"][0]) == ("leeftijd", "schoenen")
    assert all(0 < chance <= 1 for _, chance in part.after.values())
    assert understand(understander, "en bij vrouwen? " * MOST_WORDS).parts[0].after == {}


# Several questions.


@pytest.mark.parametrize(
    ("text", "intents"),
    [
        ("Mag ik fietsen? Welke schoenen moet ik?", ["fietsen", "schoenen"]),
        ("mag ik fietsen en welke schoenen moet ik", ["fietsen", "schoenen"]),
        ("Hallo. Welke schoenen zijn goed, en mag ik fietsen?", ["schoenen", "fietsen"]),
        ("Mag ik fietsen? Welke schoenen zijn goed? Op welke leeftijd komt het voor?", ["fietsen", "schoenen", "leeftijd"]),
    ],
)
def test_a_message_falls_apart_into_its_questions(understander: Understander, text: str, intents: list[str]) -> None:
    understood = understand(understander, text)
    assert understood.intent == SEVERAL
    assert [part.intent for part in understood.parts] == intents
    assert all(part.text and part.text in clean(text) for part in understood.parts)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Mag ik fietsen? Is fietsen goed?", "fietsen"),  # the same question twice
        ("Ik fiets veel. Mag ik fietsen?", "fietsen"),  # a story, and a question
        ("mag ik op de fiets, of kan ik gaan fietsen", "fietsen"),
        ("hallo, mag ik fietsen?", "fietsen"),  # a greeting is no question
    ],
)
def test_one_question_stays_whole(understander: Understander, text: str, intent: str) -> None:
    understood = understand(understander, text)
    assert (understood.intent, len(understood.parts)) == (intent, 1)


def test_what_leans_on_the_turn_before_or_is_outside_is_never_one_of_several(understander: Understander) -> None:
    for text in ("Mag ik fietsen? Waarom dan?", "Wat voor weer wordt het? Mag ik fietsen?"):
        assert {part.intent for part in understand(understander, text).parts} <= {"fietsen", "vervolg_waarom", "buiten_algemeen", UNSURE}
        assert understand(understander, text).intent != SEVERAL


@pytest.mark.parametrize(("text", "intents"), [("Ik heb pijn. Mag ik fietsen of andere schoenen?", ["fietsen", "schoenen"]), ("welke schoenen of leeftijd", ["schoenen", "leeftijd"])])
def test_a_question_that_names_two_things_asks_for_both(understander: Understander, text: str, intents: list[str]) -> None:
    understood = understand(understander, text)
    assert (understood.intent, [part.intent for part in understood.parts]) == (SEVERAL, intents)


@pytest.mark.parametrize("text", ["mag ik fietsen of met de velo", "Ik heb schoenen en een fiets. Mag ik fietsen?", "mag ik fietsen of regent het morgen"])
def test_two_words_for_one_thing_or_in_what_is_only_told_ask_once(understander: Understander, text: str) -> None:
    assert len(understand(understander, text).parts) == 1


# A story with a question in it.


class ByWords:
    """In the place of a classifier: the probabilities of each intent by a word that must be there, the first that is."""

    def __init__(self, chances: Mapping[str, Sequence[float]], labels: Sequence[str] = ("fietsen", "leeftijd", "vervolg_zeker")) -> None:
        self.labels = list(labels)
        self._chances = chances

    def margins(self, words: Sequence[Word]) -> NDArray[np.float32]:
        texts = {word.text for word in words}
        return np.log(np.array(next(chances for word, chances in self._chances.items() if word in texts), dtype=np.float32))

    def chances(self, margins: NDArray[np.float32], *, soften: float = 1.0) -> NDArray[np.float32]:
        powers: NDArray[np.float32] = np.exp(margins)
        return powers / powers.sum()

    def probabilities(self, words: Sequence[Word], *, soften: float = 1.0) -> NDArray[np.float32]:
        return self.chances(self.margins(words))


def understood_by_words(text: str, chances: Mapping[str, Sequence[float]]) -> Understood:
    return understand(Understander(cast(Classifier, ByWords(chances)), KNOWLEDGE, OPTIONS), text)


def test_a_clear_question_counts_beside_the_story_around_it() -> None:
    story, question = [0.2, 0.7, 0.1], [0.9, 0.05, 0.05]
    assert understood_by_words("de jeugd was er. mag ik fietsen?", {"jeugd": story, "fietsen": question}).intent == "fietsen"
    assert understood_by_words("mag ik fietsen? de jeugd was er.", {"jeugd": story, "fietsen": question}).intent == "fietsen"
    assert understood_by_words("de jeugd was er, mag ik fietsen?", {"jeugd": story, "fietsen": question}).intent == "leeftijd"  # one sentence


@pytest.mark.parametrize(("outside", "intent"), [(0.45, "fietsen"), (0.55, "buiten_algemeen")])
def test_a_question_in_a_story_about_something_else_does_not_count(outside: float, intent: str) -> None:
    story, question = [0.9 - outside, 0.1, outside], [0.98, 0.01, 0.01]
    understander = Understander(cast(Classifier, ByWords({"regen": story, "fietsen": question}, ["fietsen", "leeftijd", "buiten_algemeen"])), KNOWLEDGE, msgspec.structs.replace(OPTIONS, outside=0.3))
    assert understand(understander, "het was regen. mag ik fietsen?").intent == intent


def test_a_question_that_says_nothing_without_its_story_does_not_count() -> None:
    story, question = [0.3, 0.6, 0.1], [0.3, 0.05, 0.65]
    assert understood_by_words("de jeugd was er. klopt dat?", {"jeugd": story, "klopt": question}).intent == "leeftijd"


class OfTwoHalves(ByWords):
    """The same, and other probabilities where both words of the two halves are there."""

    def margins(self, words: Sequence[Word]) -> NDArray[np.float32]:
        both = self._chances.keys() <= {word.text for word in words}
        return np.log(np.array(WHOLE, dtype=np.float32)) if both else super().margins(words)


WHOLE = [0.25, 0.25, 0.5]


@pytest.mark.parametrize(("last", "intent"), [("buiten_algemeen", "buiten_algemeen"), ("vervolg_zeker", SEVERAL)])
def test_what_is_outside_as_a_whole_does_not_fall_apart(last: str, intent: str) -> None:
    halves = OfTwoHalves({"fietsen": [0.9, 0.05, 0.05], "jeugd": [0.05, 0.9, 0.05]}, ["fietsen", "leeftijd", last])
    assert understand(Understander(cast(Classifier, halves), KNOWLEDGE, OPTIONS), "mag ik fietsen? heeft de jeugd dat?").intent == intent


def test_where_every_sentence_asks_the_message_is_read_as_a_whole() -> None:
    story, question = [0.3, 0.6, 0.1], [0.9, 0.05, 0.05]
    assert understood_by_words("was de jeugd er? mag ik fietsen?", {"jeugd": story, "fietsen": question}).ranking[0][0] == "leeftijd"


# Saving and loading.


def test_a_loaded_understander_understands_the_same(understander: Understander, tmp_path: Path) -> None:
    understander.save(tmp_path)
    loaded = Understander.load(tmp_path, OPTIONS)
    assert loaded.knowledge == KNOWLEDGE
    for text in ("mag ik met de velo", "Wat zijn goede schoenen?", "een knap in mijn kuit", "Mag ik fietsen? Welke schoenen moet ik?", "qqq", ""):
        before, after = understand(understander, text), understand(loaded, text)
        assert (after.intent, after.alarm_rule, [part.intent for part in after.parts]) == (before.intent, before.alarm_rule, [part.intent for part in before.parts])
        assert after.confidence == pytest.approx(before.confidence, abs=0.01)


def test_a_folder_without_an_understander_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="understander"):
        Understander.load(tmp_path, OPTIONS)
