"""The project as any Rasa user finds it: the `rasa` command, on a copy that trains in seconds."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, Iterator, NamedTuple

import httpx
import pytest
import yaml

from evaluation.assistant import training_examples
from evaluation.near_duplicates import near_duplicates
from evaluation.questions import load_dialogues, load_questions
from folderwijs.answers import Answers
from folderwijs.dialogue import SEVERAL, UNSURE
from folderwijs.settings import PROJECT
from folderwijs.understanding.context import load_follow_ups

RASA = Path(sys.executable).with_name("rasa")
SECONDS = 240
"""How long one command may take: importing Rasa alone takes 5 to 30 seconds."""
EACH = 3  # training questions of each intent in the copy
ACTIONS_URL = "http://localhost:5055/webhook"  # as endpoints.yml has it
NEVER_TRAINED = {SEVERAL, UNSURE}  # set by the pipeline
AT_LEAST = {"topic": 60, "gap": 25}  # training questions

pytestmark = pytest.mark.timeout(2 * SECONDS)


class Question(NamedTuple):
    """One training question, and where it stands."""

    file: str
    intent: str
    text: str


def training_questions() -> list[Question]:
    """Every training question of the project, file by file."""
    files = [PROJECT / "data" / "nlu.yml", *sorted((PROJECT / "data" / "nlu").glob("*.yml"))]
    return [
        Question(file.name, entry["intent"], line.removeprefix("- "))
        for file in files
        for entry in yaml.load(file.read_text("utf8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["nlu"]
        for line in entry["examples"].splitlines()
    ]


@pytest.fixture(scope="module")
def questions() -> list[Question]:
    return training_questions()


def bare(text: str) -> str:
    """A message in lower case without punctuation; what is nothing but punctuation, as it is."""
    return " ".join(re.findall(r"\w+", text.lower())) or text.strip()


# The training data.


def test_every_intent_has_training_questions_and_no_other_has(questions: list[Question]) -> None:
    intents = yaml.safe_load((PROJECT / "domain.yml").read_text("utf8"))["intents"]
    assert {question.intent for question in questions} == set(intents) - NEVER_TRAINED


@pytest.mark.parametrize("kind", AT_LEAST)
def test_every_question_of_the_catalogue_has_enough_training_questions(questions: list[Question], answers: Answers, kind: str) -> None:
    counts: dict[str, int] = defaultdict(int)
    for question in questions:
        counts[question.intent] += 1
    ids = [id_ for id_ in answers.questions if (id_ in answers.leaflet.topics) == (kind == "topic")]
    assert ids
    assert {id_: counts[id_] for id_ in ids if counts[id_] < AT_LEAST[kind]} == {}


def test_no_training_question_is_empty(questions: list[Question]) -> None:
    assert [question for question in questions if not question.text.strip()] == []


def test_no_training_question_stands_twice(questions: list[Question]) -> None:
    places: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        places[bare(question.text)].append(question)
    assert [found for found in places.values() if len(found) > 1] == []


def test_no_message_has_two_labels(questions: list[Question]) -> None:
    labels: dict[str, set[str]] = defaultdict(set)
    for question in questions:
        labels[bare(question.text)].add(question.intent)
    assert {text: found for text, found in labels.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(range(2, 4), id="2 or 3 words"),  # one word ("hoi") belongs to nobody
        pytest.param(range(4, 200), id="4 words or more"),
    ],
)
def test_no_held_out_text_was_trained_on(questions: list[Question], words: range) -> None:
    held_out = [question.text for question in load_questions()] + [text for dialogue in load_dialogues() for text, _ in dialogue.turns]
    trained = {bare(question.text) for question in questions}
    assert [text for text in held_out if len(bare(text).split()) in words and bare(text) in trained] == []


def test_no_follow_up_stands_twice_or_is_a_held_out_text() -> None:
    follow_ups = [(before, bare(text)) for _, _, (before, text, _) in load_follow_ups(PROJECT / "data" / "follow_ups")]
    assert len(set(follow_ups)) == len(follow_ups) > 3000
    held_out = {bare(text) for dialogue in load_dialogues() for text, _ in dialogue.turns} | {bare(question.text) for question in load_questions()}
    assert [text for _, text in follow_ups if text in held_out and len(text.split()) > 3] == []  # shorter ones ("hoe lang dan") belong to nobody


# The rasa command.


class Command:
    """A `rasa` command that runs in the copy, in a process group of its own, with its output in a file."""

    def __init__(self, project: Path, *arguments: str, typed: str = "") -> None:
        self.log = project / f"{'-'.join(word.strip('-') for word in arguments[:2])}.log"
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment |= {"RASA_TELEMETRY_ENABLED": "false", "PYTHONWARNINGS": "ignore", "TF_CPP_MIN_LOG_LEVEL": "3"}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [str(RASA), *arguments], cwd=project, env=environment, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        assert self.process.stdin
        self.process.stdin.write(typed.encode())
        self.process.stdin.close()

    @property
    def output(self) -> str:
        return self.log.read_text("utf8", errors="replace").replace("\r", "\n")

    def finish(self) -> str:
        """Wait until it ends, and give its output."""
        try:
            status = self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running: {self.output[-4000:]}")
        if status:
            pytest.fail(f"ended with {status}: {self.output[-4000:]}")
        return self.output

    def wait_until_healthy(self, url: str) -> None:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if httpx.get(url).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        pytest.fail(f"{url} does not answer: {self.output[-4000:]}")

    def kill(self) -> None:
        """End it, with every process it started."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)
                self.process.wait(10)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue


