from __future__ import annotations

from pathlib import Path

import pytest
from content_copy import LEAFLET, QUESTIONS, TOPICS, ContentCopy

from folderwijs.answers import Answers
from folderwijs.content import ContentError, Problem
from folderwijs.leaflets import Section, load_leaflets, load_questions, load_sections, numbers_in, one_line, word_pattern
from folderwijs.settings import PROJECT

SHARED = PROJECT.parent / "shared" / "leaflet" / "achillespeestendinose.txt"
CONTRACT = [
    "definitie", "tendinitis_verschil", "anatomie", "oorzaak", "krachten", "zwelling", "symptomen", "leeftijd", "geslacht", "beloop", "hersteltijd",
    "sport_hervatten", "restklachten", "hoe_vaak", "ouder_worden", "niet_sporters", "risicofactoren", "risico_overgewicht", "risico_schoenen",
    "risico_looptechniek", "risico_training", "risico_voetstand", "risico_kuitspieren", "risico_corticosteroiden", "risico_doorbloeding", "actief_blijven",
    "fietsen", "fysiotherapie", "voorlichting", "oefentherapie", "oefeningen_duur", "operatie", "operatie_succes",
]


def leaflet_words(path: Path) -> list[str]:
    """The words of a leaflet's text without the marks before its headings."""
    return [word for line in path.read_text("utf8").splitlines() for word in line.lstrip("#").split()]


def problems_of(content: ContentCopy) -> list[Problem]:
    with pytest.raises(ContentError) as caught:
        load_leaflets(content.path("leaflets"))
    problems: list[Problem] = caught.value.problems
    assert all(problem.what and problem.mend.endswith(".") for problem in problems)
    return problems


def test_the_leaflet_answers_every_topic_of_the_contract(answers: Answers) -> None:
    assert list(answers.leaflet.topics) == CONTRACT


@pytest.mark.parametrize("topic", CONTRACT)
def test_every_quote_is_in_the_leaflet_letter_for_letter(answers: Answers, topic: str) -> None:
    words = " ".join(leaflet_words(PROJECT / LEAFLET / "leaflet.txt"))
    sources = answers.leaflet.topics[topic].sources
    assert sources
    assert [source.quote for source in sources if one_line(source.quote) not in words] == []


@pytest.mark.skipif(not SHARED.exists(), reason="the shared leaflet is not here")
def test_the_leaflet_has_the_words_of_the_shared_one() -> None:
    assert leaflet_words(PROJECT / LEAFLET / "leaflet.txt") == SHARED.read_text("utf8").split()


@pytest.mark.parametrize("topic", CONTRACT)
def test_every_number_in_an_answer_is_in_one_of_its_quotes(answers: Answers, topic: str) -> None:
    told = answers.leaflet.topics[topic]
    quoted = set().union(*(numbers_in(source.quote) for source in told.sources))
    assert numbers_in(f"{told.answer} {told.simpler}") <= quoted


