"""What the tests in a browser share: a service in a process of its own, a browser, and the chat open in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterator
from urllib.parse import urlsplit

import pytest
from chat_page import ARGUMENTS, CHROMIUM, SIZES, Chat
from host_site import HostSite, host_site
from playwright.sync_api import Browser, sync_playwright
from service_process import service_process

from folderwijs.answers import Answers


@pytest.fixture(scope="session")
def site() -> Iterator[HostSite]:
    """A clinic's website, whose origin the service lists."""
    with host_site() as site:
        yield site


@pytest.fixture(scope="session")
def service(model: Path, site: HostSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service in a process of its own."""
    with service_process(tmp_path_factory.mktemp("browser") / "log", ORIGINS=site.url) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium; for one module only, as Playwright's event loop runs until it is closed and others need their own."""
    if CHROMIUM is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on PATH: the chat is not tried in a browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    """The name of a size of window: every test that needs one runs on each."""
    name: str = request.param
    return name


@pytest.fixture
def open_chat(browser: Browser, service: str, answers: Answers, size: str) -> Iterator[Callable[..., Chat]]:
    """Opens the chat: on its own page, on another page of the service, or on another website."""
    contexts = []

    def open_page(address: str = "/", init: str = "", **options: Any) -> Chat:
        contexts.append(browser.new_context(**{"viewport": SIZES[size], "locale": "nl-NL", "reduced_motion": "reduce", **options}))
        contexts[-1].add_init_script(init)
        chat = Chat(contexts[-1].new_page(), size, answers)
        chat.page.goto(service + address if address.startswith("/") else address)
        return chat

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def chat(open_chat: Callable[..., Chat], service: str) -> Iterator[Chat]:
    """The chat page; whatever a test does with it, it must neither go elsewhere nor complain."""
    chat = open_chat()
    yield chat
    assert {urlsplit(url).netloc for url in chat.requests} == {urlsplit(service).netloc}
    assert chat.complaints == []
