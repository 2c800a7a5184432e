"""Reading aloud and speaking, with a browser's speech functions played by the test."""

from __future__ import annotations

import re
from typing import Callable

import pytest
from chat_page import Chat, question
from playwright.sync_api import expect

from folderwijs.answers import Answers

pytestmark = pytest.mark.parametrize("size", ["phone"])
VOICES = """
window.spoken = [];
const voices = %s;
const speech = new EventTarget();
Object.assign(speech, { getVoices: () => voices, speak: (said) => { spoken.push(said) }, cancel: () => { window.cancelled = (window.cancelled || 0) + 1 } });
Object.defineProperty(window, 'speechSynthesis', { value: speech });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text } };
"""
RECOGNITION = """
window.started = 0;
window.SpeechRecognition = class {
  start() { window.started += 1; window.listening = this; }
  stop() { this.onend(); }
  hear(text) { this.onresult({ results: [[{ transcript: text }]] }); }
};
"""
NO_RECOGNITION = "delete window.SpeechRecognition; delete window.webkitSpeechRecognition;"
OWN_VOICE = '[{ lang: "en-US", localService: true }, { lang: "nl-NL", localService: true, name: "eigen" }]'


def test_an_answer_is_read_aloud_by_a_dutch_voice(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat(init=VOICES % OWN_VOICE)
    chat.ask(question(answers, "fietsen"))
    chat.ask(question(answers, "leeftijd"))
    first, second = (chat.turns.nth(place).get_by_role("button", name=re.compile("Lees voor|Stop met voorlezen")) for place in (0, 1))
    first.click()
    said = chat.page.evaluate("[spoken[0].text, spoken[0].lang, spoken[0].voice.name]")
    assert answers.topic("fietsen").text in said[0]
    assert said[1:] == ["nl-NL", "eigen"]
    expect(first).to_have_text("Stop met voorlezen")
    expect(first).to_have_attribute("aria-pressed", "true")
    chat.shoot("50-reading")
    second.click()
    expect(first).to_have_text("Lees voor")
    expect(second).to_have_text("Stop met voorlezen")
    second.click()
    expect(second).to_have_text("Lees voor")
    assert chat.page.evaluate("cancelled") >= 2
    first.click()
    chat.page.evaluate("spoken[2].onend()")
    expect(first).to_have_text("Lees voor")


@pytest.mark.parametrize("voices", ["[]", '[{ lang: "en-US", localService: true }]', '[{ lang: "nl-NL", localService: false }]'])
def test_without_a_dutch_voice_on_the_device_nothing_offers_to_read(open_chat: Callable[..., Chat], answers: Answers, voices: str) -> None:
    chat = open_chat(init=VOICES % voices)
    chat.ask(question(answers, "fietsen"))
    expect(chat.page.get_by_role("button", name="Lees voor")).to_have_count(0)


def test_voices_that_come_later_count(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat(init=VOICES % "[]")
    chat.ask(question(answers, "fietsen"))
    chat.page.evaluate("speechSynthesis.getVoices = () => [{ lang: 'nl_BE', localService: true }]; speechSynthesis.dispatchEvent(new Event('voiceschanged'))")
    expect(chat.last.get_by_role("button", name="Lees voor")).to_be_visible()


def test_closing_the_chat_stops_the_reading(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat("/voorbeeld", init=VOICES % OWN_VOICE)
    chat.unfold()
    chat.ask(question(answers, "fietsen"))
    chat.last.get_by_role("button", name="Lees voor").click()
    chat.page.keyboard.press("Escape")
    assert chat.page.evaluate("cancelled") == 1


def test_speaking_asks_first_and_fills_in_the_question(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat(init=RECOGNITION)
    expect(chat.page.locator(".greeting")).to_be_visible()
    chat.field.fill("Nog iets:")
    speak = chat.page.get_by_role("button", name="Spreek uw vraag in")
    speak.click()
    expect(chat.status).to_contain_text("maker van uw browser")
    expect(chat.page.get_by_role("button", name="Ja", exact=True)).to_be_focused()
    chat.shoot("51-may-listen")
    assert chat.page.evaluate("started") == 0
    chat.page.get_by_role("button", name="Ja", exact=True).click()
    expect(chat.status).to_have_text("De computer luistert …")
    assert chat.page.evaluate("[started, listening.lang]") == [1, "nl-NL"]
    chat.page.evaluate("listening.hear('mag ik'); listening.hear('mag ik fietsen')")
    expect(chat.field).to_have_value("Nog iets: mag ik fietsen")
    chat.page.get_by_role("button", name="Stop met luisteren").click()
    expect(chat.status).to_have_text("")
    expect(chat.field).to_be_focused()
    expect(chat.own_turns).to_have_count(0)
    speak.click()
    assert chat.page.evaluate("started") == 2, "who said yes is not asked again in this tab"


def test_who_says_no_is_not_listened_to(open_chat: Callable[..., Chat]) -> None:
    chat = open_chat(init=RECOGNITION)
    speak = chat.page.get_by_role("button", name="Spreek uw vraag in")
    speak.click()
    chat.page.get_by_role("button", name="Nee", exact=True).click()
    expect(chat.status).to_have_text("")
    expect(speak).to_be_focused()
    assert chat.page.evaluate("started") == 0
    speak.click()
    expect(chat.status).to_contain_text("maker van uw browser")


def test_a_microphone_that_fails_is_told(open_chat: Callable[..., Chat], answers: Answers) -> None:
    chat = open_chat(init=RECOGNITION)
    chat.page.get_by_role("button", name="Spreek uw vraag in").click()
    chat.page.get_by_role("button", name="Ja", exact=True).click()
    chat.page.evaluate("listening.onerror({ error: 'not-allowed' }); listening.onend()")
    expect(chat.status).to_contain_text("Typ uw vraag")
    expect(chat.status).to_contain_text(answers.practice.phone)


def test_a_browser_that_cannot_listen_has_no_microphone(open_chat: Callable[..., Chat]) -> None:
    chat = open_chat(init=NO_RECOGNITION)
    expect(chat.page.locator(".greeting")).to_be_visible()
    expect(chat.page.get_by_role("button", name="Spreek uw vraag in")).to_have_count(0)
