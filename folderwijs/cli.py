"""The command line for the same engine as the web service."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import getpass
import os
import subprocess
import sys
import threading
import time
from typing import Iterator, Sequence
from urllib.error import URLError
from urllib.request import Request, urlopen

import yaml

from folderwijs import training, unused_packages
from folderwijs.answers import Answers, load_answers
from folderwijs.consistency import check_domain, check_follow_ups
from folderwijs.content import ContentError, Problem, collecting
from folderwijs.desk.password import WeakPassword, hash_password
from folderwijs.engine_errors import ModelError
from folderwijs.replies import Reply
from folderwijs.settings import PROJECT, Settings, SettingsError, load_settings
from folderwijs.understanding.lexicon import load_lexicon

_TELL_EVERY = 10  # seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: the words after the program's name; None takes those of this process.

    Returns:
        The exit status: 0 where all went well, 1 where content or settings cannot be used, 2 for a wrong call.
    """
    unused_packages.install()
    parser = argparse.ArgumentParser(prog="folderwijs", description="Beantwoordt vragen uit de folder van de praktijk.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="OPDRACHT")
    ask = commands.add_parser("ask", help="stel een vraag")
    ask.add_argument("question", nargs="+", metavar="VRAAG")
    commands.add_parser("chat", help="praat in dit venster; een lege regel stopt")
    commands.add_parser("check", help="controleer de folders, de praktijkgegevens, de alarmtekens en de woordenlijst")
    commands.add_parser("topics", help="laat zien wat de folder beantwoordt, en wat niet")
    train = commands.add_parser("train", help="train het model als er iets veranderd is")
    train.add_argument("--force", action="store_true", help="ook als er niets veranderd is")
    commands.add_parser("serve", help="start de webdienst")
    commands.add_parser("password", help="maak van een wachtwoord voor de balie wat in DESK_PASSWORD_HASH komt")
    commands.add_parser("start-time", help="meet de tijd van start tot het eerste antwoord")
    chosen = parser.parse_args(arguments)
    try:
        return {"ask": _ask, "chat": _chat, "check": _check, "topics": _topics, "train": _train, "serve": _serve, "password": _password, "start-time": _start_time}[chosen.command](chosen)
    except (ContentError, SettingsError, ModelError, training.TrainingError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def format_reply(reply: Reply) -> str:
    """A reply for a terminal: its text, the leaflet's sentences below it, and what to ask next."""
    lines = [reply.text, *(f'  folder, onder "{source.section}": {" ".join(source.quote.split())}' for source in reply.sources)]
    if reply.suggestions:
        lines.append("  vraag ook: " + " | ".join(suggestion.label for suggestion in reply.suggestions))
    return "\n".join(lines)


def _content(*, learned: bool = False) -> tuple[Settings, Answers]:
    """The settings and the content, everything that an editor writes held against the rules.

    Args:
        learned: also what only training reads: the model has it already, and to read it takes most of a second.

    Raises:
        ContentError: with the mistakes of all files.
    """
    settings = load_settings()
    problems: list[Problem] = []
    with collecting(problems):
        answers = load_answers(PROJECT, settings.leaflet)
        check_domain(PROJECT / "domain.yml", answers)
        if learned:
            check_follow_ups(PROJECT / "data" / "follow_ups", answers)
    if learned:
        with collecting(problems):
            load_lexicon(PROJECT / "lexicon.yml")
    if problems:
        raise ContentError(problems)
    return settings, answers


def _ask(chosen: argparse.Namespace) -> int:
    from folderwijs.engine import Engine, memory_store

    settings, answers = _content()
    engine = Engine(training.MODEL, answers, memory_store(settings))
    for reply in asyncio.run(engine.reply(" ".join(chosen.question), "terminal")):
        print(format_reply(reply))
    return 0


def _chat(chosen: argparse.Namespace) -> int:
    from folderwijs.engine import Engine, memory_store

    settings, answers = _content()
    engine = Engine(training.MODEL, answers, memory_store(settings))

    async def talk() -> None:
        while line := (await asyncio.to_thread(_read_line)).strip():
            for reply in await engine.reply(line, "terminal"):
                print(format_reply(reply) + "\n")

    print(f"Stel uw vraag over {answers.leaflet.subject}. Een lege regel stopt.")
    asyncio.run(talk())
    return 0


def _read_line() -> str:
    try:
        return input("> ")
    except EOFError:
        return ""


def _check(chosen: argparse.Namespace) -> int:
    _, answers = _content(learned=True)
    print(f"In orde: {len(answers.leaflet.topics)} onderwerpen, {len(answers.questions)} vragen, {len(answers.alarms.signs)} groepen alarmtekens.")
    if answers.practice.example:
        print(example_warning())
    return 0


def example_warning() -> str:
    """What to say while practice.yml is still the example."""
    return "LET OP: practice.yml is nog het voorbeeld. Vul de gegevens van uw praktijk in voordat patiënten dit gebruiken."


def _topics(chosen: argparse.Namespace) -> int:
    _, answers = _content()
    for id_, question in answers.questions.items():
        topic = answers.leaflet.topics.get(id_)
        print(f"{id_:24} {topic.title if topic else '(staat niet in de folder: ' + question.subject + ')'}")
    return 0


def _train(chosen: argparse.Namespace) -> int:
    from folderwijs.understanding.dutch import in_use, name_in_use

    _content(learned=True)
    model = next(step["model"] for step in yaml.safe_load((PROJECT / "config.yml").read_text("utf8"))["pipeline"] if "model" in step)
    print(in_use(model), flush=True)
    name = name_in_use(model)
    if not chosen.force and training.is_current(name):
        print("The model is up to date.")
        return 0
    print("Training the model (about a minute) ...", flush=True)
    with _progress():
        seconds = training.train(name)
    print(f"Trained in {seconds:.0f} s.")
    return 0


@contextlib.contextmanager
def _progress() -> Iterator[None]:
    """Say every ten seconds that work goes on."""
    done = threading.Event()

    def tell() -> None:
        seconds = 0
        while not done.wait(_TELL_EVERY):
            seconds += _TELL_EVERY
            print(f"  ... {seconds} s", flush=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _serve(chosen: argparse.Namespace) -> int:
    gc.disable()  # until the engine is loaded (speed.settle): all that is made until then stays, and looking through it over and over takes a tenth of the start
    from folderwijs.serve import serve, tell

    settings, answers = _content()
    if answers.practice.example:
        tell(settings, example_warning(), sys.stderr)
    serve(settings)
    return 0


def _password(chosen: argparse.Namespace) -> int:
    password = getpass.getpass("Wachtwoord voor de balie: ")
    try:
        hash_ = hash_password(password)
    except WeakPassword as error:
        print(error, file=sys.stderr)
        return 1
    if getpass.getpass("Nog een keer: ") != password:
        print("De twee wachtwoorden zijn niet gelijk.", file=sys.stderr)
        return 1
    print("Zet deze regel in de instellingen, met de aanhalingstekens:", file=sys.stderr)
    print(f"DESK_PASSWORD_HASH='{hash_}'")
    return 0


def _start_time(chosen: argparse.Namespace) -> int:
    """Start the service on a free port and time the way to the first answer over HTTP."""
    port = _free_port()
    started = time.monotonic()
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "LIMITS": "off", "WORKERS": "1", "QUESTIONS_DB": "off"}
    service = subprocess.Popen([sys.executable, "-m", "folderwijs", "serve"], cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    request = Request(f"http://127.0.0.1:{port}/api/chat", b'{"message": "mag ik fietsen?", "session": null}', {"content-type": "application/json"})
    try:
        while time.monotonic() - started < 120 and service.poll() is None:
            try:
                with urlopen(request, timeout=60):  # noqa: S310, our own service
                    print(f"from process start to first answer: {time.monotonic() - started:.1f} s")
                    return 0
            except (URLError, ConnectionError):
                time.sleep(0.05)
        print("the service did not answer", file=sys.stderr)
        return 1
    finally:
        service.terminate()
        service.wait(30)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