# Every mistake below is made in the topic `fietsen`; `at` starts the line that must be reported.
@pytest.mark.parametrize(
    ("old", "new", "at", "what", "mend"),
    [
        pytest.param("text: Fietsen is een zeer", "text: Fietsen is een heel", "- section:", "niet letterlijk onder 'Adviezen'", "letter voor letter", id="quote not in the leaflet"),
        pytest.param("text: Fietsen is een zeer", "text: fietsen is een zeer", "- section:", "niet letterlijk onder 'Adviezen'", "letter voor letter", id="quote in other letters"),
        pytest.param("section: Adviezen", "section: Het beloop", "- section:", "niet letterlijk onder 'Het beloop'", "letter voor letter", id="quote under another heading"),
        pytest.param("section: Adviezen", "section: Advies", "- section:", "kop 'Advies' staat niet in de folder", "Kies uit: ", id="no such heading"),
        pytest.param("section: Adviezen", "kop: Adviezen", "- kop:", "'section' en 'text'", "de kop en de zin", id="quote without a heading"),
        pytest.param("answer: Ja,", "answer: Ja, 20 minuten", "answer:", "getal 20 staat in geen enkel citaat", "Haal het getal weg", id="number"),
        pytest.param("answer: Ja,", "answer: Ja, 2,5 uur", "answer:", "getal 2.5 staat in geen enkel citaat", "Haal het getal weg", id="number with a comma"),
        pytest.param("answer: Ja,", "answer: Ja, twintig minuten", "answer:", "getal 20 staat in geen enkel citaat", "Haal het getal weg", id="number as a word"),
        pytest.param("simpler: Ja,", "simpler: Ja, 20 minuten", "simpler:", "getal 20 staat in geen enkel citaat", "Haal het getal weg", id="number in the simpler answer"),
        pytest.param("  answer: Ja, fietsen is een zeer goed alternatief. De achillespees wordt daarbij niet zwaar belast.\n", "", "fietsen:", "'answer'", "Vul het in", id="no answer"),
        pytest.param("answer: Ja, fietsen is een zeer goed alternatief. De achillespees wordt daarbij niet zwaar belast.", "answer:", "answer:", "'answer'", "Vul het in", id="empty answer"),
        pytest.param("title: Fietsen", "title: 5", "title:", "'title'", "Vul het in", id="title that is a number"),
        pytest.param("title: Fietsen", "titel: Fietsen", "titel:", "'titel' bestaat niet", "wat er wel kan", id="unknown field"),
        pytest.param("fietsen:", "velo:", "velo:", "onderwerp 'velo' bestaat niet", "leaflets/questions.yml", id="unknown topic"),
        pytest.param("next: [actief_blijven,", "next: [zwemmen,", "next:", "'zwemmen' leidt nergens heen", "Gebruik een onderwerp", id="suggestion leading nowhere"),
        pytest.param("next: [actief_blijven,", "next: [rekken,", "next:", "'rekken' leidt nergens heen", "Gebruik een onderwerp", id="suggestion of a gap"),
        pytest.param("next: [actief_blijven, sport_hervatten, voorlichting]", "next: [beloop]", "next:", "heeft 1 vervolgvragen", "2 tot 4", id="too few suggestions"),
        pytest.param("waarom: fietsen,", "waarom: zwemmen,", "follow_ups:", "leidt naar 'zwemmen'", "Gebruik een onderwerp", id="follow-up leading nowhere"),
        pytest.param("waarom: fietsen,", "hoezo: fietsen,", "follow_ups:", "'hoezo' is geen vervolg", "Kies uit: waarom", id="unknown follow-up"),
        pytest.param("  next: [", "  body_weight_times: [3, 7]\n  next: [", "body_weight_times:", "staan niet in een citaat", "twee hele getallen", id="sum with numbers not in the leaflet"),
    ],
)
def test_a_mistake_in_a_topic_is_reported(content: ContentCopy, old: str, new: str, at: str, what: str, mend: str) -> None:
    content.edit(TOPICS, old, new, after="\nfietsen:")
    topic = "velo:" if at == "velo:" else "fietsen:"
    [problem] = [problem for problem in problems_of(content) if what in problem.what]
    assert (problem.file, problem.line) == (content.path(TOPICS), content.line(TOPICS, *dict.fromkeys((topic, at))))
    assert mend in problem.mend


@pytest.mark.parametrize("number", ["vijftien", "zestig", "tachtig", "vijfendertig", "één"])
def test_any_number_as_a_word_is_reported(content: ContentCopy, number: str) -> None:
    content.edit(TOPICS, "answer: Ja,", f"answer: Ja, {number} minuten", after="\nfietsen:")
    problems_of(content)


def test_numbers_of_a_sum_in_the_wrong_order_are_reported(content: ContentCopy) -> None:
    content.edit(TOPICS, "body_weight_times: [3, 7]", "body_weight_times: [7, 3]")
    problems_of(content)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("next: [actief_blijven,", "next: [[actief_blijven],"), ("follow_ups: {waarom: fietsen,", "follow_ups: [{waarom: fietsen,"),
        ("waarom: fietsen,", "waarom: [fietsen],"), ("answer: Ja, fietsen", "answer: ' ' # Ja, fietsen"), ("- section: Adviezen", "- section: [Adviezen]"),
    ],
)
def test_a_wrong_shape_in_a_topic_is_reported(content: ContentCopy, old: str, new: str) -> None:
    content.edit(TOPICS, old, new, after="\nfietsen:")
    if "[{" in new:
        content.edit(TOPICS, "}", "}]", after=new)
    problems_of(content)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("subject: shockwave", "onderwerp: shockwave", "'shockwave' heeft geen onderwerp"),
        ("subject: shockwave", "subject: shockwave\n  naam: x", "'naam' bestaat hier niet"),
        ("near: [fysiotherapie,", "near: [fysio,", "'fysio' bestaat niet"),
        ("near: [fysiotherapie,", "near: [[fysiotherapie],", "bestaat niet"), ("near: [fysiotherapie, oefentherapie]", "near: 5", "near"),
        ("    laser: [laser*]", "    laser: laser", "laser"), ("    laser: [laser*]", "    laser: []", "laser"), ("    laser: [laser*]", "    laser: [5]", "laser"),
        ("    laser: [laser*]", "    laser: [laser*, '*']", "laser"),
    ],
)
def test_a_mistake_in_the_catalogue_is_reported(content: ContentCopy, old: str, new: str, what: str) -> None:
    content.edit(QUESTIONS, old, new, after="\nshockwave:")
    [problem] = problems_of(content)
    assert problem.file == content.path(QUESTIONS)
    assert content.line(QUESTIONS, "shockwave:") <= problem.line < content.line(QUESTIONS, "onderzoek_diagnose:")
    assert what in problem.what


