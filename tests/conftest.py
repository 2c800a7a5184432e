"""What several test files share: the content, one trained model, and the service around it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Callable, Iterator

import hypothesis
import pytest
from content_copy import ContentCopy

from folderwijs import unused_packages

unused_packages.install()  # before anything imports Rasa

from rasa.core.channels.channel import UserMessage  # noqa: E402
from rasa.core.processor import MessageProcessor  # noqa: E402
from starlette.testclient import TestClient  # noqa: E402

from folderwijs import cli, training  # noqa: E402
from folderwijs.answers import Answers, load_answers  # noqa: E402
from folderwijs.app import Service  # noqa: E402
from folderwijs.dialogue import SEVERAL  # noqa: E402
from folderwijs.engine import Engine, memory_store  # noqa: E402
from folderwijs.settings import PROJECT, Settings, load_settings  # noqa: E402

hypothesis.settings.register_profile("folderwijs", deadline=None, derandomize=True, max_examples=100)
hypothesis.settings.load_profile("folderwijs")

@pytest.fixture(scope="session")
def answers() -> Answers:
    """The project's own content."""
    return load_answers(PROJECT)


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The default settings, without rate limits."""
    return load_settings({"LIMITS": "off"})


@pytest.fixture(scope="session")
def model() -> Path:
    """The model, trained first where it is missing or out of date."""
    if cli.main(["train"]):
        pytest.fail("the model cannot be trained")  # no AssertionError: a known defect that expects one must not hide this
    return training.MODEL


@pytest.fixture(scope="session")
def engine(model: Path, answers: Answers, settings: Settings) -> Engine:
    """The engine around the model."""
    return Engine(model, answers, memory_store(settings))


@pytest.fixture(scope="session")
def client(engine: Engine, answers: Answers, settings: Settings) -> Iterator[TestClient]:
    """A client of the running service; what fails inside it comes back as the visitor would see it."""
    with TestClient(Service(settings, answers, lambda: engine).app(), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def chat(client: TestClient) -> Callable[..., dict[str, Any]]:
    """Sends one message, and gives the body of the reply."""

    def send(message: str, session: str | None = None) -> dict[str, Any]:
        response = client.post("/api/chat", content=json.dumps({"message": message, "session": session}))
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    return send


@pytest.fixture(scope="session")
def refused(answers: Answers) -> Callable[..., str]:
    """Checks that a response is a refusal in Dutch with the phone number, and gives its code."""

    def check(response: Any, status: int | None = None) -> str:
        assert response.status_code == status if status else 400 <= response.status_code < 500, response.text
        error = response.json()["error"]
        assert error["message"].endswith(f"Bel {answers.practice.name}, {answers.practice.phone}.")
        code: str = error["code"]
        return code

    return check


@pytest.fixture
def understood_as(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Has every message understood as the given intents, so that a test leans on nothing that was learned.

    Without intents, a message is the name of its own intent.
    """

    def set_intents(*intents: str) -> None:
        async def parse(self: MessageProcessor, message: UserMessage, *arguments: Any) -> dict[str, Any]:
            asked = intents or (message.text,)
            parts = [{"text": message.text, "intent": intent, "confidence": 1.0, "ranking": [[intent, 1.0]]} for intent in asked]
            whole = asked[0] if len(asked) == 1 else SEVERAL
            return {"text": message.text, "intent": {"name": whole, "confidence": 1.0}, "entities": [], "parts": parts}

        monkeypatch.setattr(MessageProcessor, "parse_message", parse)

    return set_intents


@pytest.fixture
def content(tmp_path: Path) -> ContentCopy:
    """A copy of everything an editor writes."""
    shutil.copytree(PROJECT / "leaflets", tmp_path / "leaflets")
    for name in ("practice.yml", "urgent.yml", "texts.yml", "domain.yml", "lexicon.yml"):
        shutil.copy(PROJECT / name, tmp_path / name)
    return ContentCopy(tmp_path)
