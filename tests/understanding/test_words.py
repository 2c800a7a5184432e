from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folderwijs.understanding.words import MAX_CHARACTERS, WORD, Word, clean, lemma_of, split_words

texts = st.text(max_size=80) | st.text(st.sampled_from("aAbé\u0301ïÏ 's’‘´-–.,?!/\n\u200b\u00ad3ﬁ_"), max_size=40)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Mag IK fietsen?", "mag ik fietsen?"),
        ("ﬁetsen", "fietsen"),
        ("ｆｉｅｔｓｅｎ", "fietsen"),
        ("cafe\u0301", "café"),
        ("achil\u00adles\u200bpees\ufeff", "achillespees"),
        ("\u202emag ik\u202c", "mag ik"),
        ("foto’s, foto‘s en foto`s", "foto's, foto's en foto's"),
        ("“tendinose” „tendinose”", '"tendinose" "tendinose"'),
        ("heeeeel zeeeer!!!", "heel zeer!!!"),
        ("", ""),
        pytest.param("foto´s", "foto's"),
        pytest.param("10000 stappen", "10000 stappen"),
    ],
)
def test_cleaning_gives_one_form_for_each_character(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_long_texts_are_cut() -> None:
    assert len(clean("pijn " * MAX_CHARACTERS)) <= MAX_CHARACTERS


@given(texts)
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Mag ik fietsen?", ["mag", "ik", "fietsen"]),
        ("'s morgens foto's maken", ["s", "morgens", "foto's", "maken"]),
        ("e-bike en/of pees_klacht", ["e", "bike", "en", "of", "pees", "klacht"]),
        ("kiné, coördinatie en 3 keer 15", ["kiné", "coördinatie", "en", "3", "keer", "15"]),
        ("?! ... 😀 👍🏽", []),
        ("", []),
    ],
)
def test_a_word_is_letters_and_digits_with_apostrophes_inside(text: str, words: list[str]) -> None:
    assert [word.text for word in split_words(text)] == words


@given(texts)
def test_every_word_stands_where_it_says(text: str) -> None:
    cleaned = clean(text)
    words = split_words(text)
    assert [cleaned[word.start : word.end] for word in words] == [word.text for word in words]
    assert all(first.end < second.start or cleaned[first.end : second.start] for first, second in zip(words, words[1:]))


@given(texts)
def test_a_word_has_nothing_but_word_characters(text: str) -> None:
    assert all(WORD.fullmatch(word.text) and word.lemma for word in split_words(text))


@pytest.mark.parametrize(("word", "lemma"), [("spieren", "spier"), ("liep", "lopen"), ("oefeningen", "oefening"), ("zxqvw", "zxqvw")])
def test_a_lemma_is_the_dictionary_form(word: str, lemma: str) -> None:
    assert lemma_of(word) == lemma
    assert [found.lemma for found in split_words(word)] == [lemma]


def test_a_word_ends_after_its_last_character() -> None:
    assert Word("pees", "pees", 3).end == 7
