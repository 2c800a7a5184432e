from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folderwijs.understanding.segments import Clause, alternatives, clauses, sentences
from folderwijs.understanding.words import split_words

texts = st.text(max_size=60) | st.lists(st.sampled_from(["ik", "en", "of", "mag", "fietsen", ",", "?", ". ", " ", "\n", "3", "(", " - ", "'s"]), max_size=25).map(" ".join)


def clauses_of(text: str) -> list[Clause]:
    return clauses(split_words(text), text)


def sentences_of(text: str) -> list[Clause]:
    return sentences(clauses_of(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mag ik fietsen?", ["mag ik fietsen?"]),
        ("Mag ik fietsen en hoe lang duurt het?", ["mag ik fietsen", "en hoe lang duurt het?"]),
        ("Ik heb pijn. Mag ik fietsen? Dank u!", ["ik heb pijn.", "mag ik fietsen?", "dank u!"]),
        ("fietsen, wandelen of zwemmen", ["fietsen,", "wandelen", "of zwemmen"]),
        ("ik heb pijn (al weken) bij het lopen", ["ik heb pijn (", "al weken)", "bij het lopen"]),
        ("mag dat\nhoe lang", ["mag dat", "hoe lang"]),
        ("pijn - wat nu", ["pijn -", "wat nu"]),
        ("de achilles-pees en e-bike", ["de achilles-pees", "en e-bike"]),
        ("mag het en ook dan", ["mag het", "en ook dan"]),  # joiners in a row join once
        ("En hoe lang", ["en hoe lang"]),
        ("?!", []),
        ("", []),
        pytest.param("ik loop 3.5 km", ["ik loop 3.5 km"]),
        pytest.param("om 10:30 uur", ["om 10:30 uur"]),
    ],
)
def test_a_message_is_cut_at_sentences_commas_and_joining_words(text: str, expected: list[str]) -> None:
    assert [clause.text for clause in clauses_of(text)] == expected


def test_a_clause_knows_whether_it_was_only_joined() -> None:
    assert [clause.joined for clause in clauses_of("Ik heb pijn, en hoe lang duurt dat? Mag ik fietsen")] == [False, True, False]


def test_sentences_keep_what_was_only_joined_together() -> None:
    text = "Ik heb pijn, en hoe lang duurt dat? Mag ik fietsen of lopen"
    assert [sentence.text for sentence in sentences_of(text)] == ["ik heb pijn, en hoe lang duurt dat?", "mag ik fietsen of lopen"]
    assert [word.text for sentence in sentences_of(text) for word in sentence.words] == [word.text for word in split_words(text)]


@given(texts)
def test_clauses_hold_every_word_once_in_order(text: str) -> None:
    words = split_words(text)
    found = clauses(words, text)
    assert [word for clause in found for word in clause.words] == words
    assert [word for sentence in sentences(clauses(words, text)) for word in sentence.words] == words
    assert all(clause.words for clause in found)
    assert not found or not found[0].joined


@given(texts)
def test_a_clause_holds_its_own_words_as_text(text: str) -> None:
    for clause in clauses_of(text):
        assert [word.text for word in split_words(clause.text)][: len(clause.words)] == [word.text for word in clause.words]


@pytest.mark.parametrize(
    "text",
    [
        "mag ik fietsen", "hoe lang duurt het", "en hoe lang dan", "fietsen ok?", "ik wil graag weten of dat mag", "ik vraag me af of dat mag", "is dat erg", "kun je het uitleggen", "kunde gij da zeggen?",
        *(
            pytest.param(text)
            for text in ("op welke leeftijd komt het voor", "na hoeveel weken merk ik iets", "met welke schoenen moet ik lopen")
        ),
    ],
)
def test_a_question_is_seen(text: str) -> None:
    [clause] = sentences_of(text)
    assert clause.asks


@pytest.mark.parametrize("text", ["ik heb pijn", "goedemorgen", "mijn man loopt al weken mank", "en mijn been", "bedankt voor alles", "en"])
def test_a_statement_asks_nothing(text: str) -> None:
    [clause] = sentences_of(text)
    assert not clause.asks


@pytest.mark.parametrize(
    ("text", "asking"),
    [
        ("Elke ochtend hetzelfde, dan gaat het wel. Mag ik fietsen?", ["mag ik fietsen?"]),
        ("Ik weeg 80 kilo, is dat te veel? Dank u", ["is dat te veel?"]),
        ("Toen het begon, zijn we gestopt maar ik vroeg me af hoe dat kan. Mag ik fietsen?", ["maar ik vroeg me af hoe dat kan.", "mag ik fietsen?"]),
        ("Mag ik fietsen. Hoe lang duurt het?", ["mag ik fietsen.", "hoe lang duurt het?"]),  # who forgets a mark begins a sentence with the verb
        ("mag ik fietsen, hoe lang duurt het", ["mag ik fietsen,", "hoe lang duurt het"]),  # who uses none at all puts questions in a row
        ("Mag ik fietsen, en hoe lang duurt het?", ["mag ik fietsen,", "en hoe lang duurt het?"]),
    ],
)
def test_in_a_sentence_without_a_mark_beside_one_with_it_a_verb_first_only_tells(text: str, asking: list[str]) -> None:
    assert [clause.text for clause in clauses_of(text) if clause.asks] == asking


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("mag ik zwemmen of fietsen", [("mag ik zwemmen", "mag ik fietsen")]),
        ("Helpen pillen of oefeningen daartegen?", [("helpen pillen", "helpen oefeningen daartegen")]),
        ("komt het door mijn gewicht of door deze schoenen", [("komt het door mijn gewicht", "komt het door deze schoenen")]),
        ("rust en fietsen of lopen", [("rust", "fietsen of lopen"), ("rust en fietsen", "rust en lopen")]),
        ("en fietsen dan of", []),  # nothing stands on one side
        ("mag ik fietsen", []),
        ("", []),
    ],
)
def test_a_question_that_names_two_things_is_read_with_each_alone(text: str, readings: list[tuple[str, str]]) -> None:
    assert [tuple(" ".join(word.text for word in words) for words in pair) for pair in alternatives(split_words(text))] == readings
