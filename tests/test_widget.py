from __future__ import annotations

import base64
import dataclasses
import gzip
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from folderwijs.answers import Answers
from folderwijs.settings import PROJECT
from folderwijs.widget import PARTS, WidgetScript, join_script

FOLDER = PROJECT / "web" / "widget"
MOST_BYTES = 40_000  # compressed, with styles, icons and texts


@pytest.fixture(scope="module")
def script(answers: Answers) -> WidgetScript:
    return join_script(FOLDER, answers.practice)


def test_every_part_is_joined() -> None:
    assert {path.stem for path in FOLDER.glob("*.js")} == set(PARTS)


def test_the_script_is_small_with_all_that_is_in_it(client: TestClient) -> None:
    response = client.get("/folderwijs.js", headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) < MOST_BYTES


def test_the_script_leaves_nothing_behind_but_the_element(script: WidgetScript) -> None:
    text = script.content.decode()
    assert text.startswith("(() => {")
    assert text.endswith("})();\n")


@pytest.mark.skipif(not shutil.which("node"), reason="no node")
def test_the_script_can_be_read_as_javascript(script: WidgetScript, tmp_path: Path) -> None:
    (tmp_path / "script.js").write_bytes(script.content)
    assert subprocess.run(["node", "--check", str(tmp_path / "script.js")], check=False).returncode == 0


@pytest.mark.skipif(not shutil.which("node"), reason="no node")
def test_an_old_browser_is_left_alone(script: WidgetScript, tmp_path: Path) -> None:
    (tmp_path / "script.js").write_text("globalThis.window = {}; globalThis.document = { currentScript: {} }; globalThis.Element = class {};\n" + script.content.decode(), "utf8")
    run = subprocess.run(["node", str(tmp_path / "script.js")], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


def test_the_practice_is_in_it_as_text(script: WidgetScript, answers: Answers) -> None:
    hostile = dataclasses.replace(answers.practice, name='"; alert(1); "\u2028</script>')
    text = join_script(FOLDER, hostile).content.decode()
    [line] = [line for line in text.split("\n") if line.startswith("const PRACTICE = ")]
    assert json.loads(line.removeprefix("const PRACTICE = ").removesuffix(";")) == {"name": hostile.name, "phone": hostile.phone}
    assert "\u2028" not in line


def test_the_version_and_the_integrity_are_those_of_the_content(script: WidgetScript) -> None:
    other = WidgetScript(script.content + b" ")
    assert re.fullmatch(r"[0-9a-f]{12}", script.version)
    assert script.version != other.version
    assert script.integrity == "sha384-" + base64.b64encode(hashlib.sha384(script.content).digest()).decode()
    assert gzip.decompress(script.compressed) == script.content


def test_the_newest_script_is_asked_for_every_time(client: TestClient, script: WidgetScript) -> None:
    response = client.get("/folderwijs.js")
    assert response.content == script.content
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["content-type"].startswith("text/javascript")
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
    again = client.get("/folderwijs.js", headers={"if-none-match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/folderwijs.js", headers={"if-none-match": '"iets anders"'}).status_code == 200


def test_a_version_is_kept_for_good(client: TestClient, script: WidgetScript) -> None:
    response = client.get(f"/widget/{script.version}/folderwijs.js")
    assert response.content == script.content
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("version", ["000000000000", "x", "%2e%2e"])
def test_another_version_is_not_there_and_that_is_not_kept(client: TestClient, version: str) -> None:
    response = client.get(f"/widget/{version}/folderwijs.js")
    assert response.status_code == 404
    assert response.headers["cache-control"] == "no-store"


def test_a_browser_without_gzip_gets_the_script_too(client: TestClient, script: WidgetScript) -> None:
    response = client.get("/folderwijs.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in response.headers
    assert response.content == script.content
    assert response.headers["vary"] == "Accept-Encoding"
