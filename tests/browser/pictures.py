"""Takes the pictures of the chat that the documentation shows; `make pictures` runs this."""

from __future__ import annotations

import tempfile
from pathlib import Path

from chat_page import ARGUMENTS, CHROMIUM, SIZES, Chat, question
from playwright.sync_api import Browser, sync_playwright
from service_process import service_process

from folderwijs.answers import Answers, load_answers
from folderwijs.settings import PROJECT

DOCS = PROJECT / "docs"
SETTINGS = {"kleur": 'data-color="#8e24aa"', "links": 'data-position="left"', "groet": 'data-greeting="Welkom bij onze praktijk!"'}


def take(browser: Browser, service: str, answers: Answers) -> None:
    """All pictures, each in a window of its own."""

    def visit(path: str, size: str, settings: str = "") -> Chat:
        page = browser.new_page(viewport=SIZES[size], locale="nl-NL", reduced_motion="reduce")
        page.route("**/voorbeeld", lambda route: route.fulfill(response=(given := route.fetch()), body=given.text().replace(" defer></script>\n</body>", f" {settings} defer></script>\n</body>")))
        chat = Chat(page, size, answers)
        page.goto(service + path)
        return chat

    def shoot(chat: Chat, name: str) -> None:
        chat.page.mouse.move(0, 0)
        chat.page.screenshot(path=DOCS / f"{name}.png")
        chat.page.close()

    chat = visit("/", "desk")
    chat.ask(question(answers, "fietsen"))
    chat.last.locator("summary").click()
    shoot(chat, "chat")
    shoot(visit("/voorbeeld", "desk"), "website-dicht")
    chat = visit("/voorbeeld", "desk")
    chat.unfold()
    shoot(chat, "website-open")
    chat = visit("/voorbeeld", "phone")
    chat.unfold()
    chat.ask(question(answers, "fietsen"))
    shoot(chat, "website-telefoon")
    for name, settings in SETTINGS.items():
        chat = visit("/voorbeeld", "desk", settings)
        chat.unfold()
        shoot(chat, f"website-{name}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, service_process(Path(folder) / "log") as service, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        take(browser, service, load_answers(PROJECT))
        browser.close()
