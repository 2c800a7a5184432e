from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from service_process import service_process

from folderwijs.logs import JsonLines, WithoutTexts, only_event
from folderwijs.settings import PROJECT

MARK = "geheimwoord"


def record(error: BaseException | None = None, name: str = "folderwijs") -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "app.py", 1, "iets %s", ("misgegaan",), (type(error), error, error.__traceback__) if error else None)


def raised() -> ValueError:
    try:
        raise ValueError(MARK)
    except ValueError as error:
        return error


def test_a_line_of_json_has_the_time_the_level_and_what_happened() -> None:
    line = json.loads(JsonLines().format(record()))
    assert line.keys() == {"time", "level", "logger", "message"}
    assert (line["level"], line["logger"], line["message"]) == ("error", "folderwijs", "iets misgegaan")


@pytest.mark.parametrize("formatter", [JsonLines(), WithoutTexts()])
def test_of_an_error_the_kind_and_the_place_are_written_and_never_its_text(formatter: logging.Formatter) -> None:
    line = formatter.format(record(raised()))
    assert "ValueError" in line
    assert "test_logs.py:" in line
    assert MARK not in line
    assert "\n" not in line.strip() or not isinstance(formatter, JsonLines)


def test_of_what_rasa_says_only_the_event_is_written() -> None:
    assert only_event(None, "warning", {"event": "processor.message", "text": MARK}) == "processor.message"


@pytest.fixture(scope="module", params=["json", "text"])
def output(request: pytest.FixtureRequest, model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The format, and everything the service wrote after marked messages went every way through it."""
    log = tmp_path_factory.mktemp("logs") / "log"
    environment = {"LOG_FORMAT": str(request.param), "LOG_LEVEL": "debug", "QUESTIONS_DB": str(log.with_name("vragen.sqlite3"))}
    with service_process(log, **environment) as url, httpx.Client(base_url=url, timeout=30) as client:
        for message in (f"mag ik fietsen {MARK}?", f"/restart {MARK}", MARK, f"mag ik {MARK} met pijnstillers", f"ik hoorde een knap {MARK}", MARK * 100, f"\x00{MARK}", f"/{MARK}{{}}"):
            client.post("/api/chat", content=json.dumps({"message": message}))
            client.post("/api/chat", content=json.dumps({"message": message, "session": MARK}))
            client.get("/api/search", params={"q": message, "limit": MARK})
            client.get("/api/search", params={"q": message[:999]})
        client.post("/api/chat", content=f'{{"message": 5, "x": "{MARK}"')
        client.post("/api/chat", content=f'{{"message": ["{MARK}"]}}', headers={"origin": f"https://{MARK}.example"})
        client.post("/api/feedback", json={"session": MARK, "message": MARK, "topics": [MARK], "helpful": False, "why": MARK})
        client.get(f"/{MARK}?{MARK}={MARK}", headers={"user-agent": MARK, "x-forwarded-for": MARK, "cookie": f"balie={MARK}"})
        client.get(f"/folder?zin={MARK}&kop={MARK}")
        client.request(MARK.upper(), f"/{MARK}")
        client.post("/api/chat", content=MARK * 10_000)
        client.get("/balie")
    return str(request.param), log.read_text("utf8")


def test_no_log_holds_anything_that_was_typed(output: tuple[str, str]) -> None:
    assert MARK not in output[1].lower()


def test_every_line_of_a_json_log_is_json(output: tuple[str, str]) -> None:
    format_, text = output
    if format_ == "json":
        lines = [json.loads(line) for line in text.splitlines()]
        assert all({"level", "message"} <= line.keys() for line in lines)
        assert any("Folderwijs: http" in line["message"] for line in lines)


FAILING = f"""
import asyncio, logging, sys, warnings
from folderwijs import logs, unused_packages
unused_packages.install()
logs.configure("debug", sys.argv[1])
import folderwijs.engine
logs.quieten_rasa()
import structlog
structlog.get_logger("rasa").warning("rasa.event", text="{MARK}")
structlog.get_logger("rasa").error("rasa.event", user="{MARK}")
warnings.warn("{MARK}")
async def fail():
    raise ValueError("{MARK}")
async def main():
    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    import gc; gc.collect()
    asyncio.get_running_loop().call_exception_handler({{"message": "it failed", "exception": ValueError("{MARK}")}})
    try:
        await fail()
    except ValueError:
        logging.getLogger("folderwijs").exception("caught")
asyncio.run(main())
raise ValueError("{MARK}")
"""


@pytest.mark.parametrize("format_", ["json", "text"])
def test_the_text_of_an_error_is_not_written_wherever_it_is_raised(format_: str) -> None:
    run = subprocess.run([sys.executable, "-c", FAILING, format_], cwd=PROJECT, capture_output=True, text=True, check=False)
    written = run.stdout + run.stderr
    assert MARK not in written
    assert written.count("ValueError") >= 3
    assert "rasa.event" in written
