"""The receptionist's desk in a real browser, on a real service: by keys alone, on a desk and on a phone."""

from __future__ import annotations

import datetime
import shutil
import statistics
from pathlib import Path
from typing import Any, Callable, Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect, sync_playwright
from service_process import service_process

from folderwijs.answers import Answers
from folderwijs.desk.password import hash_password
from folderwijs.desk.store import Asked, Store
from folderwijs.settings import PROJECT

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
ARGUMENTS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split()
SCREENSHOTS = PROJECT / "build" / "screenshots"
SIZES = {"phone": ViewportSize(width=390, height=844), "desk": ViewportSize(width=1280, height=800)}
PASSWORD = "vier losse groene fietsen"
KNAP = "knap gevoeld in mijn kuit, kan niet op tenen staan"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium, chromium-browser or google-chrome on PATH: the desk is not tried in a browser")


@pytest.fixture(scope="module")
def service(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service with a few questions without an answer."""
    folder = tmp_path_factory.mktemp("desk")
    store = Store(folder / "questions.sqlite3")
    today = datetime.date.today()
    for ago, question, kind in [(0, "mag ik zwemmen?", "not_in_leaflet"), (1, "kan ik zwemmen", "not_in_leaflet"), (8, "helpt tape", "not_in_leaflet"), (9, "wat is het weer", "outside"), (15, "en dan", "clarify")]:
        store.keep([Asked(today - datetime.timedelta(ago), question, [kind], [])])
    store.keep_unhelped(today, "hoe lang duurt het", ["hersteltijd"], "te vaag")
    store.close()
    with service_process(folder / "log", LIMITS="on", RATE_LIMIT="30", QUESTIONS_DB=str(folder / "questions.sqlite3")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Desk:
    """The desk as one receptionist has it open.

    Attributes:
        page: the page.
        complaints: what the browser wrote in its console as an error.
        requests: every address the page asked for.
    """

    def __init__(self, page: Page, size: str) -> None:
        self.page = page
        self.size = size
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    @property
    def field(self) -> Locator:
        return self.page.get_by_role("combobox", name="Wat vraagt de patiënt?")

    @property
    def options(self) -> Locator:
        return self.page.get_by_role("option")

    @property
    def opened(self) -> Locator:
        return self.page.locator("#opened")

    @property
    def status(self) -> Locator:
        return self.page.locator("#status")

    def type(self, text: str) -> None:
        """Type, as fast as fingers do."""
        self.field.press_sequentially(text, delay=20)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def clipboard(self) -> str:
        text: str = self.page.evaluate("navigator.clipboard.readText()")
        return text.replace("\r\n", "\n")

    def check(self, state: str) -> None:
        """Keep a picture, and hold the page against WCAG and what we ask besides."""
        self.page.screenshot(path=SCREENSHOTS / f"balie-{state}-{self.size}.png")
        violations = Axe().run(self.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).response["violations"]
        assert [(found["id"], [node["html"] for node in found["nodes"]]) for found in violations] == []
        assert self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing is cut off at the side"
        small = self.page.evaluate(
            """[...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
               .filter(e => !e.closest('svg') && parseFloat(getComputedStyle(e).fontSize) < 16).map(e => e.outerHTML.slice(0, 80))"""
        )
        assert small == []
        targets = self.page.evaluate(
            """[...document.querySelectorAll('button, input:not([type=hidden]), select, nav a, summary, [role=option], .downloads a, .call a')].filter(e => e.checkVisibility())
               .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()]).filter(([, box]) => box.width < 24 || box.height < 24).map(([html]) => html)"""
        )
        assert targets == []


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


desk_only = pytest.mark.parametrize("size", ["desk"])
phone_only = pytest.mark.parametrize("size", ["phone"])


@pytest.fixture
def open_desk(browser: Browser, service: str, size: str) -> Iterator[Callable[..., Desk]]:
    """Opens a page of the desk."""
    contexts = []

    def open_page(path: str = "/balie", address: str = service, **options: Any) -> Desk:
        contexts.append(browser.new_context(viewport=SIZES[size], locale="nl-NL", reduced_motion="reduce", permissions=["clipboard-read", "clipboard-write"], **options))
        desk = Desk(contexts[-1].new_page(), size)
        desk.page.goto(address + path)
        return desk

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def desk(open_desk: Callable[..., Desk], service: str) -> Iterator[Desk]:
    """The desk; whatever a test does with it, it must neither go elsewhere nor complain."""
    desk = open_desk()
    expect(desk.field).to_be_focused()
    yield desk
    assert {urlsplit(url).netloc for url in desk.requests} == {urlsplit(service).netloc}
    assert desk.complaints == []


# ---- typing


@pytest.mark.parametrize(("typed", "topic"), [("herst", "hersteltijd"), ("fiet", "fietsen"), ("ops", "symptomen"), ("fietsne", "fietsen")])
@desk_only
def test_half_a_word_is_enough(desk: Desk, answers: Answers, typed: str, topic: str) -> None:
    desk.type(typed)
    expect(desk.options.first).to_contain_text(answers.leaflet.topics[topic].title)
    expect(desk.options.first).to_contain_text(answers.leaflet.topics[topic].answer)
    assert 1 <= desk.options.count() <= 3


def test_one_letter_is_not_searched_and_two_are(desk: Desk) -> None:
    desk.check("leeg")
    desk.type("f")
    desk.page.wait_for_timeout(150)
    assert not any("/api/search" in url for url in desk.requests)
    desk.type("i")
    expect(desk.options.first).to_be_visible()


@desk_only
def test_answers_stand_there_within_100_ms_of_the_key(desk: Desk) -> None:
    """From the key to the next picture the browser draws with the results for the text as it then is."""
    desk.page.evaluate(
        """() => {
          window.taken = [];
          const field = document.querySelector('#query'), list = document.querySelector('#options');
          let pressed = 0;
          field.addEventListener('input', () => { pressed = performance.now(); }, true);
          new MutationObserver(() => { if (list.children.length && pressed) { const from = pressed; pressed = 0;
            requestAnimationFrame(() => setTimeout(() => window.taken.push(performance.now() - from))); } }).observe(list, { childList: true });
        }"""
    )
    for words in ("hoe lang duurt herstel", "mag ik fietsen", "stijf na opstaan", "operatie nodig", "schoenen slecht"):
        desk.field.press_sequentially(words, delay=120)
        desk.page.wait_for_timeout(150)
        desk.press("Escape")
    taken: list[float] = desk.page.evaluate("window.taken")
    (PROJECT / "build" / "desk-latency.txt").write_text(f"median {statistics.median(taken):.0f} ms, most {max(taken):.0f} ms, {len(taken)} keys\n", "utf8")
    assert len(taken) >= 50
    assert statistics.median(taken) < 100


@desk_only
def test_fast_typing_ends_with_the_results_of_all_of_it(desk: Desk) -> None:
    desk.field.press_sequentially("operatie", delay=5)
    desk.press("Control+a")
    desk.field.press_sequentially("fietsen", delay=5)
    expect(desk.options.first).to_contain_text("Fietsen")
    desk.page.wait_for_timeout(300)
    expect(desk.options.first).to_contain_text("Fietsen")


def test_how_sure_it_is_stands_there_in_words(desk: Desk) -> None:
    desk.type("fiets")
    expect(desk.options.first).to_contain_text("zeker")
    desk.check("gevonden")


@desk_only
def test_a_screen_reader_hears_how_many_there_are_and_which_is_chosen(desk: Desk) -> None:
    desk.type("slijtage")
    expect(desk.status).to_contain_text("resultaten. 1: ")
    expect(desk.field).to_have_attribute("aria-expanded", "true")
    for place in (2, 3, 1, 3):
        desk.press("ArrowUp" if place == 3 and desk.field.get_attribute("aria-activedescendant") == "option-1" else "ArrowDown")
        expect(desk.field).to_have_attribute("aria-activedescendant", f"option-{place}")
        expect(desk.options.nth(place - 1)).to_have_attribute("aria-selected", "true")
        assert desk.page.locator("[role=option][aria-selected=true]").count() == 1


# ---- keys


def test_enter_opens_the_answer_with_its_sentence_and_place(desk: Desk, answers: Answers) -> None:
    topic = answers.leaflet.topics["fietsen"]
    desk.type("fiets")
    expect(desk.options.first).to_be_visible()
    desk.press("Enter")
    expect(desk.opened).to_contain_text(topic.answer)
    expect(desk.opened).to_contain_text(topic.sources[0].quote.split("\n")[0])
    expect(desk.opened).to_contain_text(f"onder ‘{topic.sources[0].section}’")
    expect(desk.status).to_contain_text("Geopend: ")
    desk.check("open")


@pytest.mark.parametrize("key", ["2", "Alt+2"])
@desk_only
def test_a_number_opens_that_answer(desk: Desk, key: str) -> None:
    desk.type("slijtage")
    desk.page.wait_for_timeout(400)
    title = desk.options.nth(1).locator("strong").inner_text()
    desk.press(key)
    expect(desk.opened.get_by_role("heading")).to_have_text(title)
    expect(desk.field).to_have_value("slijtage")


@desk_only
def test_a_key_that_comes_before_the_results_waits_for_them(desk: Desk, answers: Answers) -> None:
    desk.page.route("**/api/search*", lambda route: (desk.page.wait_for_timeout(150), route.continue_()))
    for typed, topic in (("fiets", "fietsen"), ("operatie", "operatie"), ("schoenen", "risico_schoenen")):
        desk.field.press_sequentially(typed, delay=5)
        desk.press("Enter")
        expect(desk.opened.get_by_role("heading")).to_have_text(answers.leaflet.topics[topic].title)
        desk.page.wait_for_timeout(400)
        expect(desk.opened).to_be_visible()
        desk.press("Escape")


@desk_only
def test_a_number_that_the_patient_says_is_typed(desk: Desk) -> None:
    desk.type("na 12 weken 3 keer")
    expect(desk.field).to_have_value("na 12 weken 3 keer")
    expect(desk.opened).to_be_hidden()
    desk.press("Escape")
    desk.type("1,5 cm?")
    expect(desk.field).to_have_value("1,5 cm?")


@desk_only
def test_one_key_copies_the_answer_with_its_source(desk: Desk, answers: Answers) -> None:
    topic = answers.leaflet.topics["fietsen"]
    desk.type("fiets")
    expect(desk.options.first).to_be_visible()
    desk.press("Alt+a")
    expect(desk.status).to_have_text("Antwoord met bron gekopieerd.")
    expect(desk.page.locator("#notice")).to_be_visible()
    quote = " ".join(topic.sources[0].quote.split())
    practice = answers.practice
    assert desk.clipboard() == f"{topic.answer}\n\nUit de folder: “{quote}” (folder ‘{answers.leaflet.title}’, onder ‘{topic.sources[0].section}’)\n\n{practice.name}, {practice.phone}"
    desk.press("Alt+z")
    expect(desk.status).to_have_text("Zin uit de folder gekopieerd.")
    assert desk.clipboard() == quote
    expect(desk.field).to_have_value("fiets")


@desk_only
def test_copying_works_where_a_browser_gives_no_clipboard(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    desk.type("fiets")
    expect(desk.options.first).to_be_visible()
    desk.press("Alt+z")
    expect(desk.status).to_have_text("Zin uit de folder gekopieerd.")
    assert desk.clipboard().startswith("Fietsen is een zeer goed alternatief")


def test_escape_clears_everything_and_goes_back_to_the_field(desk: Desk) -> None:
    desk.type("fiets")
    expect(desk.options.first).to_be_visible()
    desk.press("Enter")
    desk.press("Escape")
    expect(desk.field).to_have_value("")
    expect(desk.field).to_be_focused()
    expect(desk.opened).to_be_hidden()
    expect(desk.options).to_have_count(0)
    expect(desk.page.get_by_role("heading", name="Alle onderwerpen")).to_be_visible()


def test_a_question_mark_shows_the_keys_when_the_field_is_empty(desk: Desk) -> None:
    keys = desk.page.get_by_role("dialog", name="Toetsen")
    desk.press("?")
    expect(keys).to_be_visible()
    desk.check("toetsen")
    desk.press("Escape")
    expect(keys).to_be_hidden()
    expect(desk.field).to_be_focused()
    desk.type("mag dat?")
    expect(keys).to_be_hidden()
    expect(desk.field).to_have_value("mag dat?")


def test_everything_goes_by_mouse_or_touch_too(desk: Desk, answers: Answers) -> None:
    desk.type("fiets")
    desk.options.first.click()
    expect(desk.opened).to_contain_text(answers.leaflet.topics["fietsen"].answer)
    desk.page.get_by_role("button", name="Kopieer zin").click()
    assert desk.clipboard().startswith("Fietsen is een zeer goed alternatief")
    desk.page.get_by_role("button", name="Terug").click()
    desk.page.get_by_role("button", name=answers.leaflet.topics["operatie"].title, exact=True).first.click()
    expect(desk.opened).to_contain_text(answers.leaflet.topics["operatie"].answer)


# ---- what the leaflet does not say, and alarms


def test_what_is_not_in_the_leaflet_is_as_clear_as_an_answer(desk: Desk) -> None:
    desk.type("mag ik een brace")
    first = desk.options.first
    expect(first).to_contain_text("Staat niet in de folder: een brace")
    expect(first).to_contain_text("Zeg: ‘Over een brace staat niets in de folder.")
    expect(first).to_contain_text("Verbind door met de fysiotherapeut")
    desk.check("niet-in-folder")
    desk.press("Enter")
    expect(desk.opened).to_contain_text("Verbind door met de fysiotherapeut")


def test_an_alarm_sign_turns_the_page(desk: Desk) -> None:
    desk.type(KNAP)
    alarm = desk.page.get_by_role("alert")
    expect(alarm).to_contain_text("Alarm: een plotse knap")
    expect(alarm).to_contain_text("Bel uw huisarts")
    expect(desk.page).to_have_title("ALARM – Balie – Fysiotherapie Voorbeeld")
    expect(desk.options).to_have_count(0)
    expect(desk.page.locator("body")).to_have_class("alarm")
    box = alarm.bounding_box()
    assert box
    assert box["y"] < 150, "before anything else"
    desk.check("alarm")
    desk.press("Escape")
    expect(alarm).to_be_hidden()
    expect(desk.page).to_have_title("Balie – Fysiotherapie Voorbeeld")


@desk_only
def test_when_the_service_is_gone_it_says_so(open_desk: Callable[..., Desk], answers: Answers) -> None:
    desk = open_desk()
    desk.page.route("**/api/search*", lambda route: route.abort())
    desk.type("fiets")
    expect(desk.page.locator("#notice")).to_contain_text(answers.practice.phone)


@desk_only
def test_what_the_service_says_is_shown_as_text(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    markup = '<img src=x onerror="window.hacked=1">'
    found = f'{{"kind": "answer", "results": [{{"topic": "fietsen", "title": {markup!r}, "answer": "a", "sources": [], "score": 1}}], "certainty": ["zeker"], "reply": {{"kind": "answer", "topics": []}}}}'
    desk.page.route("**/api/search*", lambda route: route.fulfill(status=200, content_type="application/json", body=found.replace("'<", '"<').replace(">'", '>"').replace('"window.hacked=1"', "'window.hacked=1'")))
    desk.type("fiets")
    expect(desk.options.first).to_contain_text("<img")
    assert desk.page.evaluate("window.hacked") is None


# ---- the leaflet, favourites, what is used most


@desk_only
def test_the_sentence_in_use_is_marked_in_the_leaflet_and_in_sight(desk: Desk, answers: Answers) -> None:
    for topic in answers.leaflet.topics.values():
        desk.page.evaluate("title => [...document.querySelectorAll('#start .heading button')].find(b => b.textContent === title).click()", topic.title)
        marked = " ".join(desk.page.locator("#leaflet-text mark.quote").all_inner_texts())
        for source in topic.sources:
            assert all(part in " ".join(marked.split()) for part in " ".join(source.quote.split()).split(". ")[:1]), topic.id
        expect(desk.page.locator("#leaflet-text mark.quote").first).to_be_in_viewport()
        desk.press("Escape")
    expect(desk.page.locator("#leaflet-text mark")).to_have_count(0)


@desk_only
def test_the_leaflet_can_be_searched(desk: Desk) -> None:
    desk.page.get_by_label("Zoek in de folder").fill("spier")
    marks = desk.page.locator("#leaflet-text mark.found")
    expect(marks.first).to_be_in_viewport()
    assert {text.lower() for text in marks.all_inner_texts()} == {"spier"}
    expect(desk.page.locator("#in-leaflet-status")).to_have_text(f"{marks.count()} keer gevonden")
    desk.page.get_by_label("Zoek in de folder").fill("xqzvk")
    expect(desk.page.locator("#in-leaflet-status")).to_have_text("Niet gevonden")


@phone_only
def test_on_a_phone_the_leaflet_is_behind_a_button(desk: Desk) -> None:
    desk.type("fiets")
    desk.options.first.click()
    expect(desk.page.locator("#leaflet")).to_be_hidden()
    desk.page.get_by_role("button", name="Folder", exact=True).click()
    expect(desk.page.locator("#leaflet-text mark.quote").first).to_be_in_viewport()
    desk.check("folder")
    desk.page.get_by_role("button", name="Zoeken", exact=True).click()
    expect(desk.opened).to_be_visible()


@desk_only
def test_favourites_stay_on_this_machine_and_the_most_used_are_counted(desk: Desk) -> None:
    desk.type("fiets")
    expect(desk.options.first).to_be_visible()
    desk.press("Enter")
    desk.press("Alt+f")
    expect(desk.status).to_have_text("Bij de favorieten gezet.")
    expect(desk.page.get_by_role("button", name="Favoriet")).to_have_attribute("aria-pressed", "true")
    desk.page.reload()
    expect(desk.page.locator("#favourites")).to_contain_text("Fietsen")
    expect(desk.page.locator("#used")).to_contain_text("Fietsen")
    desk.page.locator("#favourites").get_by_role("button", name="Fietsen").click()
    desk.press("Alt+f")
    desk.page.reload()
    expect(desk.page.locator("#used")).to_be_visible()
    expect(desk.page.locator("#favourites")).to_be_hidden()


# ---- questions without an answer


def test_the_list_of_questions_can_be_marked_undone_and_taken_along(open_desk: Callable[..., Desk], service: str) -> None:
    desk = open_desk("/balie/vragen")
    first = desk.page.locator(".group").first
    expect(first.get_by_role("heading")).to_have_text("kan ik zwemmen")
    expect(first).to_contain_text("2 keer")
    expect(desk.page.get_by_text("te vaag")).to_be_visible()
    desk.check("vragen")
    desk.page.get_by_text("De getallen als tabel").click()
    assert desk.page.locator("tbody tr").count() == 6
    first.get_by_label("Waar hoort deze vraag bij?").select_option(label="die sport")
    expect(desk.status).to_have_text("Bewaard: “kan ik zwemmen” hoort bij “die sport”.")
    desk.page.reload()
    exported = desk.page.request.get(f"{service}/api/desk/vragen.yml").text()
    assert "- intent: andere_sport\n  examples: |\n    - mag ik zwemmen?\n    - kan ik zwemmen\n" in exported
    first.get_by_role("button", name="Maak ongedaan").focus()
    desk.press("Enter")
    expect(desk.status).to_have_text("Ongedaan gemaakt: “kan ik zwemmen”.")
    expect(first.get_by_label("Waar hoort deze vraag bij?")).to_be_focused()
    first.get_by_role("button", name="Staat niet in de folder").click()
    expect(desk.status).to_contain_text("Bewaard: ")
    first.get_by_role("button", name="Maak ongedaan").click()
    expect(desk.status).to_contain_text("Ongedaan gemaakt")
    with desk.page.expect_download() as download:
        desk.page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "vragen.csv"
    assert desk.complaints == []


# ---- other eyes


@pytest.mark.parametrize("look", [{"color_scheme": "dark"}, {"forced_colors": "active"}], ids=["donker", "contrast"])
@desk_only
def test_dark_and_high_contrast_are_as_readable(open_desk: Callable[..., Desk], look: dict[str, str], request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.id.split("-")[-1]
    desk = open_desk(**look)
    desk.type("mag ik een brace")
    expect(desk.options.first).to_be_visible()
    desk.check(f"niet-in-folder-{name}")
    desk.press("Escape")
    desk.type("fiets")
    expect(desk.options.first).to_contain_text("Fietsen")
    desk.press("Enter")
    desk.check(f"open-{name}")
    desk.press("Escape")
    desk.type(KNAP)
    expect(desk.page.get_by_role("alert")).to_contain_text("Alarm")
    desk.check(f"alarm-{name}")
    desk.page.goto(desk.page.url + "/vragen")
    desk.check(f"vragen-{name}")


@phone_only
def test_the_page_can_be_enlarged_to_a_narrow_column(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.page.set_viewport_size({"width": 320, "height": 640})
    desk.type("slijtage")
    expect(desk.options.first).to_be_visible()
    assert desk.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


# ---- with a password


def test_with_a_password_one_logs_in_and_out(model: Path, tmp_path: Path, open_desk: Callable[..., Desk]) -> None:
    with service_process(tmp_path / "log", DESK_PASSWORD_HASH=hash_password(PASSWORD)) as address:
        desk = open_desk("/balie", address)
        expect(desk.page.get_by_role("heading", name="Inloggen bij de balie")).to_be_visible()
        expect(desk.page.get_by_label("Wachtwoord van de balie")).to_be_focused()
        desk.page.keyboard.type("fout wachtwoord")
        desk.press("Enter")
        expect(desk.page.get_by_role("alert")).to_have_text("Dat wachtwoord klopt niet.")
        desk.check("inloggen")
        desk.page.get_by_label("Wachtwoord van de balie").fill(PASSWORD)
        desk.press("Enter")
        expect(desk.field).to_be_focused()
        desk.type("fiets")
        expect(desk.options.first).to_contain_text("Fietsen")
        desk.page.get_by_role("button", name="Uitloggen").click()
        expect(desk.page.get_by_role("heading", name="Inloggen bij de balie")).to_be_visible()
        desk.page.goto(f"{address}/balie/vragen")
        expect(desk.page.get_by_role("heading", name="Inloggen bij de balie")).to_be_visible()
