"""The chat as one visitor has it open, for the tests in a browser."""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

from playwright.sync_api import Locator, Page, ViewportSize, expect

from folderwijs.answers import Answers
from folderwijs.settings import PROJECT

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
ARGUMENTS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split()
SCREENSHOTS = PROJECT / "build" / "screenshots"
SIZES = {"phone": ViewportSize(width=390, height=844), "desk": ViewportSize(width=1280, height=800)}
MARKUP = '<img src="/x" onerror="window.hacked=1"><script>window.hacked=1</script><b>mag ik fietsen?</b>'
KNAP = "Ik hoorde een knap in mijn kuit en kan niet meer op mijn tenen staan"
BREATHLESS = "Mijn kuit is dik en ik ben ineens benauwd"


class Chat:
    """The chat page as one visitor has it open.

    Attributes:
        page: the page.
        requests: every address the page asked for.
        complaints: what the browser wrote in its console as an error.
    """

    def __init__(self, page: Page, size: str, answers: Answers) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._size = size
        self._phone = answers.practice.phone
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @property
    def field(self) -> Locator:
        return self.page.get_by_label("Uw vraag")

    @property
    def turns(self) -> Locator:
        """What the assistant said after its greeting."""
        return self.page.locator(".log .assistant:not(.greeting)")

    @property
    def own_turns(self) -> Locator:
        return self.page.locator(".log .visitor")

    @property
    def status(self) -> Locator:
        return self.page.get_by_role("status")

    @property
    def last(self) -> Locator:
        return self.turns.last

    def ask(self, message: str) -> None:
        """Type a message, press Enter, and wait for what comes of it."""
        before = self.turns.count()
        self.field.fill(message)
        self.field.press("Enter")
        expect(self.turns.nth(before)).to_be_visible()
        expect(self.status).to_have_text("")

    @property
    def launcher(self) -> Locator:
        return self.page.get_by_role("button", name="Vraag over de folder")

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("dialog")

    def unfold(self) -> None:
        """Open the chat in a website, and wait for its first words."""
        self.launcher.click()
        expect(self.page.locator(".greeting")).to_be_visible()

    def shoot(self, state: str) -> None:
        """Keep a picture of what is in sight."""
        self.page.screenshot(path=SCREENSHOTS / f"{state}-{self._size}.png")

    def expect_phone_in_sight(self) -> None:
        """The practice's phone number can be seen, and called."""
        link = self.page.locator(".people").get_by_role("link", name=self._phone)
        assert link.get_attribute("href") == f"tel:{re.sub('[^+0-9]', '', self._phone)}"
        assert in_sight(link)

    def expect_no_sideways_scrolling(self) -> None:
        """Neither the page nor anything in the chat is wider than there is room for."""
        assert self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        for part in (".panel", ".head", ".log", ".foot"):
            assert self.page.locator(part).evaluate("e => e.scrollWidth <= e.clientWidth"), part


def in_sight(element: Locator) -> bool:
    """Whether the whole of an element is within the window, with nothing before it."""
    seen: bool = element.evaluate(
        """e => {
          const box = e.getBoundingClientRect();
          return [[.5, .5], [.05, .1], [.95, .1], [.05, .9], [.95, .9]].every(([x, y]) => e.contains(e.getRootNode().elementFromPoint(box.x + box.width * x, box.y + box.height * y)));
        }"""
    )
    return seen


def question(answers: Answers, topic: str) -> str:
    """A message that is surely understood: the one the topic's button sends."""
    return answers.leaflet.topics[topic].ask


def reply(**fields: Any) -> dict[str, Any]:
    """A reply as the service gives it, with something else in it."""
    return {"kind": "answer", "text": "tekst", "title": "", "topics": [], "sources": [], "suggestions": [], "contacts": [], "subject": "", "sign": "", **fields}


def serve_instead(page: Page, *replies: dict[str, Any]) -> None:
    """Has the service give these replies to every message from now on."""
    body = json.dumps({"session": "s", "replies": replies, "forgotten": False})
    page.route("**/api/chat", lambda route: route.fulfill(status=200, content_type="application/json", headers={"access-control-allow-origin": "*"}, body=body))


def expect_no_markup(page: Page) -> None:
    """Nothing that was said became an element or ran."""
    assert page.evaluate("window.hacked") is None
    expect(page.locator(".log :is(img, script, b, iframe)")).to_have_count(0)
