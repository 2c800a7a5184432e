"""What can go wrong in a conversation, and what a visitor can do with it."""

from __future__ import annotations

import json
import re
import time
from typing import Any, Callable

import pytest
from chat_page import KNAP, Chat, in_sight, question, reply, serve_instead
from playwright.sync_api import Page, Route, expect

from folderwijs.answers import Answers

pytestmark = pytest.mark.parametrize("size", ["phone"])
FORGOTTEN = "weet niet meer wat u eerder vroeg"


def sent(page: Page) -> list[dict[str, Any]]:
    """From now on, the bodies of the messages that the page sends."""
    bodies: list[dict[str, Any]] = []
    page.on("request", lambda request: bodies.append(json.loads(request.post_data or "null")) if request.url.endswith("/api/chat") else None)
    return bodies


def kept(page: Page) -> str:
    """All that the browser keeps."""
    text: str = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])")
    return text


# Trouble.


def test_without_internet_a_question_is_sent_as_soon_as_that_is_back(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat()
    chat.ask(question(answers, "leeftijd"))
    chat.page.context.set_offline(True)
    chat.field.fill(question(answers, "fietsen"))
    chat.field.press("Enter")
    expect(chat.status).to_contain_text("U hebt geen internet")
    expect(chat.status).to_contain_text(answers.practice.phone)
    chat.shoot("40-offline")
    chat.page.context.set_offline(False)
    expect(chat.last).to_contain_text(answers.topic("fietsen").text)
    expect(chat.field).to_have_value("")
    expect(chat.own_turns).to_have_count(2)


def test_a_button_tries_again_and_loses_nothing(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat()
    chat.page.route("**/api/chat", lambda route: route.abort())
    chat.field.fill("half getypt")
    chat.page.locator(".suggestion").first.click()
    opener = answers.openers()[0].message
    expect(chat.status).to_contain_text(f"“{opener}”")
    expect(chat.field).to_have_value("half getypt")
    chat.page.unroute("**/api/chat")
    again = chat.page.get_by_role("button", name="Probeer opnieuw")
    assert in_sight(again)
    again.click()
    expect(chat.own_turns).to_have_text([re.compile(re.escape(opener))])
    expect(chat.turns).to_have_count(1)
    expect(again).to_have_count(0)
    expect(chat.field).to_have_value("half getypt")


def test_a_slow_answer_comes(chat: Chat, answers: Answers) -> None:
    chat.page.route("**/api/chat", lambda route: (time.sleep(1.5), route.continue_()))
    chat.field.fill(question(answers, "fietsen"))
    chat.field.press("Enter")
    expect(chat.status).to_have_text("De assistent zoekt het op …")
    expect(chat.last).to_contain_text(answers.topic("fietsen").text)
    expect(chat.status).to_have_text("")


def test_an_answer_that_never_comes_is_given_up(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat()
    expect(chat.page.locator(".greeting")).to_be_visible()
    chat.page.clock.install()
    chat.page.route("**/api/chat", lambda route: None)
    chat.field.fill(question(answers, "fietsen"))
    chat.field.press("Enter")
    expect(chat.status).to_have_text("De assistent zoekt het op …")
    chat.page.clock.run_for(31_000)
    expect(chat.status).to_contain_text("niet bereikbaar")
    expect(chat.field).to_have_value(question(answers, "fietsen"))


def test_a_chat_that_cannot_load_can_be_tried_again(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat(init="window.realFetch = fetch; window.fetch = (...given) => window.there ? realFetch(...given) : Promise.reject(new TypeError('weg'))")
    expect(chat.status).to_contain_text("De chat kan nu niet laden")
    expect(chat.status).to_contain_text(answers.practice.phone)
    chat.shoot("41-not-loaded")
    chat.page.evaluate("window.there = true")
    chat.page.get_by_role("button", name="Probeer opnieuw").click()
    expect(chat.page.locator(".greeting")).to_be_visible()
    expect(chat.status).to_have_text("")


def test_a_question_to_a_chat_that_could_not_load_brings_its_first_words_back(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat(init="window.realFetch = fetch; window.fetch = (...given) => window.there ? realFetch(...given) : Promise.reject(new TypeError('weg'))")
    expect(chat.status).to_contain_text("De chat kan nu niet laden")
    chat.page.evaluate("window.there = true")
    chat.ask(question(answers, "fietsen"))
    expect(chat.page.locator(".greeting")).to_be_visible()
    expect(chat.own_turns).to_have_count(1)
    expect(chat.turns).to_have_count(1)


def test_too_many_messages_are_told_with_how_long_and_not_sent_by_themselves(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat()
    bodies = sent(chat.page)
    error = {"error": {"code": "too_many_messages", "message": "x"}}
    chat.page.route("**/api/chat", lambda route: route.fulfill(status=429, headers={"retry-after": "12"}, json=error))
    chat.field.fill(question(answers, "fietsen"))
    chat.field.press("Enter")
    expect(chat.status).to_contain_text("Wacht 12 seconden")
    expect(chat.status).to_contain_text(answers.practice.phone)
    expect(chat.field).to_have_value(question(answers, "fietsen"))
    chat.page.evaluate("dispatchEvent(new Event('online'))")
    chat.page.wait_for_timeout(200)
    assert len(bodies) == 1


def test_too_long_a_message_is_counted_told_and_kept_whole(chat: Chat, answers: Answers) -> None:
    bodies = sent(chat.page)
    count = chat.page.locator(".count")
    chat.field.fill("a" * 799)
    expect(count).to_have_text("")
    chat.field.fill("😀" * 1000)
    expect(count).to_have_text("1000 van 1000 tekens")
    expect(chat.status).to_have_text("")
    chat.field.fill("a" * 1001)
    expect(count).to_have_text("1001 van 1000 tekens")
    chat.field.press("Enter")
    expect(chat.status).to_contain_text("Uw vraag is te lang")
    expect(chat.status).to_contain_text(answers.practice.phone)
    expect(chat.field).to_have_attribute("aria-invalid", "true")
    expect(chat.field).to_have_value("a" * 1001)
    chat.shoot("42-too-long")
    assert bodies == []
    chat.field.fill(question(answers, "fietsen"))
    expect(chat.status).to_have_text("")
    chat.field.press("Enter")
    expect(chat.turns).to_have_count(1)


def test_a_session_that_is_unknown_twice_is_told(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat()
    chat.ask(question(answers, "leeftijd"))
    bodies = sent(chat.page)
    refusal = {"error": {"code": "unknown_session", "message": f"Dit gesprek is niet bekend. Bel {answers.practice.phone}."}}
    chat.page.route("**/api/chat", lambda route: route.fulfill(status=400, json=refusal))
    chat.field.fill(question(answers, "fietsen"))
    chat.field.press("Enter")
    expect(chat.status).to_contain_text("niet bekend")
    assert [body["session"] is None for body in bodies] == [False, True]


def test_a_conversation_that_took_too_long_is_told(chat: Chat, answers: Answers) -> None:
    chat.ask(question(answers, "leeftijd"))
    body = json.dumps({"session": "s", "forgotten": True, "replies": [reply(text="Antwoord.")]})
    chat.page.route("**/api/chat", lambda route: route.fulfill(status=200, content_type="application/json", body=body))
    chat.ask("en bij vrouwen?")
    expect(chat.page.locator(".note")).to_contain_text(FORGOTTEN)


# What is kept in the tab.


def test_a_reload_loses_nothing(chat: Chat, answers: Answers) -> None:
    chat.ask(question(answers, "leeftijd"))
    chat.ask(KNAP)
    chat.field.fill("half getypt")
    said = chat.page.get_by_role("log").inner_text()
    chat.page.reload()
    expect(chat.turns).to_have_count(2)
    assert chat.page.get_by_role("log").inner_text() == said
    expect(chat.field).to_have_value("half getypt")
    chat.ask("wat is de leeftijd?")
    expect(chat.page.locator(".note")).to_have_count(0)


def test_what_another_script_wrote_there_does_no_harm(open_chat: Callable[..., Chat], answers: Answers) -> None:
    for rubbish in ("geen json", '{"turns": 5, "draft": null, "session": {}}', '{"turns": [1, null, {"reply": {"kind": "x", "text": "Wel."}}, {"own": {}}]}', "null"):
        chat = open_chat(init=f"for (const host of [location.origin]) sessionStorage.setItem(`folderwijs ${{host}}/ `, {json.dumps(rubbish)})")
        expect(chat.page.locator(".greeting")).to_be_visible()
        assert chat.complaints == []


def test_a_browser_that_keeps_nothing_can_chat(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat(init="Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('nee', 'SecurityError') } })")
    chat.ask(question(answers, "fietsen"))
    expect(chat.last).to_contain_text(answers.topic("fietsen").text)
    assert chat.complaints == []


def test_wissen_wipes_everything(chat: Chat, answers: Answers) -> None:
    bodies = sent(chat.page)
    chat.ask(question(answers, "fietsen"))
    chat.field.fill("geheim")
    assert "fietsen" in kept(chat.page)
    chat.page.get_by_role("button", name="Menu").click()
    chat.page.get_by_role("button", name="Wis gesprek").click()
    expect(chat.turns).to_have_count(0)
    expect(chat.own_turns).to_have_count(0)
    expect(chat.field).to_have_value("")
    expect(chat.field).to_be_focused()
    expect(chat.status).to_have_text("Het gesprek is gewist.")
    assert kept(chat.page) == '[{},{},""]'
    chat.ask(question(answers, "leeftijd"))
    assert [body["session"] for body in bodies] == [None, None]


def test_what_comes_in_after_wissen_is_not_shown(chat: Chat, answers: Answers) -> None:
    waiting: list[Route] = []
    chat.page.route("**/api/chat", lambda route: waiting.append(route))
    chat.field.fill(question(answers, "fietsen"))
    chat.field.press("Enter")
    expect(chat.own_turns).to_have_count(1)
    chat.page.get_by_role("button", name="Menu").click()
    chat.page.get_by_role("button", name="Wis gesprek").click()
    waiting[0].continue_()
    chat.page.wait_for_timeout(300)
    expect(chat.turns).to_have_count(0)
    assert "fietsen" not in kept(chat.page)


def test_two_tabs_have_a_conversation_each(chat: Chat, answers: Answers, service: str) -> None:
    other = chat.page.context.new_page()
    other.goto(service)
    first, second = sent(chat.page), sent(other)
    chat.ask(question(answers, "leeftijd"))
    other_chat = Chat(other, "phone", answers)
    other_chat.ask(question(answers, "fietsen"))
    chat.ask("waar staat dat?")
    other_chat.ask("waar staat dat?")
    expect(chat.last).to_contain_text(answers.topic("leeftijd").sources[0].section)
    expect(other_chat.last).to_contain_text(answers.topic("fietsen").sources[0].section)
    assert first[1]["session"] != second[1]["session"]


def test_a_tab_that_is_duplicated_goes_its_own_way(chat: Chat, answers: Answers) -> None:
    chat.ask(question(answers, "leeftijd"))
    with chat.page.expect_popup() as popup:
        chat.page.evaluate("open('/')")
    copy = Chat(popup.value, "phone", answers)
    expect(copy.turns).to_have_count(1)
    copy.page.wait_for_function("!document.querySelector('folderwijs-chat').memory.value.session")
    bodies = sent(copy.page)
    copy.ask(question(answers, "fietsen"))
    assert bodies[0]["session"] is None
    expect(copy.page.locator(".note")).to_contain_text(FORGOTTEN)
    chat.ask("waar staat dat?")
    expect(chat.last).to_contain_text(answers.topic("leeftijd").sources[0].section)
    expect(chat.page.locator(".note")).to_have_count(0)


# What a visitor can do.


def test_a_human_is_one_tap_away_even_without_the_service(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat()
    expect(chat.page.locator(".greeting")).to_be_visible()
    chat.page.context.set_offline(True)
    chat.page.get_by_role("button", name="Praat met een mens").click()
    expect(chat.last).to_contain_text(answers.practice.phone)
    assert chat.last.get_by_role("link", name=answers.practice.phone).first.get_attribute("href") == f"tel:{re.sub('[^0-9+]', '', answers.practice.phone)}"
    chat.shoot("43-human")


def test_geen_van_deze_is_asked_like_a_question(chat: Chat) -> None:
    bodies = sent(chat.page)
    serve_instead(chat.page, reply(kind="clarify", text="Bedoelt u dit?", suggestions=[{"label": "A", "message": "a", "topic": None}] * 2))
    chat.ask("dinges")
    chat.last.get_by_role("button", name="Geen van deze").click()
    expect(chat.own_turns).to_have_count(2)
    assert bodies[-1]["message"] == "Geen van deze"


def test_a_source_leads_to_its_sentence_in_the_whole_leaflet(chat: Chat, answers: Answers) -> None:
    for topic in ("fietsen", "risicofactoren"):
        chat.ask(question(answers, topic))
        chat.last.locator("summary").click()
        with chat.page.expect_popup() as popup:
            chat.last.get_by_role("link", name="Lees het in de hele folder").last.click()
        page = popup.value
        expect(page.locator("mark").first).to_be_visible()
        marked = " ".join(page.locator("mark").all_inner_texts())
        quote = answers.topic(topic).sources[-1].quote
        assert re.findall(r"\w+", quote.splitlines()[-1])[-3:] == re.findall(r"\w+", marked)[-3:]
        expect(page.locator("#zin")).to_be_in_viewport(ratio=1)
        assert page.evaluate("opener") is None
        page.screenshot(path=f"build/screenshots/44-folder-{topic}.png")


def test_the_conversation_is_copied_with_its_sources(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat(permissions=["clipboard-read", "clipboard-write"])
    chat.ask(question(answers, "fietsen"))
    chat.page.get_by_role("button", name="Menu").click()
    chat.page.get_by_role("button", name="Kopieer gesprek").click()
    expect(chat.status).to_have_text("Het gesprek is gekopieerd.")
    copied = chat.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"U: {question(answers, 'fietsen')}\n\nAssistent: {answers.topic('fietsen').text}\n“{answers.topic('fietsen').sources[0].quote}”")
    assert answers.practice.phone in copied


@pytest.mark.parametrize("path", ["/", "/voorbeeld"])
def test_the_conversation_alone_is_printed(open_chat: Callable[..., Chat], answers: Answers, path: str) -> None:
    chat = open_chat(path, init="window.print = () => { window.printed = document.querySelector('folderwijs-chat').hasAttribute('data-printing') }")
    if path != "/":
        chat.unfold()
    chat.ask(question(answers, "fietsen"))
    chat.page.get_by_role("button", name="Menu").click()
    chat.page.get_by_role("button", name="Print gesprek").click()
    assert chat.page.evaluate("window.printed") is True
    chat.page.emulate_media(media="print")
    expect(chat.last.locator(".quote")).to_be_visible()
    expect(chat.page.locator(".foot")).to_be_hidden()
    expect(chat.page.locator("h1").first).to_be_visible(visible=path == "/")
    chat.page.screenshot(path=f"build/screenshots/45-print{path.replace('/', '-')}.png", full_page=True)
    chat.page.emulate_media(media="screen")
    chat.page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(chat.last.locator(".quote")).to_be_hidden()
    assert chat.page.evaluate("document.adoptedStyleSheets.length") == 0


# Opinions.


def rated(chat: Chat) -> list[dict[str, Any]]:
    """Has the service ask for opinions; gives those that are sent."""
    ratings: list[dict[str, Any]] = []

    def take(route: Route) -> None:
        ratings.append(json.loads(route.request.post_data or ""))
        route.fulfill(status=204)

    chat.page.route("**/api/widget", lambda route: route.fulfill(json={**route.fetch().json(), "feedback": True}))
    chat.page.route("**/api/feedback", take)
    chat.page.reload()
    expect(chat.page.locator(".greeting")).to_be_visible()
    return ratings


def test_an_opinion_with_one_line_of_why(chat: Chat, answers: Answers) -> None:
    ratings = rated(chat)
    chat.ask(question(answers, "fietsen"))
    chat.last.get_by_role("button", name="Dit hielp niet").click()
    why = chat.last.get_by_label("Waarom?")
    expect(why).to_be_focused()
    assert in_sight(chat.last.get_by_role("button", name="Verstuur"))
    chat.shoot("46-why")
    why.fill("te kort")
    why.press("Enter")
    expect(chat.last).to_contain_text("Bedankt")
    expect(chat.field).to_be_focused()
    session = chat.page.locator("folderwijs-chat").evaluate("e => e.memory.value.session")
    assert ratings == [{"session": session, "message": question(answers, "fietsen"), "topics": ["fietsen"], "helpful": False, "why": "te kort"}]


def test_an_opinion_without_why(chat: Chat, answers: Answers) -> None:
    ratings = rated(chat)
    chat.ask(question(answers, "fietsen"))
    chat.last.get_by_role("button", name="Dit hielp", exact=True).click()
    chat.last.get_by_role("button", name="Zonder uitleg").click()
    expect(chat.last).to_contain_text("Bedankt")
    assert [(rating["helpful"], rating["why"]) for rating in ratings] == [(True, None)]


def test_an_opinion_is_sent_once_when_the_visitor_just_goes_on(chat: Chat, answers: Answers) -> None:
    ratings = rated(chat)
    chat.ask(question(answers, "fietsen"))
    chat.last.get_by_role("button", name="Dit hielp", exact=True).click()
    chat.ask(question(answers, "leeftijd"))
    chat.ask(question(answers, "beloop"))
    assert [(rating["helpful"], rating["topics"]) for rating in ratings] == [(True, ["fietsen"])]


def test_nobody_is_asked_for_an_opinion_that_is_not_kept(chat: Chat, answers: Answers) -> None:
    chat.ask(question(answers, "fietsen"))
    expect(chat.page.get_by_role("button", name=re.compile("hielp"))).to_have_count(0)


def test_an_alarm_asks_for_no_opinion(chat: Chat) -> None:
    rated(chat)
    chat.ask(KNAP)
    expect(chat.page.get_by_role("button", name=re.compile("hielp"))).to_have_count(0)
