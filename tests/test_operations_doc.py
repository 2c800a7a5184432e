"""docs/operations.md says what is there."""

import re

from folderwijs import redis_link, shared_conversations
from folderwijs.settings import PROJECT, SETTINGS

TEXT = (PROJECT / "docs" / "operations.md").read_text("utf8")


def test_every_setting_it_names_is_one():
    names = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)*)[`=]", TEXT)) - {"INFO", "LPOS"}
    assert {"REDIS_URL", "SECRET", "WORKERS", "QUESTIONS_DB"} <= names
    assert names <= {setting.name for setting in SETTINGS}


def test_every_file_it_names_is_there():
    links = set(re.findall(r"\]\(\.\./([^)#]+)", TEXT))
    assert all((PROJECT / link).exists() for link in links)
    named = {str(path.relative_to(PROJECT)) for path in (PROJECT / "deploy").rglob("*") if path.is_file() and not path.name.startswith(("Dockerfile.", "."))}
    assert named <= links, "every file of deploy/ is explained"


def test_every_make_target_it_names_is_one():
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text("utf8"), re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)", TEXT)) <= targets


def test_the_log_lines_to_watch_are_those_of_the_code():
    code = "".join(path.read_text("utf8") for path in (PROJECT / "folderwijs").rglob("*.py"))
    [row] = re.findall(r"^\| the log \| (.+?) \|", TEXT, re.MULTILINE)
    lines = re.findall(r"`([^`]+)`", row)
    assert len(lines) == 5
    assert all(line in code for line in lines)


def test_the_times_it_promises_are_those_of_the_code():
    assert shared_conversations.TURN_SECONDS == 3, "at most three seconds"
    assert 2 * redis_link.TIMEOUT < 2, "within two seconds"
