"""What is written in the log, and what never is: no line holds the text of an error, because that may hold what a visitor typed."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from types import TracebackType
from typing import Any, MutableMapping, Optional, Union

import structlog

_Error = Union[tuple[type[BaseException], BaseException, Optional[TracebackType]], tuple[None, None, None]]


class Tellable(Exception):
    """The base of errors whose text is ours alone, and is written."""


class WithoutTexts(logging.Formatter):
    """A line of text a record. Of an error it has the kind and the place in the code only."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatException(self, ei: _Error) -> str:  # noqa: N802, the name is that of the standard library
        """The kind of an error, and the way to its place."""
        return " ".join(_kind_and_place(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        """Nothing: a stack shows lines of code, not what it is about."""
        return ""


class JsonLines(WithoutTexts):
    """A line of JSON a record: time, level, logger, message, and error where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        fields = {"time": f"{moment}.{int(record.msecs):03d}Z", "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()}
        if record.exc_info and record.exc_info[0]:
            fields["error"], fields["place"] = _kind_and_place(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


def configure(level: str, format_: str) -> None:
    """Have everything that this process logs written to its standard error.

    Args:
        level: the least that is written, as in the setting LOG_LEVEL.
        format_: "text" or "json".
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if format_ == "json" else WithoutTexts())
    handler.addFilter(_first_line)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.ERROR)  # they are for who changes the code, and not for who runs it
    sys.excepthook = _log_uncaught
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def quieten_rasa() -> None:
    """Keep what visitors type out of the log, and training from writing a page for each rule: Rasa logs both at level debug."""
    for name in ("rasa", "rasa_sdk", "matplotlib", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING), logger_factory=structlog.stdlib.LoggerFactory(), processors=[only_event],
        cache_logger_on_first_use=True,  # else each of Rasa's many lines of level debug makes a logger, to say nothing with
    )


def only_event(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """For structlog: what happened, without the values that belong to it, one of which may be a message.

    Args:
        logger, method: not used.
        event: all that Rasa would write.
    """
    return str(event.get("event", ""))


def _first_line(record: logging.LogRecord) -> bool:
    """Keep what asyncio says of an error that nobody waited for to its first line: the next ones show the error's text."""
    if record.name == "asyncio":
        record.msg, record.args = record.getMessage().split("\n")[0], None
    return True


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: Optional[TracebackType]) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("folderwijs").critical("the service stops", exc_info=(kind, error, trace))


def _kind_and_place(error: _Error) -> tuple[str, str]:
    kind, value, trace = error
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(trace)]
    said = f": {value}" if isinstance(value, Tellable) else ""
    return (kind.__name__ if kind else "") + said, " > ".join(places[-5:])
