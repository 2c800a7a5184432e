from __future__ import annotations

import dataclasses
import html
import re

import pytest
from starlette.testclient import TestClient

from folderwijs.answers import Answers, load_answers
from folderwijs.app import Service
from folderwijs.engine import Engine
from folderwijs.leaflet_page import parts_of, sentences_with
from folderwijs.leaflets import Section
from folderwijs.settings import PROJECT, Settings

LEAFLET = load_answers(PROJECT).leaflet
PARTS = parts_of(LEAFLET)
SENTENCES = {sentence.number: sentence.text for part in PARTS for sentence in part.sentences}
SOURCES = sorted({(source.section, source.quote) for topic in LEAFLET.topics.values() for source in topic.sources})


def words(text: str) -> str:
    """The letters and figures of a text, without what stands between them."""
    return " ".join(re.findall(r"\w+", text))


def test_the_parts_hold_every_word_of_the_leaflet_in_order() -> None:
    said = " ".join(" ".join((part.title, *(sentence.text for sentence in part.sentences))) for part in PARTS)
    assert words(said) == words(LEAFLET.words)


def test_sentences_are_numbered_throughout() -> None:
    assert list(SENTENCES) == list(range(1, len(SENTENCES) + 1))
    assert len(SENTENCES) > 30
    assert not any(re.search(r"[.!?] [A-Z]", text) for text in SENTENCES.values())


@pytest.mark.parametrize(("section", "quote"), SOURCES, ids=lambda value: value[:30])
def test_every_quote_is_found_whole_and_with_no_sentence_too_many(section: str, quote: str) -> None:
    found = sorted(sentences_with(PARTS, section, quote))
    assert found
    assert words(quote.replace("\n- ", " ")) in words(" ".join(SENTENCES[number] for number in range(found[0], found[-1] + 1))) or len(found) == 1
    assert all(words(SENTENCES[number])[:15] in words(quote) or words(quote) in words(SENTENCES[number]) or words(SENTENCES[number])[-15:] in words(quote) for number in found)


def test_a_quote_is_looked_for_under_its_own_heading_first() -> None:
    parts = parts_of(dataclasses.replace(LEAFLET, sections=(Section("Een", 1, ("Bel ons.",)), Section("Twee", 1, ("Kom langs. Bel ons.",)), Section("Onder twee", 2, ("Nog iets.",)))))
    assert sentences_with(parts, "Twee", "Bel ons.") == {3}
    assert sentences_with(parts, "Een", "Bel ons.") == {1}
    assert sentences_with(parts, "Weg", "Bel ons.") == {1}
    assert sentences_with(parts, "Een", "Kom langs.") == {2}
    assert sentences_with(parts, "Twee", "Bel ons. Onder twee Nog iets.") == {3, 4}


@pytest.mark.parametrize(("quote", "found"), [("3", {3}), ("0", set()), ("99999", set()), ("³", set()), ("9" * 5000, set()), ("", set()), ("   ", set()), ("staat er niet", set())])
def test_a_number_or_nothing(quote: str, found: set[int]) -> None:
    assert sentences_with(PARTS, "", quote) == found


def test_the_page_marks_the_quote_and_leads_to_it(client: TestClient) -> None:
    page = client.get("/folder", params={"kop": "Adviezen", "zin": "Fietsen is een zeer goed alternatief"}).text
    assert re.findall(r'<mark( id="zin")?>(.*?)</mark>', page) == [(' id="zin"', "Fietsen is een zeer goed alternatief waarbij de achillespees niet zwaar belast wordt.")]
    assert 'href="#zin"' in page


def test_the_page_has_the_whole_leaflet_with_an_address_for_every_sentence(client: TestClient) -> None:
    page = client.get("/folder").text
    shown = html.unescape(re.sub(r"<[^>]+>", "", page[page.index("<h1>") :]))
    assert words(LEAFLET.words) in words(shown)
    assert [int(number) for number in re.findall(r'id="zin-(\d+)"', page)] == list(SENTENCES)
    assert "<mark" not in page


def test_a_quote_that_is_not_there_is_told(client: TestClient) -> None:
    page = client.get("/folder", params={"zin": "<script>alert(1)</script>"}).text
    assert "staat niet in de folder" in page
    assert "<script" not in page
    assert client.get("/folder", params={"zin": "a" * 15_000}).status_code == 200


def test_markup_in_a_leaflet_stays_text(answers: Answers, settings: Settings, engine: Engine) -> None:
    leaflet = dataclasses.replace(answers.leaflet, title="<b>Titel</b>", sections=(Section("<script>1</script>", 1, ("- <img src=x onerror=alert(1)>", "<i>tekst</i>.")),))
    with TestClient(Service(settings, dataclasses.replace(answers, leaflet=leaflet), lambda: engine).app()) as client:
        page = client.get("/folder", params={"zin": "<i>tekst</i>."}).text
    assert re.findall(r"<(?:b|i|img|script)\b", page) == []
    assert "<mark id=\"zin\">&lt;i&gt;tekst&lt;/i&gt;.</mark>" in page
