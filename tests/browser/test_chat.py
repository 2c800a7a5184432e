"""The chat page in a real browser, on a real service: what a visitor sees and can do, on a phone and on a desk."""

from __future__ import annotations

import re
from typing import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from chat_page import BREATHLESS, KNAP, MARKUP, SIZES, Chat, expect_no_markup, in_sight, question, reply, serve_instead
from playwright.sync_api import Locator, Route, expect

from folderwijs.answers import Answers

phone_only = pytest.mark.parametrize("size", ["phone"])


# Asking.


def test_the_page_opens_with_who_is_talking(chat: Chat, answers: Answers) -> None:
    expect(chat.page.get_by_role("heading", level=1)).to_contain_text(answers.leaflet.subject)
    greeting = chat.page.get_by_role("log")
    expect(greeting).to_contain_text("computerprogramma")
    expect(greeting).to_contain_text("112")
    assert in_sight(chat.field)
    assert in_sight(chat.page.get_by_role("button", name="Stuur"))
    assert all(in_sight(button) for button in chat.page.get_by_role("log").get_by_role("button").all())
    chat.expect_phone_in_sight()
    chat.expect_no_sideways_scrolling()
    chat.shoot("1-open")


def test_a_question_is_asked_with_the_keyboard_alone(chat: Chat, answers: Answers) -> None:
    keyboard = chat.page.keyboard
    expect(chat.page.locator(".greeting")).to_be_visible()
    keyboard.press("Tab")  # to what skips to the field
    expect(chat.page.get_by_role("button", name="Naar het invoerveld")).to_be_focused()
    keyboard.press("Enter")
    expect(chat.field).to_be_focused()
    keyboard.type(question(answers, "fietsen"))
    keyboard.press("Enter")
    expect(chat.last).to_contain_text(answers.topic("fietsen").text)
    expect(chat.own_turns).to_have_text([re.compile(re.escape(question(answers, "fietsen")))])
    expect(chat.field).to_be_focused()
    expect(chat.field).to_have_value("")
    assert in_sight(chat.last.get_by_text(answers.topic("fietsen").text))
    chat.shoot("2-answer")


@phone_only
def test_a_question_is_asked_with_the_mouse(chat: Chat, answers: Answers) -> None:
    chat.field.fill(question(answers, "leeftijd"))
    chat.page.get_by_role("button", name="Stuur").click()
    expect(chat.last).to_contain_text(answers.topic("leeftijd").text)


@phone_only
def test_shift_and_enter_start_a_new_line(chat: Chat) -> None:
    chat.field.press_sequentially("een")
    chat.field.press("Shift+Enter")
    chat.field.press_sequentially("twee")
    expect(chat.field).to_have_value("een\ntwee")
    expect(chat.own_turns).to_have_count(0)


@phone_only
@pytest.mark.parametrize("typed", ["", "   ", "\n"])
def test_nothing_typed_is_nothing_asked(chat: Chat, typed: str) -> None:
    chat.field.fill(typed)
    chat.field.press("Enter")
    expect(chat.status).to_contain_text("Typ eerst uw vraag")
    expect(chat.own_turns).to_have_count(0)


@phone_only
def test_an_impatient_visitor_asks_once(chat: Chat, answers: Answers) -> None:
    waiting: list[Route] = []
    chat.page.route("**/api/chat", lambda route: waiting.append(route))
    chat.field.fill(question(answers, "fietsen"))
    for _ in range(3):
        chat.field.press("Enter")
    expect(chat.page.get_by_role("button", name="Stuur")).to_be_disabled()
    expect(chat.status).not_to_have_text("")
    chat.field.fill("wat ik intussen typ")
    assert len(waiting) == 1
    waiting[0].continue_()
    expect(chat.turns).to_have_count(1)
    expect(chat.own_turns).to_have_count(1)
    expect(chat.field).to_have_value("wat ik intussen typ")


# Answers.


def test_an_answer_opens_the_sentences_of_the_leaflet(chat: Chat, answers: Answers) -> None:
    chat.ask(question(answers, "fietsen"))
    [source] = answers.topic("fietsen").sources
    quote = chat.last.get_by_text(source.quote)
    expect(quote).to_be_hidden()
    chat.last.get_by_text("Dit staat in de folder").press("Enter")
    expect(quote).to_be_visible()
    expect(chat.last.locator("blockquote")).to_contain_text(source.section)
    chat.shoot("4-source")


def test_every_source_of_an_answer_is_there(chat: Chat, answers: Answers) -> None:
    topic = max(answers.leaflet.topics.values(), key=lambda topic: sum(len(source.quote) for source in topic.sources))
    chat.ask(topic.ask)
    chat.last.get_by_text("Dit staat in de folder").click()
    shown = chat.last.locator("blockquote")
    expect(shown).to_have_count(len(topic.sources))
    for number, source in enumerate(topic.sources):
        expect(shown.nth(number)).to_contain_text(re.compile(re.escape(source.quote.splitlines()[-1])))
    chat.expect_no_sideways_scrolling()
    chat.shoot("5-longest-source")


