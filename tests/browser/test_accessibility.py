"""The chat for everyone: what axe-core finds in every state, with a keyboard alone, and what a screen reader meets."""

from __future__ import annotations

import re
from typing import Any, Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from chat_page import BREATHLESS, KNAP, Chat, in_sight, question, reply, serve_instead
from host_site import HostSite
from playwright.sync_api import Page, expect

from folderwijs.answers import Answers

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]}
ZOOMED = {"viewport": {"width": 320, "height": 200}}  # 400% of a window of 1280 by 800
LOOKS: dict[str, dict[str, Any]] = {
    "light": {}, "dark": {"color_scheme": "dark"}, "high-contrast": {"forced_colors": "active"}, "zoomed": ZOOMED, "with-motion": {"reduced_motion": "no-preference"},
}
phone_only = pytest.mark.parametrize("size", ["phone"])
desk_only = pytest.mark.parametrize("size", ["desk"])


def expect_no_barriers(page: Page) -> None:
    """axe-core finds nothing, and did look."""
    found = Axe().run(page, options=RULES).response
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]] == []
    assert len(found["passes"]) > 10


def expect_large_enough(chat: Chat) -> None:
    """No text under 16 px, no target under 24."""
    small = """e => [...e.shadowRoot.querySelectorAll('*')].filter(each => each.checkVisibility() && each.getClientRects().length && !each.closest('svg')
      && parseFloat(getComputedStyle(each).fontSize) < 16).map(each => each.outerHTML)"""
    assert chat.page.locator("folderwijs-chat").evaluate(small) == []
    for target in chat.page.locator("folderwijs-chat :is(button:not(.skip), a, summary, textarea, input):visible").all():
        box = target.bounding_box()
        assert box
        if not target.evaluate("e => e.closest('p') !== null && getComputedStyle(e).display === 'inline'"):  # a link in a sentence is as high as its line
            assert min(box["width"], box["height"]) >= 24, target.evaluate("e => e.outerHTML")


def closed(chat: Chat, answers: Answers) -> None:
    """The button alone."""


def opened(chat: Chat, answers: Answers) -> None:
    chat.unfold()


def menu(chat: Chat, answers: Answers) -> None:
    chat.unfold()
    chat.page.get_by_role("button", name="Menu").last.click()


def answered(chat: Chat, answers: Answers) -> None:
    chat.unfold()
    chat.ask(question(answers, "fietsen"))


def sources_open(chat: Chat, answers: Answers) -> None:
    answered(chat, answers)
    chat.last.locator("summary").click()


def clarify(chat: Chat, answers: Answers) -> None:
    chat.unfold()
    serve_instead(chat.page, reply(kind="clarify", text="Gaat uw vraag hierover?", suggestions=[{"label": "Mag ik fietsen?", "message": "mag ik fietsen?", "topic": None}] * 3))
    chat.ask("hoe zit dat")


def urgent(chat: Chat, answers: Answers) -> None:
    answered(chat, answers)
    chat.ask(KNAP)


def error(chat: Chat, answers: Answers) -> None:
    answered(chat, answers)
    chat.page.route("**/api/chat", lambda route: route.abort())
    chat.field.fill("nog iets")
    chat.field.press("Enter")
    expect(chat.page.get_by_role("button", name="Probeer opnieuw")).to_be_visible()


def too_long(chat: Chat, answers: Answers) -> None:
    chat.unfold()
    chat.field.fill("a" * 1001)


def rating(chat: Chat, answers: Answers) -> None:
    chat.page.route("**/api/widget", lambda route: route.fulfill(json={**route.fetch().json(), "feedback": True}, headers={"access-control-allow-origin": "*"}))
    answered(chat, answers)
    chat.last.get_by_role("button", name="Dit hielp niet").click()


def human(chat: Chat, answers: Answers) -> None:
    chat.unfold()
    chat.page.get_by_role("button", name="Praat met een mens").click()


STATES = [closed, opened, menu, answered, sources_open, clarify, urgent, error, too_long, rating, human]
ON_PAGE = [(state, look) for look in LOOKS for state in (STATES if look == "light" else (opened, sources_open, urgent, error))]


@desk_only
@pytest.mark.parametrize(("state", "look"), [(state, look) for state, look in ON_PAGE], ids=lambda value: value if isinstance(value, str) else value.__name__)
def test_axe_finds_nothing_in_a_website(open_chat: Callable[..., Chat], site: HostSite, service: str, answers: Answers, state: Callable[[Chat, Answers], None], look: str) -> None:
    chat = open_chat(site.has(body=f'<script src="{service}/folderwijs.js" defer></script>'), **LOOKS[look])
    state(chat, answers)
    expect_no_barriers(chat.page)
    expect_large_enough(chat)
    chat.shoot(f"30-{state.__name__}-{look}")


