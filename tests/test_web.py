from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from folderwijs.answers import Answers
from folderwijs.app import SECURITY_HEADERS, Service
from folderwijs.engine import Engine
from folderwijs.settings import PROJECT, Settings

FILES = [path for path in sorted((PROJECT / "web").rglob("*")) if path.suffix in {".html", ".js", ".css", ".svg", ".webmanifest"}]


def test_the_policy_allows_this_address_alone() -> None:
    policy = dict(part.split(" ", 1) for part in SECURITY_HEADERS["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {source for value in policy.values() for source in value.split()} <= {"'none'", "'self'", "data:"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_pages_load_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text("utf8").replace("http://www.w3.org/2000/svg", "")  # a name, not an address
    assert re.findall(r"\w*:?//[\w.]+\.\w+|\bintegrity=|@import|<iframe|\beval\(|innerHTML|insertAdjacentHTML|document\.write", text) == []


@pytest.mark.parametrize("path", ["/", "/folder", "/voorbeeld"])
def test_the_pages_have_no_script_or_style_of_their_own(client: TestClient, answers: Answers, path: str) -> None:
    page = client.get(path).text
    assert re.findall(r"<script(?![^>]*\bsrc=\"/(?:widget/\w+/)?folderwijs\.js)|<style|\sstyle=|\son\w+=", page) == []
    assert answers.practice.phone in page
    assert '<html lang="nl">' in page


def test_the_page_takes_the_practices_details_as_text(answers: Answers, settings: Settings, engine: Engine) -> None:
    practice = dataclasses.replace(answers.practice, name='<b onclick="x">Praktijk</b>', phone='"><script>')
    with TestClient(Service(settings, dataclasses.replace(answers, practice=practice), lambda: engine).app()) as client:
        for page in (client.get("/").text, client.get("/folder").text, client.get("/voorbeeld").text):
            assert "<b onclick" not in page
            assert '"><script>' not in page
            assert "&lt;b onclick=" in page