def test_a_suggestion_asks_its_question(chat: Chat, answers: Answers) -> None:
    chat.ask(question(answers, "fietsen"))
    suggestion = next(each for each in answers.topic("fietsen").suggestions if each.topic in answers.leaflet.topics)
    chat.last.get_by_role("button", name=suggestion.label).click()
    expect(chat.own_turns.last).to_contain_text(suggestion.message)
    expect(chat.turns).to_have_count(2)
    expect(chat.last).to_contain_text(answers.topic(str(suggestion.topic)).text)
    chat.shoot("6-suggestion")


@phone_only
def test_a_suggestion_leaves_what_was_being_typed(chat: Chat) -> None:
    chat.field.fill("half getypt")
    chat.page.locator(".suggestion").first.click()
    expect(chat.turns).to_have_count(1)
    expect(chat.field).to_have_value("half getypt")


@phone_only
def test_the_conversation_goes_on(chat: Chat, answers: Answers) -> None:
    chat.ask(question(answers, "leeftijd"))
    chat.ask("waar staat dat?")
    expect(chat.last).to_contain_text(answers.topic("leeftijd").sources[0].section)


def test_two_questions_get_two_replies(chat: Chat, answers: Answers) -> None:
    chat.ask(f"{question(answers, 'fietsen')} En hoe lang duurt het herstel?")
    expect(chat.turns).to_have_count(2)
    expect(chat.turns.nth(0)).to_contain_text(answers.topic("fietsen").text)
    expect(chat.turns.nth(1)).to_contain_text(answers.topic("hersteltijd").text)
    assert in_sight(chat.turns.nth(0).get_by_role("heading"))
    chat.shoot("7-two-questions")


@pytest.mark.parametrize("message", [KNAP, BREATHLESS])
def test_an_urgent_reply_stands_out(chat: Chat, answers: Answers, message: str) -> None:
    chat.ask(question(answers, "fietsen"))
    chat.ask(message)
    ordinary, urgent = chat.turns.nth(0), chat.turns.nth(1)
    expect(urgent.get_by_role("heading")).to_contain_text("Let op")
    assert looks(urgent)["backgroundColor"] != looks(ordinary)["backgroundColor"]
    assert looks(urgent)["borderTopColor"] != looks(ordinary)["borderTopColor"]
    assert float(looks(urgent)["borderTopWidth"].removesuffix("px")) > float(looks(ordinary)["borderTopWidth"].removesuffix("px"))
    assert in_sight(urgent.get_by_role("heading"))
    expect(urgent).to_contain_text(re.compile("huisarts|112"))
    chat.expect_phone_in_sight()
    chat.shoot("8-urgent-112" if message == BREATHLESS else "8-urgent")


def test_an_emergency_number_can_be_called(chat: Chat) -> None:
    chat.ask(BREATHLESS)
    assert chat.last.get_by_role("link", name=re.compile("112")).get_attribute("href") == "tel:112"


@pytest.mark.parametrize("message", [KNAP, BREATHLESS])
def test_the_whole_of_an_urgent_reply_is_in_sight(chat: Chat, answers: Answers, message: str) -> None:
    chat.ask(question(answers, "fietsen"))
    chat.ask(message)
    assert in_sight(chat.last)


def looks(element: Locator) -> dict[str, str]:
    style: dict[str, str] = element.evaluate("e => { const s = getComputedStyle(e); return { backgroundColor: s.backgroundColor, borderTopColor: s.borderTopColor, borderTopWidth: s.borderTopWidth } }")
    return style


def test_what_the_leaflet_does_not_say_is_said_with_the_phone_number(chat: Chat, answers: Answers) -> None:
    chat.ask(answers.questions["shockwave"].ask)
    expect(chat.last).to_contain_text("staat niets in deze folder")
    expect(chat.last).to_contain_text(answers.practice.phone)
    chat.shoot("9-not-in-leaflet")


def test_a_question_back_gives_buttons(chat: Chat, answers: Answers) -> None:
    ids = ["fietsen", "hersteltijd", "operatie"]
    suggestions = [{"label": question(answers, id_), "message": question(answers, id_), "topic": id_} for id_ in ids]
    serve_instead(chat.page, reply(kind="clarify", text="Ik weet niet zeker wat u bedoelt. Gaat uw vraag hierover?", suggestions=suggestions))
    chat.ask("hoe zit dat met dat ding")
    expect(chat.last.get_by_role("button")).to_have_text([*(question(answers, id_) for id_ in ids), "Geen van deze"])
    chat.page.unroute("**/api/chat")
    chat.shoot("10-clarify")


