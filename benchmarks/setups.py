"""What is compared: ours and two stock set-ups, each a folder with a model, commands that serve it, and a way to chat with it."""

from __future__ import annotations

import hashlib
import json
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

from benchmarks.processes import Running, load_average, running
from benchmarks.stock import DEFAULT, LEANEST, Questions, our_questions, read_questions, write_project
from folderwijs.settings import PROJECT

BUILD = PROJECT / "build" / "benchmarks"
"""Where the stock projects are made, and kept until what they are made from changes."""

SAMPLE = 20
"""Questions an intent that the default pipeline is trained on: on all of them it takes hours on two cores."""

Request = Callable[[str, Optional[str]], dict[str, Any]]
"""From a message and the conversation it belongs to (None: a new one) to the body to post."""


class TrainingFailed(Exception):
    """Raised where a set-up could not be trained; says why."""


@dataclass(frozen=True)
class Setup:
    """A way to serve the assistant.

    Attributes:
        name: a word for files and figures.
        title: what it is called in the report.
        folder: where its commands run.
        train: the command that trains it.
        serve: from a port to the commands that serve it there.
        environment: from a port to the environment for them.
        path: where messages are posted.
        request: makes the body.
        conversation: from a reply to the conversation it belongs to, None where there is no good reply.
    """

    name: str
    title: str
    folder: Path
    train: tuple[str, ...]
    serve: Callable[[int], list[list[str]]]
    environment: Callable[[int], dict[str, str]]
    path: str
    request: Request
    conversation: Callable[[Any], Optional[str]]


def ours(folder: Path = PROJECT, name: str = "ours") -> Setup:
    """Our service, with one worker."""
    return Setup(
        name, "ours", folder, (sys.executable, "-m", "folderwijs", "train", "--force"),
        lambda port: [[sys.executable, "-m", "folderwijs", "serve"]],
        lambda port: {"HOST": "127.0.0.1", "PORT": str(port), "LIMITS": "off", "WORKERS": "1", "QUESTIONS_DB": str(BUILD / f"{name}-questions.sqlite3"), "PYTHONPATH": str(folder)},
        "/api/chat", lambda message, conversation: {"message": message, "session": conversation}, _our_conversation,
    )


def stock(name: str, title: str, config: Mapping[str, Any], questions: Questions, domain: Path, rules: Path, *, stories: bool) -> Setup:
    """A stock project in a folder of its own, served as the documentation says: `rasa run` beside `rasa run actions`.

    Args:
        name, title: see `Setup`.
        config: for its config.yml.
        questions: to train on.
        domain, rules: files to take over.
        stories: whether it also learns from our stories.
    """
    folder = BUILD / name
    action_port = 20_000 + int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10_000
    write_project(folder, config, questions, action_port, domain, rules, stories)
    rasa = [sys.executable, "-m", "rasa"]
    return Setup(
        name, title, folder, (*rasa, "train", "--force", "--fixed-model-name", "model"),
        lambda port: [[*rasa, "run", "--interface", "127.0.0.1", "--port", str(port)], [*rasa, "run", "actions", "--actions", "actions", "--port", str(action_port)]],
        lambda port: {}, "/webhooks/rest/webhook",
        lambda message, conversation: {"message": message, "sender": conversation or f"c{random.getrandbits(64):x}"},  # noqa: S311, no secret
        lambda replies: str(replies[0]["recipient_id"]) if replies else None,
    )


def default() -> Setup:
    """What `rasa init` sets up, on a sample of our questions."""
    draw = random.Random(1)  # noqa: S311, no secret
    sample = {intent: draw.sample(texts, min(SAMPLE, len(texts))) for intent, texts in sorted(our_questions().items())}
    return stock("default", "stock, default pipeline", DEFAULT, sample, PROJECT / "domain.yml", PROJECT / "data" / "rules.yml", stories=True)


def leanest() -> Setup:
    """The leanest stock pipeline, on the very questions that ours is trained on."""
    return stock("leanest", "stock, leanest pipeline", LEANEST, our_questions(), PROJECT / "domain.yml", PROJECT / "data" / "rules.yml", stories=False)


def trained(setup: Setup, seconds: float = 7_200) -> dict[str, Any]:
    """Train a set-up, unless it was trained on the same files before.

    Args:
        setup: what is trained.
        seconds: after which it is given up.

    Returns:
        Seconds the training took, the load of the machine during it, and the hash of what it was trained on.

    Raises:
        TrainingFailed: with the last that the training said.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    record, files = BUILD / f"{setup.name}.json", _fingerprint(setup.folder)
    if record.is_file():
        before: dict[str, Any] = json.loads(record.read_text("utf8"))
        if before["files"] == files:
            if "failed" in before:
                raise TrainingFailed(before["failed"])
            return before
    load = load_average()
    started = time.monotonic()
    log = BUILD / f"{setup.name}-training.log"
    with running([setup.train], setup.folder, log, {"PYTHONPATH": str(setup.folder)}) as process:
        code, most = _wait(process, seconds)
    found: dict[str, Any] = {"files": files, "seconds": round(time.monotonic() - started, 1), "megabytes": round(most), "load": max(load, load_average())}
    if code:
        found["failed"] = f"training given up after {found['seconds']:.0f} s, with {most:,.0f} MB of memory" if code == _TIMED_OUT else log.read_text("utf8", "replace")[-300:]
    record.write_text(json.dumps(found), "utf8")
    if code:
        raise TrainingFailed(found["failed"])
    return found


_TIMED_OUT = 124
_MOST_MEGABYTES = 10_000


def _wait(process: Running, seconds: float) -> tuple[int, float]:
    """Wait for a process to end, or to take too long or too much memory; its exit status, and the most memory it was seen to have, in MB."""
    most, until = 0.0, time.monotonic() + seconds
    while process.alive:
        most = max(most, process.usage().megabytes)
        if time.monotonic() > until or most > _MOST_MEGABYTES:
            return _TIMED_OUT, most
        time.sleep(0.2)
    return process.status, most


def _fingerprint(folder: Path) -> str:
    """A hash of all that a model of the project in `folder` is made from."""
    digest = hashlib.sha256()
    for name in ("config.yml", "domain.yml", "data", "lexicon.yml", "urgent.yml", "leaflets", "folderwijs/understanding", "folderwijs/nlu"):
        path = folder / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix in {".yml", ".tsv", ".py", ".txt"} and file.is_file():
                digest.update(f"\0{file.relative_to(folder)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _our_conversation(reply: Any) -> Optional[str]:
    if any(each["kind"] == "error" for each in reply["replies"]):
        return None
    return str(reply["session"])


def questions_of(setup: Setup) -> int:
    """How many questions a stock set-up is trained on."""
    return sum(map(len, read_questions(setup.folder / "data" / "nlu.yml").values()))