@pytest.mark.parametrize("file", [QUESTIONS, f"{LEAFLET}/leaflet.txt", f"{LEAFLET}/leaflet.yml", TOPICS])
def test_a_missing_file_is_reported(content: ContentCopy, file: str) -> None:
    content.path(file).unlink()
    [problem] = problems_of(content)
    assert problem.file == content.path(file)
    assert "ontbreekt" in problem.what


def test_every_mistake_is_reported_at_once(content: ContentCopy) -> None:
    content.edit(TOPICS, "answer: Ja,", "answer: Ja, 20 keer", after="\nfietsen:")
    content.edit(TOPICS, "answer: Na 6", "answer: Na 5", after="\noefeningen_duur:")
    assert [problem.what.split("'")[1] for problem in problems_of(content)] == ["fietsen", "oefeningen_duur"]


def test_mistakes_in_every_file_of_a_leaflet_are_reported_at_once(content: ContentCopy) -> None:
    content.edit(QUESTIONS, "near: [fysiotherapie,", "near: [fysio,")
    content.edit(f"{LEAFLET}/leaflet.yml", "about: ", "over: ")
    content.edit(TOPICS, "answer: Ja,", "answer: Ja, 20 keer", after="\nfietsen:")
    assert [problem.file.name for problem in problems_of(content)] == ["questions.yml", "leaflet.yml", "topics.yml"]


def test_a_missing_field_of_the_leaflet_is_reported(content: ContentCopy) -> None:
    content.edit(f"{LEAFLET}/leaflet.yml", "about: ", "over: ")
    [problem] = problems_of(content)
    assert (problem.file.name, problem.what.split()[0]) == ("leaflet.yml", "'about'")


def test_a_folder_without_leaflets_is_reported(content: ContentCopy) -> None:
    content.path(LEAFLET).rename(content.folder / "elders")
    [problem] = problems_of(content)
    assert problem.what == "Hier staat geen folder."


def test_sections_hold_the_lines_below_their_heading(tmp_path: Path) -> None:
    path = tmp_path / "leaflet.txt"
    path.write_text("# Een\n\nregel  a\n- regel b\n## Twee\n# Drie\nregel c\n", "utf8")
    assert load_sections(path) == (Section("Een", 1, ("regel a", "- regel b")), Section("Twee", 2, ()), Section("Drie", 1, ("regel c",)))


@pytest.mark.parametrize(("text", "what"), [(b"tekst\n# Kop\n", "begint niet met een kop"), (b" \n", "is leeg"), ("# Één\n".encode("latin-1"), "geen UTF-8")])
def test_a_leaflet_that_cannot_be_read_is_reported(tmp_path: Path, text: bytes, what: str) -> None:
    path = tmp_path / "leaflet.txt"
    path.write_bytes(text)
    with pytest.raises(ContentError, match=what):
        load_sections(path)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1,5 tot 7 centimeter", {1.5, 7}), ("75-100%", {75, 100}), ("drie- tot zevenmaal", {3, 7}), ("Twaalf weken", {12}), ("een keer, achter de hak", set()), ("too much", set()),
     ("tweeëntwintig of tweeentwintig", {22}), ("honderdvijftig", {150}), ("drieduizend", {3000}), ("Eén of één", {1}), ("e\u0301e\u0301n", {1}), ("anderhalve centimeter", {1.5}),
     ("eenmaal, eenvoudig, zelf, aantal", set()), ("tweede, achtste", {2, 8}), ("achtjarig", {8}), ("5² of ½", {5})],
)
def test_numbers_are_read_from_digits_and_words(text: str, numbers: set[float]) -> None:
    assert numbers_in(text) == numbers


@pytest.mark.parametrize(("text", "found"), [("met een brace", True), ("de braces", True), ("embrace", False), ("gel", True), ("gelijk", False)])
def test_words_match_whole_and_a_star_any_ending(text: str, found: bool) -> None:
    assert bool(word_pattern(["brace*", "gel"]).search(text)) is found


@pytest.mark.parametrize(
    ("question", "message", "subject"),
    [
        ("medicijnen", "mag ik Ibuprofen slikken?", "pijnstillers"), ("medicijnen", "zijn er medicijnen voor?", "pijnstillers en medicijnen"),
        ("koelen_warmte", "warmte of ijs?", "warmte"), ("koelen_warmte", "ijs of warmte?", "koelen"),
        ("overig", "wanneer mag ik weer traplopen?", "traplopen"), ("overig", "doet het weer pijn?", "uw vraag"), ("overig", "komt dat door het weer?", "het weer"),
    ],
)
def test_a_question_goes_by_its_most_precise_name(question: str, message: str, subject: str) -> None:
    assert load_questions(PROJECT / "leaflets")[question].subject_in(message) == subject