# Text is text.


def test_markup_in_a_message_stays_text(chat: Chat) -> None:
    chat.ask(MARKUP)
    expect(chat.own_turns.last.get_by_role("paragraph")).to_have_text(MARKUP)
    expect_no_markup(chat.page)
    chat.shoot("11-markup")


@phone_only
def test_markup_in_a_reply_stays_text(chat: Chat) -> None:
    source = {"leaflet": "x", "section": MARKUP, "quote": MARKUP}
    suggestion = {"label": MARKUP, "message": MARKUP, "topic": None}
    contact = {"label": MARKUP, "when": MARKUP, "phone": MARKUP}
    serve_instead(chat.page, *(reply(kind=kind, text=MARKUP, title=MARKUP, sources=[source], suggestions=[suggestion], contacts=[contact]) for kind in ("answer", "urgent")))
    chat.ask("iets")
    chat.last.get_by_text("Dit staat in de folder").click()
    expect(chat.last).to_contain_text(MARKUP)
    expect_no_markup(chat.page)


# Trouble.


def fail_with(status: int, body: str, content_type: str = "application/json") -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=status, content_type=content_type, body=body)


TROUBLE: dict[str, Callable[[Route], None]] = {
    "no-connection": lambda route: route.abort(),
    "broken-page": fail_with(502, "<html>Bad gateway</html>", "text/html"),
    "internal": fail_with(500, '{"error": {"code": "internal", "message": "Er ging iets mis."}}'),
    "nothing": fail_with(200, ""),
    "no-replies": fail_with(200, '{"session": null, "replies": []}'),
}


@phone_only
@pytest.mark.parametrize("trouble", TROUBLE)
def test_trouble_keeps_what_was_typed_and_shows_the_phone_number(open_chat: Callable[..., Chat], answers: Answers, trouble: str) -> None:
    chat = open_chat()
    chat.ask(question(answers, "leeftijd"))
    chat.page.route("**/api/chat", TROUBLE[trouble])
    chat.field.fill(question(answers, "fietsen"))
    chat.field.press("Enter")
    expect(chat.status).to_contain_text(answers.practice.phone)
    expect(chat.field).to_have_value(question(answers, "fietsen"))
    expect(chat.turns).to_have_count(1)
    expect(chat.own_turns).to_have_count(1)
    chat.expect_phone_in_sight()
    chat.page.unroute("**/api/chat")
    chat.field.press("Enter")
    expect(chat.last).to_contain_text(answers.topic("fietsen").text)
    expect(chat.status).to_have_text("")


