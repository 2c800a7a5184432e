from __future__ import annotations

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any, Callable, Iterator

import pytest
from content_copy import TOPICS, ContentCopy

from folderwijs import cli, serve, training
from folderwijs.answers import Answers
from folderwijs.desk.password import is_right
from folderwijs.engine import Engine
from folderwijs.replies import Reply, Source, Suggestion
from folderwijs.settings import PROJECT


@pytest.fixture
def engine_at_hand(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the commands use the engine that the other tests use."""
    monkeypatch.setattr("folderwijs.engine.Engine", lambda *arguments: engine)


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the lines that are typed; after them comes the end of the input."""

    def set_lines(*lines: str) -> None:
        left = iter(lines)

        def read(prompt: str) -> str:
            try:
                return next(left)
            except StopIteration:
                raise EOFError from None

        monkeypatch.setattr("builtins.input", read)

    return set_lines


def test_check_counts_what_is_in_order_and_warns_of_the_example(capsys: pytest.CaptureFixture[str], answers: Answers) -> None:
    assert cli.main(["check"]) == 0
    output = capsys.readouterr().out
    assert output.startswith(f"In orde: {len(answers.leaflet.topics)} onderwerpen, {len(answers.questions)} vragen, {len(answers.alarms.signs)} groepen alarmtekens.")
    assert ("practice.yml is nog het voorbeeld" in output) is answers.practice.example


def test_check_does_not_warn_of_a_practice_that_is_filled_in(content: ContentCopy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    content.edit("practice.yml", "example: true", "example: false")
    monkeypatch.setattr(cli, "PROJECT", content.folder)
    assert cli.main(["check"]) == 0
    assert "LET OP" not in capsys.readouterr().out


@pytest.mark.parametrize(("file", "old", "new"), [(TOPICS, "text: Niet te verwarren", "text: Niet verwarren"), ("domain.yml", "  - fietsen\n", ""), ("lexicon.yml", "wandelen:\n", "wandelen: lopen\nniets:\n")])
def test_check_says_file_line_and_mistake(content: ContentCopy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str) -> None:
    content.edit(file, old, new)
    monkeypatch.setattr(cli, "PROJECT", content.folder)
    assert cli.main(["check"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"{content.path(file)}:")


def test_check_tells_of_all_files_at_once(content: ContentCopy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    content.edit("practice.yml", "phone:", "telefoon:")
    content.edit("lexicon.yml", "wandelen:\n", "wandelen: lopen\nniets:\n")
    monkeypatch.setattr(cli, "PROJECT", content.folder)
    assert cli.main(["check"]) == 1
    errors = capsys.readouterr().err
    assert "practice.yml:" in errors
    assert "lexicon.yml:" in errors


def test_topics_lists_every_question_and_what_is_not_in_the_leaflet(capsys: pytest.CaptureFixture[str], answers: Answers) -> None:
    assert cli.main(["topics"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(answers.questions)
    assert sum("staat niet in de folder" in line for line in lines) == len(answers.questions) - len(answers.leaflet.topics)


@pytest.mark.usefixtures("engine_at_hand")
def test_ask_prints_the_reply_and_its_source(understood_as: Callable[..., None], capsys: pytest.CaptureFixture[str], answers: Answers) -> None:
    understood_as("fietsen")
    assert cli.main(["ask", "mag", "ik", "fietsen?"]) == 0
    assert capsys.readouterr().out == cli.format_reply(answers.topic("fietsen")) + "\n"


@pytest.mark.usefixtures("engine_at_hand")
@pytest.mark.parametrize("lines", [("fietsen", "vervolg_herhaal", "", "leeftijd"), ("fietsen", "vervolg_herhaal")], ids=["empty line", "end of input"])
def test_chat_remembers_and_stops(understood_as: Callable[..., None], type_in: Callable[..., None], capsys: pytest.CaptureFixture[str], answers: Answers, lines: Any) -> None:
    understood_as()
    type_in(*lines)
    assert cli.main(["chat"]) == 0
    assert capsys.readouterr().out.count(answers.topic("fietsen").text) == 2


def test_a_reply_is_printed_with_its_sources_and_suggestions() -> None:
    reply = Reply("answer", "Ja.", sources=(Source("f", "Kop", "Een\nzin."),), suggestions=(Suggestion("A?", "a"), Suggestion("B?", "b")))
    assert cli.format_reply(reply) == 'Ja.\n  folder, onder "Kop": Een zin.\n  vraag ook: A? | B?'
    assert cli.format_reply(Reply("smalltalk", "Hallo.")) == "Hallo."


@pytest.mark.parametrize("command", ["ask", "chat"])
def test_without_a_model_a_command_says_what_to_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str) -> None:
    monkeypatch.setattr(training, "MODEL", PROJECT / "models" / "geen.tar.gz")
    assert cli.main(["ask", "hallo"] if command == "ask" else ["chat"]) == 1
    assert "make train" in capsys.readouterr().err


@pytest.mark.parametrize(("current", "arguments", "trained"), [(True, [], False), (True, ["--force"], True), (False, [], True)])
def test_train_trains_where_it_must(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], current: bool, arguments: list[str], trained: bool) -> None:
    monkeypatch.setattr(training, "is_current", lambda name: current)
    monkeypatch.setattr(training, "train", lambda name: 12.3)
    assert cli.main(["train", *arguments]) == 0
    output = capsys.readouterr().out
    assert output.startswith("spaCy model: ")
    assert ("Trained in 12 s." in output) is trained


def test_a_failed_training_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(name: str) -> float:
        raise training.TrainingError("Rasa zegt: stuk")

    monkeypatch.setattr(training, "train", fail)
    assert cli.main(["train", "--force"]) == 1
    assert capsys.readouterr().err == "Rasa zegt: stuk\n"


def test_serve_gets_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Any] = []
    monkeypatch.setattr(serve, "serve", served.append)
    monkeypatch.setenv("PORT", "4711")
    assert cli.main(["serve"]) == 0
    assert [settings.port for settings in served] == [4711]


def test_a_bad_setting_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PORT", "acht")
    assert cli.main(["serve"]) == 1
    assert capsys.readouterr().err.startswith("PORT='acht'")


def test_an_interrupt_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(settings: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(serve, "serve", interrupt)
    assert cli.main(["serve"]) == 130


@pytest.mark.parametrize("arguments", [[], ["dans"], ["ask"], ["check", "x"]])
def test_a_wrong_call_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """Stands in for the process that start-time starts, with a port that answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    process = SimpleNamespace(stopped=False, status=None)
    process.poll = lambda: process.status
    process.terminate = lambda: setattr(process, "stopped", True)
    process.wait = lambda seconds: None
    monkeypatch.setattr(subprocess, "Popen", lambda *arguments, **keywords: process)
    monkeypatch.setattr(cli, "_free_port", lambda: server.server_port)
    yield process
    server.shutdown()
    server.server_close()


def test_start_time_is_the_time_to_the_first_answer(service: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["start-time"]) == 0
    assert capsys.readouterr().out.startswith("from process start to first answer: 0.")
    assert service.stopped


def test_start_time_of_a_service_that_dies_is_a_failure(service: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    service.status = 1
    assert cli.main(["start-time"]) == 1
    assert "did not answer" in capsys.readouterr().err


def test_the_package_runs_as_a_program() -> None:
    run = subprocess.run([sys.executable, "-m", "folderwijs", "--help"], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert all(command in run.stdout for command in ("ask", "chat", "check", "topics", "train", "serve", "start-time"))


@pytest.mark.parametrize(
    ("typed", "status"),
    [(("vier losse groene fietsen", "vier losse groene fietsen"), 0), (("vier losse groene fietsen", "vier losse rode fietsen"), 1), (("kort",), 1)],
)
def test_a_password_is_asked_twice_and_never_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: tuple[str, ...], status: int) -> None:
    left = iter(typed)
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(left))
    assert cli.main(["password"]) == status
    assert list(left) == []
    out, err = capsys.readouterr()
    assert not any(word in out + err for word in typed)
    if status == 0:
        assert is_right(typed[0], out.removeprefix("DESK_PASSWORD_HASH='").removesuffix("'\n"))
    else:
        assert out == ""
