from __future__ import annotations

from pathlib import Path

import pytest

from folderwijs.content import ContentError
from folderwijs.settings import PROJECT
from folderwijs.understanding.lexicon import Lexicon, load_lexicon
from folderwijs.understanding.words import split_words

SMALL = {"rennen": ["rennen", "hardlop*", "hard lopen", "start to run"], "spier": ["spier", "ski's"], "diepe_spier": ["diepe spier"], "schok": ["shock wave*"]}


@pytest.fixture(scope="module")
def small() -> Lexicon:
    return Lexicon(SMALL)


@pytest.fixture(scope="module")
def real() -> Lexicon:
    return Lexicon(load_lexicon(PROJECT / "lexicon.yml"))


def mark(lexicon: Lexicon, text: str) -> list[str]:
    return lexicon.mark(split_words(text))


# What a lexicon finds.


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("ik ren", ["ik", "RENNEN"]),  # by its lemma
        ("mijn spieren", ["mijn", "SPIER"]),
        ("de hardlopers", ["de", "RENNEN"]),  # by its stem
        ("ik wil hard lopen", ["ik", "willen", "RENNEN"]),
        ("Start to run!", ["RENNEN"]),
        ("de diepe spier", ["de", "DIEPE_SPIER"]),  # the longest phrase
        ("Ski’s", ["SPIER"]),
        ("hard werken", ["hard", "werken"]),
        ("", []),
    ],
)
def test_words_and_phrases_are_replaced_by_their_concept(small: Lexicon, text: str, marked: list[str]) -> None:
    assert mark(small, text) == marked


def test_a_word_without_a_concept_has_none(small: Lexicon) -> None:
    [word] = split_words("appeltaart")
    assert small.concept_of(word) is None


def test_a_whole_word_goes_before_a_stem() -> None:
    lexicon = Lexicon({"stam": ["hardlo*"], "woord": ["hardlopen"]})
    assert [lexicon.concept_of(word) for word in split_words("hardlopen hardloper")] == ["woord", "stam"]


def test_the_longest_stem_wins() -> None:
    lexicon = Lexicon({"kort": ["pees*"], "lang": ["peesontst*"]})
    assert mark(lexicon, "peesklacht peesontsteking") == ["KORT", "LANG"]


def test_an_empty_lexicon_leaves_lemmas() -> None:
    assert mark(Lexicon({}), "de spieren") == ["de", "spier"]


# Reading the file.


def written(folder: Path, text: str) -> Path:
    path = folder / "lexicon.yml"
    path.write_text(text, "utf8")
    return path


def test_a_lexicon_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "rennen: [ren, hard lopen]\nfietsen:\n  - fiets*\n")
    assert load_lexicon(path) == {"rennen": ["ren", "hard lopen"], "fietsen": ["fiets*"]}


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("rennen: [ren]\nfietsen: [fiets,\n  ren]\n", 3, "'ren' staat ook bij 'rennen'"),
        ("rennen: [ren, ren]\n", 1, "'ren' staat ook bij 'rennen'"),
        ("rennen: [ren]\nfietsen: fiets\n", 2, "Bij 'fietsen' hoort een lijst"),
        ("rennen: [ren]\nfietsen: []\n", 2, "Bij 'fietsen' hoort een lijst"),
        ("rennen: [ren]\nfietsen:\n", 2, "Bij 'fietsen' hoort een lijst"),
        ("rennen: [ren, 112]\n", 1, "Bij 'rennen' hoort een lijst"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    with pytest.raises(ContentError) as caught:
        load_lexicon(written(tmp_path, text))
    [problem] = caught.value.problems
    assert what in problem.what
    assert problem.mend
    assert problem.line == line


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ContentError) as caught:
        load_lexicon(written(tmp_path, "rennen: ren\nfietsen: [fiets]\nvelo: [fiets]\n"))
    assert len(caught.value.problems) == 2


def test_a_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="ontbreekt"):
        load_lexicon(tmp_path / "lexicon.yml")


# The project's own lexicon.yml.


def test_the_real_lexicon_has_no_word_twice(real: Lexicon) -> None:
    entries = [entry for entries in real.concepts.values() for entry in entries]
    assert len(entries) == len(set(entries)) > 1000


def test_the_real_lexicon_is_in_lower_case(real: Lexicon) -> None:
    assert [entry for entries in real.concepts.values() for entry in entries if entry != entry.lower()] == []


@pytest.mark.parametrize(
    "words",
    [
        ("rennen", "joggen", "hardlopen", "hard lopen", "jogging", "gejogd"),
        ("fysio", "kine", "kinesist", "fysiotherapeut", "physiotherapeut", "fisio"),
        ("fiets", "velo", "e-bike", "racefiets"),
        ("huisarts", "dokter", "huisdokter"),
    ],
    ids=lambda words: words[0],
)
def test_words_that_mean_the_same_have_one_concept(real: Lexicon, words: tuple[str, ...]) -> None:
    found = {word: mark(real, word) for word in words}
    assert len({tuple(marks) for marks in found.values()}) == 1, found
    assert found[words[0]][0].isupper()


@pytest.mark.parametrize(("one", "other"), [("rennen", "fietsen"), ("fysio", "huisarts"), ("zwemmen", "fietsen")])
def test_words_that_differ_have_different_concepts(real: Lexicon, one: str, other: str) -> None:
    assert mark(real, one) != mark(real, other)


def entries_that_lead_elsewhere(lexicon: Lexicon) -> dict[str, list[str]]:
    """Entries that are not taken for their own concept when they are typed."""
    return {
        f"{concept}: {entry}": found
        for concept, entries in lexicon.concepts.items()
        for entry in entries
        if (found := mark(lexicon, entry.removesuffix("*"))) != [concept.upper()]
    }


def test_every_entry_of_the_real_lexicon_leads_to_its_own_concept(real: Lexicon) -> None:
    assert entries_that_lead_elsewhere(real) == {}


def test_most_entries_of_the_real_lexicon_lead_to_their_own_concept(real: Lexicon) -> None:
    assert len(entries_that_lead_elsewhere(real)) < sum(map(len, real.concepts.values())) / 100


def test_no_phrase_of_the_real_lexicon_has_an_ending_that_is_dropped(real: Lexicon) -> None:
    phrases = [entry for entries in real.concepts.values() for entry in entries if entry.endswith("*") and len(split_words(entry)) > 1]
    assert {phrase for phrase in phrases if not mark(real, phrase.replace("*", "en"))[0].isupper()} == set()