def test_what_went_wrong_is_in_sight(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat()
    chat.ask(question(answers, "leeftijd"))
    chat.page.route("**/api/chat", lambda route: route.abort())
    chat.field.fill(question(answers, "fietsen"))
    chat.field.press("Enter")
    expect(chat.status).to_contain_text(answers.practice.phone)
    chat.shoot("12-error")
    assert in_sight(chat.status)


def test_what_went_wrong_at_the_first_question_is_told(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat()
    chat.page.route("**/api/chat", lambda route: route.abort())
    chat.field.fill(question(answers, "fietsen"))
    chat.field.press("Enter")
    expect(chat.status).to_contain_text(answers.practice.phone)
    chat.expect_phone_in_sight()
    chat.shoot("12-error-at-once")


def test_a_visitor_sees_that_the_assistant_is_busy(chat: Chat, answers: Answers) -> None:
    chat.ask(question(answers, "leeftijd"))
    waiting: list[Route] = []
    chat.page.route("**/api/chat", lambda route: waiting.append(route))
    chat.field.fill(question(answers, "fietsen"))
    chat.field.press("Enter")
    expect(chat.status).not_to_have_text("")
    chat.shoot("3-waiting")
    seen = in_sight(chat.status)
    waiting[0].continue_()
    expect(chat.turns).to_have_count(2)
    assert seen


@phone_only
def test_a_suggestion_that_fails_can_be_sent_again(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat()
    chat.page.route("**/api/chat", lambda route: route.abort())
    suggestion = answers.openers()[0]
    chat.page.get_by_role("button", name=suggestion.label).click()
    expect(chat.status).to_contain_text(answers.practice.phone)
    expect(chat.field).to_have_value(suggestion.message)


@phone_only
def test_a_conversation_that_the_service_forgot_begins_again(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat()
    chat.ask(question(answers, "leeftijd"))
    chat.page.locator("folderwijs-chat").evaluate("e => e.memory.set({ session: 'van voor de herstart' })")
    chat.ask(question(answers, "fietsen"))
    expect(chat.last).to_contain_text(answers.topic("fietsen").text)
    expect(chat.page.locator(".note")).to_contain_text("weet niet meer wat u eerder vroeg")
    chat.ask("waar staat dat?")
    expect(chat.last).to_contain_text(answers.topic("fietsen").sources[0].section)
    expect(chat.page.locator(".note")).to_have_count(1)


# On every size.


def test_the_phone_number_is_always_in_sight(chat: Chat, answers: Answers) -> None:
    chat.expect_phone_in_sight()
    for topic in ("risicofactoren", "beloop", "hersteltijd", "operatie"):
        chat.ask(question(answers, topic))
        chat.expect_phone_in_sight()
        chat.expect_no_sideways_scrolling()
    for place in ("0", "e.scrollHeight", "e.scrollHeight / 2"):
        chat.page.get_by_role("log").evaluate(f"e => {{ e.scrollTop = {place} }}")
        chat.expect_phone_in_sight()
        assert in_sight(chat.field)
    chat.shoot("13-long-conversation")


def test_a_new_answer_is_in_sight_after_a_long_conversation(chat: Chat, answers: Answers) -> None:
    for topic in ("risicofactoren", "beloop", "hersteltijd", "fietsen"):
        chat.ask(question(answers, topic))
    chat.shoot("14-new-answer")
    assert in_sight(chat.last.get_by_role("heading"))
    assert in_sight(chat.last.get_by_text(answers.topic("fietsen").text))


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_a_question_stays_in_sight_above_its_answer(chat: Chat, answers: Answers) -> None:
    chat.ask(question(answers, "leeftijd"))
    chat.ask(question(answers, "fietsen"))
    assert in_sight(chat.own_turns.last)


@phone_only
def test_the_hint_that_nothing_was_typed_is_in_sight(chat: Chat, answers: Answers) -> None:
    chat.ask(question(answers, "risicofactoren"))
    chat.field.press("Enter")
    expect(chat.status).to_contain_text("Typ eerst uw vraag")
    assert in_sight(chat.status)


def test_the_suggestions_of_a_new_answer_are_in_sight(chat: Chat, answers: Answers) -> None:
    chat.ask(question(answers, "fietsen"))
    assert all(in_sight(button) for button in chat.last.get_by_role("button").all())


def test_a_long_answer_is_shown_from_its_beginning(chat: Chat, answers: Answers) -> None:
    chat.page.set_viewport_size({"width": SIZES["phone"]["width"], "height": 600})
    chat.ask(question(answers, "leeftijd"))
    chat.ask(question(answers, "risicofactoren"))
    assert in_sight(chat.last.get_by_role("heading"))


@phone_only
def test_a_long_word_does_not_widen_the_page(chat: Chat) -> None:
    chat.ask("achillespees" * 40)
    chat.expect_no_sideways_scrolling()


@phone_only
def test_a_narrow_page_does_not_scroll_sideways(chat: Chat, answers: Answers) -> None:
    chat.page.set_viewport_size({"width": 320, "height": 568})
    chat.ask(question(answers, "risicofactoren"))
    chat.expect_no_sideways_scrolling()
    chat.expect_phone_in_sight()
    chat.shoot("15-narrow")


def test_buttons_are_large_enough_to_touch(chat: Chat, answers: Answers) -> None:
    chat.ask(question(answers, "fietsen"))
    boxes = [button.bounding_box() for button in chat.page.locator("button:visible:not(.skip), a.call:visible, summary:visible").all()]
    assert len(boxes) > 5
    assert all(box and box["width"] >= 44 and box["height"] >= 44 for box in boxes)


def test_the_page_can_be_dark(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat(color_scheme="dark")
    chat.ask(question(answers, "fietsen"))
    chat.ask(BREATHLESS)
    chat.shoot("16-dark")
    assert looks(chat.page.locator(".panel"))["backgroundColor"] not in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")


@phone_only
def test_a_conversation_stays_on_this_host_and_the_console_stays_empty(chat: Chat, answers: Answers, service: str) -> None:
    chat.ask(question(answers, "fietsen"))
    chat.last.get_by_text("Dit staat in de folder").click()
    chat.last.get_by_role("button").first.click()
    expect(chat.turns).to_have_count(2)
    chat.ask(KNAP)
    assert {"/", "/static/pages.css", "/api/widget", "/api/chat"} <= {urlsplit(url).path for url in chat.requests}
    assert {urlsplit(url).netloc for url in chat.requests} == {urlsplit(service).netloc}
    assert chat.complaints == []


@phone_only
def test_without_javascript_the_page_gives_the_phone_number(open_chat: Callable[..., Chat], answers: Answers, service: str) -> None:
    chat = open_chat(java_script_enabled=False)
    expect(chat.page.get_by_role("link", name=answers.practice.phone)).to_be_visible()
    [said] = re.findall("<noscript>(.*?)</noscript>", httpx.get(service).text, re.DOTALL)
    assert answers.practice.phone in said