class RasaProject:
    """A copy of the project with few training questions, and the commands that run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commands: list[Command] = []

    def rasa(self, *arguments: str, typed: str = "") -> Command:
        command = Command(self.folder, *arguments, typed=typed)
        self.commands.append(command)
        return command


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, questions: list[Question]) -> Iterator[RasaProject]:
    folder = tmp_path_factory.mktemp("rasa")
    for path in PROJECT.glob("*.yml"):
        shutil.copy(path, folder)
    for name in ("actions", "data", "folderwijs", "leaflets"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "nlu" if name == "data" else ""))
    (folder / "data" / "nlu").mkdir()
    few: dict[str, list[str]] = defaultdict(list)
    for question in questions:
        if len(few[question.intent]) < EACH:
            few[question.intent].append(f"- {question.text}\n")
    data = {"version": "3.1", "nlu": [{"intent": intent, "examples": "".join(lines)} for intent, lines in few.items()]}
    (folder / "data" / "nlu.yml").write_text('version: "3.1"\nnlu: []\n', "utf8")
    (folder / "data" / "nlu" / "few.yml").write_text(yaml.safe_dump(data, allow_unicode=True), "utf8")
    project = RasaProject(folder)
    try:
        yield project
    finally:
        for command in project.commands:
            command.kill()


@pytest.fixture(scope="module")
def validating(project: RasaProject) -> Command:
    """`rasa data validate`, started together with the training."""
    return project.rasa("data", "validate")


@pytest.fixture(scope="module")
def trained(project: RasaProject, validating: Command) -> str:
    """The output of `rasa train`, while the data is validated beside it."""
    return project.rasa("train", "--out", "models").finish()


class Running(NamedTuple):
    """What runs side by side once there is a model."""

    url: str
    shell: Command
    core: Command


@pytest.fixture(scope="module")
def running(project: RasaProject, trained: str, answers: Answers) -> Running:
    """`rasa run actions` and `rasa run`, and beside them `rasa shell` and `rasa test core`."""
    port, actions_port, shell_port = free_ports(3)
    endpoints = project.folder / "endpoints.yml"
    assert ACTIONS_URL in endpoints.read_text("utf8")
    endpoints.write_text(endpoints.read_text("utf8").replace("5055", actions_port), "utf8")
    actions = project.rasa("run", "actions", "--port", actions_port)
    service = project.rasa("run", "--interface", "127.0.0.1", "--port", port)
    core = project.rasa("test", "core", "--stories", "data/stories.yml", "--out", "results")
    actions.wait_until_healthy(f"http://127.0.0.1:{actions_port}/health")
    shell = project.rasa("shell", "--port", shell_port, typed=f"{answers.leaflet.topics['fietsen'].ask}\n/stop\n")
    service.wait_until_healthy(f"http://127.0.0.1:{port}/")
    return Running(f"http://127.0.0.1:{port}/webhooks/rest/webhook", shell, core)


def free_ports(number: int) -> list[str]:
    probes = [socket.socket() for _ in range(number)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [str(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def test_rasa_trains_a_model(project: RasaProject, trained: str) -> None:
    [model] = (project.folder / "models").glob("*.tar.gz")
    assert model.name in trained


def test_rasa_finds_the_data_valid(validating: Command) -> None:
    output = validating.finish()
    assert "No story structure conflicts found" in output
    warned = set(re.findall(r"UserWarning: (.*)", output))
    assert warned == {f"The intent '{intent}' is listed in the domain file, but is not found in the NLU training data." for intent in NEVER_TRAINED}


def test_rasa_tests_the_stories_with_every_action_right(project: RasaProject, running: Running) -> None:
    running.core.finish()
    report = json.loads((project.folder / "results" / "story_report.json").read_text("utf8"))
    stories = yaml.safe_load((project.folder / "data" / "stories.yml").read_text("utf8"))["stories"]
    expected = [step["action"] for story in stories for step in story["steps"] if "action" in step]
    assert report["accuracy"] == 1
    assert {name: score["support"] for name, score in report.items() if name.startswith("action_") and name != "action_listen"} == {
        name: expected.count(name) for name in expected
    }


def test_rasa_shell_answers_a_message(running: Running, answers: Answers) -> None:
    assert answers.topic("fietsen").text in running.shell.finish()


def send(url: str, message: str, sender: str = "a") -> list[dict[str, Any]]:
    response = httpx.post(url, json={"sender": sender, "message": message}, timeout=60)
    response.raise_for_status()
    replies: list[dict[str, Any]] = response.json()
    return replies


@pytest.mark.parametrize("topic", ["fietsen", "leeftijd"])
def test_rasa_run_gives_the_text_of_the_action(running: Running, answers: Answers, topic: str) -> None:
    text, whole = send(running.url, answers.leaflet.topics[topic].ask, topic)
    assert text == {"recipient_id": topic, "text": answers.topic(topic).text}
    assert (whole["custom"]["kind"], whole["custom"]["topics"]) == ("answer", [topic])


def test_rasa_run_remembers_the_turn_before(running: Running, answers: Answers) -> None:
    send(running.url, answers.leaflet.topics["leeftijd"].ask, "b")
    _, whole = send(running.url, "/vervolg_bron", "b")
    assert whole["custom"]["topics"] == ["leeftijd"]


def test_rasa_run_gives_the_alarm_sign_an_action_of_its_own(running: Running, answers: Answers) -> None:
    text, whole = send(running.url, "/alarm_ademnood", "c")
    assert text["text"] == answers.urgent("alarm_ademnood").text
    assert whole["custom"]["kind"] == "urgent"


def test_rasa_trains_anew_after_a_change_in_the_lexicon(project: RasaProject, running: Running) -> None:
    running.shell.finish()
    running.core.finish()
    lexicon = project.folder / "lexicon.yml"
    lexicon.write_text(lexicon.read_text("utf8") + "\nnieuw_begrip:\n  [gloednieuw]\n", "utf8")
    trying = project.rasa("train", "--dry-run")
    if trying.process.wait(SECONDS) and "Traceback" in trying.output:
        pytest.fail(trying.output[-4000:])
    assert "needs to be retrained" in trying.output


def test_no_two_training_questions_are_nearly_the_same() -> None:
    pairs = [(first.text, second.text) for first, second in near_duplicates(training_examples())]
    assert pairs == []