@phone_only
@pytest.mark.parametrize("state", [sources_open, urgent, error], ids=lambda state: state.__name__)
def test_axe_finds_nothing_on_a_phone(open_chat: Callable[..., Chat], site: HostSite, service: str, answers: Answers, state: Callable[[Chat, Answers], None]) -> None:
    chat = open_chat(site.has(body=f'<script src="{service}/folderwijs.js" defer></script>'), has_touch=True)
    state(chat, answers)
    expect_no_barriers(chat.page)
    expect_large_enough(chat)
    chat.expect_no_sideways_scrolling()
    chat.shoot(f"31-{state.__name__}")


@desk_only
@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/folder", "/folder?kop=Adviezen&zin=Fietsen+is+een+zeer+goed+alternatief", "/voorbeeld"])
def test_axe_finds_nothing_on_our_own_pages(open_chat: Callable[..., Chat], path: str, look: str) -> None:
    chat = open_chat(path, **LOOKS[look])
    if path == "/":
        expect(chat.page.locator(".greeting")).to_be_visible()
    expect_no_barriers(chat.page)
    chat.shoot(f"32-{path.split('?')[0].strip('/') or 'chat'}-{'quote-' if '?' in path else ''}{look}")


# With a keyboard alone.


def focused(page: Page) -> str:
    """The words of what has the focus, within the chat too."""
    said: str = page.evaluate(
        "() => { let e = document.activeElement; while (e.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;"
        " return e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.innerText || e.textContent }"
    )
    return said.strip()


def tab_to(page: Page, words: str, key: str = "Tab") -> None:
    """Press Tab until what has these words has the focus; at every step the focus must be visible and uncovered."""
    for _ in range(40):
        page.keyboard.press(key)
        assert page.evaluate(
            """() => { let e = document.activeElement; while (e.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
              if (e.getRootNode() === document) return true; // the website's own
              const box = e.getBoundingClientRect(), style = getComputedStyle(e);
              const hit = e.getRootNode().elementFromPoint(box.x + Math.min(box.width / 2, 40), (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2);
              return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && (e.contains(hit) || hit?.contains(e)) }"""
        ), f"the focus is not to be seen: {focused(page)}"
        if words in focused(page):
            return
    pytest.fail(f"Tab never comes to {words}; it is at {focused(page)}")


def test_the_whole_way_with_the_keyboard(open_chat: Callable[..., Chat], site: HostSite, service: str, answers: Answers) -> None:
    chat = open_chat(site.has(body=f'<script src="{service}/folderwijs.js" defer></script>'))
    page = chat.page
    tab_to(page, "Vraag over de folder")
    page.keyboard.press("Enter")
    expect(chat.field).to_be_focused()
    expect(page.locator(".greeting")).to_be_visible()
    page.keyboard.type(question(answers, "fietsen"))
    page.keyboard.press("Enter")
    expect(chat.turns).to_have_count(1)
    suggestion = answers.topic("fietsen").suggestions[-1].label
    tab_to(page, suggestion, "Shift+Tab")
    page.keyboard.press("Enter")
    expect(chat.turns).to_have_count(2)
    expect(chat.own_turns.last).to_contain_text(suggestion)
    assert suggestion in focused(page), "the focus stays where it was"
    tab_to(page, "Dit staat in de folder")
    page.keyboard.press("Enter")
    quote = chat.last.locator(".quote").first
    expect(quote).to_be_visible()
    tab_to(page, "Lees het in de hele folder")
    page.keyboard.press("Escape")
    expect(chat.panel).to_be_hidden()
    expect(chat.launcher).to_be_focused()
    page.keyboard.press("Space")
    expect(chat.turns).to_have_count(2)
    expect(chat.field).to_be_focused()
    tab_to(page, "Sluit", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(chat.launcher).to_be_focused()


@desk_only
def test_the_focus_can_leave_the_chat_while_it_is_open(open_chat: Callable[..., Chat], site: HostSite, service: str) -> None:
    chat = open_chat(site.has(body=f'<script src="{service}/folderwijs.js" defer></script>'))
    chat.unfold()
    tab_to(chat.page, "Naam", "Shift+Tab")
    expect(chat.panel).to_be_visible()


@pytest.mark.parametrize("window", [{}, ZOOMED["viewport"]], ids=["whole", "zoomed"])
def test_nothing_of_the_website_has_the_focus_under_the_chat(open_chat: Callable[..., Chat], site: HostSite, service: str, size: str, window: dict[str, Any]) -> None:
    chat = open_chat(site.has(body=f'<script src="{service}/folderwijs.js" defer></script>'), **({"viewport": window} if window else {}))
    chat.unfold()
    tab_to(chat.page, "Naam", "Shift+Tab")
    field = chat.page.get_by_label("Naam")
    expect(field).to_be_focused()
    expect(chat.panel).to_be_visible(visible=size == "desk" and not window)
    assert in_sight(field)


@desk_only
def test_the_button_makes_room_for_what_has_the_focus(open_chat: Callable[..., Chat], site: HostSite, service: str) -> None:
    low = '<a href="#" style="position: fixed; right: 60px; bottom: 30px">Laag</a>'
    chat = open_chat(site.has(body=f'{low}<script src="{service}/folderwijs.js" defer></script>'))
    link = chat.page.get_by_role("link", name="Laag")
    assert not in_sight(link)
    link.focus()
    expect(chat.page.locator(".launcher.raised")).to_be_visible()
    assert in_sight(link)
    assert in_sight(chat.launcher)


@desk_only
def test_a_conversation_that_was_there_is_not_read_out_again(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat("/")
    chat.ask(question(answers, "fietsen"))
    chat.page.clock.install()
    chat.page.reload()
    expect(chat.turns).to_have_count(1)
    log = chat.page.get_by_role("log")
    expect(log).to_have_attribute("aria-live", "off")
    chat.page.clock.run_for(1000)
    expect(log).to_have_attribute("aria-live", "polite")


@desk_only
def test_escape_closes_the_menu_first(open_chat: Callable[..., Chat]) -> None:
    chat = open_chat("/voorbeeld")
    chat.unfold()
    button = chat.panel.get_by_role("button", name="Menu")
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    chat.page.keyboard.press("Escape")
    expect(chat.page.get_by_role("button", name="Wis gesprek")).to_be_hidden()
    expect(button).to_be_focused()
    chat.page.keyboard.press("Escape")
    expect(chat.panel).to_be_hidden()


@phone_only
def test_a_tap_opens_the_chat_without_the_keyboard_of_the_phone(open_chat: Callable[..., Chat]) -> None:
    chat = open_chat("/voorbeeld", has_touch=True, is_mobile=True)
    chat.launcher.tap()
    expect(chat.panel).to_be_focused()
    box = chat.panel.bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 844}


# What a screen reader meets.


@desk_only
def test_the_reading_order(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat("/voorbeeld")
    chat.unfold()
    chat.ask(question(answers, "fietsen"))
    said = chat.panel.aria_snapshot()
    order = [
        'heading "Vragen over', 'button "Menu"', 'button "Sluit"', f'link "{answers.practice.phone}"', 'button "Praat met een mens"', 'log "Gesprek"', 'heading "Assistent"', "computerprogramma",
        'heading "U"', question(answers, "fietsen"), 'heading "Assistent"', answers.topic("fietsen").text[:30], "Dit staat in de folder", f'button "{answers.topic("fietsen").suggestions[0].label}"',
        "status", 'textbox "Uw vraag"', 'button "Stuur"',
    ]
    at = 0
    for part in order:
        assert part in said[at:], f"{part} is not there, or too early:\n{said}"
        at = said.index(part, at) + len(part)
    expect(chat.panel).to_have_accessible_name(re.compile("Vragen over"))


@phone_only
def test_a_reply_is_announced_and_so_is_waiting(chat: Chat, answers: Answers) -> None:
    expect(chat.page.locator(".greeting")).to_be_visible()
    log = chat.page.get_by_role("log")
    expect(log).to_have_attribute("aria-live", "polite")
    chat.page.locator("folderwijs-chat").evaluate(
        """e => { window.said = []; const watch = new MutationObserver(changes => changes.forEach(c => c.addedNodes.forEach(n => window.said.push([c.target.className, n.textContent]))));
          for (const part of ['.log', '.status']) watch.observe(e.shadowRoot.querySelector(part), { childList: true }) }"""
    )
    chat.ask(question(answers, "fietsen"))
    said = [(part, text) for part, text in chat.page.evaluate("window.said") if text]
    assert [part for part, _ in said] == ["status", "log", "log"]
    assert "zoekt het op" in said[0][1]
    assert said[1][1].startswith("U")
    assert said[2][1].startswith("Assistent")


@phone_only
def test_an_alarm_is_more_than_a_colour(chat: Chat) -> None:
    chat.ask(BREATHLESS)
    heading = chat.last.get_by_role("heading")
    expect(heading).to_contain_text("Let op: bel nu")
    expect(heading.locator("svg")).to_be_visible()
    assert in_sight(chat.last.get_by_role("link", name="112"))
    assert all(len(text) < 260 for text in chat.last.locator("p").all_inner_texts())


# Zoomed in.


@desk_only
def test_at_400_percent_all_of_it_can_be_reached(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat("/", **ZOOMED)
    chat.ask(question(answers, "fietsen"))
    chat.expect_no_sideways_scrolling()
    for element in (chat.page.get_by_role("heading", level=1), chat.last.get_by_text(answers.topic("fietsen").text), chat.field, chat.page.get_by_role("button", name="Stuur")):
        element.scroll_into_view_if_needed()
        assert in_sight(element)
    chat.shoot("33-zoomed")


@desk_only
def test_no_number_is_broken_over_lines(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat("/", viewport={"width": 320, "height": 700})
    chat.page.get_by_role("button", name="Praat met een mens").click()
    numbers = chat.page.locator("folderwijs-chat .number").all()
    assert len(numbers) >= 2
    assert all(number.evaluate("e => e.getClientRects().length") == 1 for number in numbers)
    assert chat.last.get_by_text(answers.practice.phone).count() == chat.last.locator(".number", has_text=answers.practice.phone).count() > 0
