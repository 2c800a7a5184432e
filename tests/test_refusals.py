"""What the service makes of bad, odd and hostile input."""

from __future__ import annotations

import json
import random
import re
from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from folderwijs.sessions import Sessions

MARKUP = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)> mag ik fietsen?", "mag ik <b>fietsen</b>?", "[klik](javascript:alert(1))", "{{ 7 * 7 }} {phone}"]
ODD = ["😀" * 1000, "👩🏽‍⚕️", "\u202emag ik fietsen?", "هل يمكنني ركوب الدراجة؟", "/restart", "/hersteltijd{}", "\0", "\ufeff?", "a" * 1000, "z\u0301" * 500, "?", "-- ' OR 1=1; DROP", "%s %d {0}"]

Chat = Callable[..., dict[str, Any]]
Refused = Callable[..., str]


def short(value: str | bytes) -> str:
    """The start of a value, for the name of a test."""
    return ascii(value[:30])


@pytest.mark.parametrize("session", ["", "vals", "IjEi.x", pytest.param(Sessions("ander geheim" * 4).new(), id="another secret"), "a" * 20_000, "\u202e", "null"], ids=short)
def test_a_forged_session_is_refused(client: TestClient, session: str, refused: Refused) -> None:
    assert refused(client.post("/api/chat", json={"message": "hallo", "session": session})) == "unknown_session"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"), (b"{", "not_json"), (b"geen json", "not_json"), (b"\xff\xfe\x00", "not_json"), (b'{"message": "hoi"} x', "not_json"), (b'{"message": "\xed\xa0\x80"}', "not_json"),
        ('{"message": "hoi"}'.encode("utf-16"), "not_json"), (rb'{"message": "\ud800"}', "not_json"), (rb'{"message": "fiets \udfff"}', "not_json"), (rb'{"message": "a", "session": "\ud800"}', "not_json"),
        (b"null", "wrong_shape"), (b"[]", "wrong_shape"), (b'"hoi"', "wrong_shape"), (b"{}", "wrong_shape"), (b'{"session": null}', "wrong_shape"), (b'{"message": null}', "wrong_shape"),
        (b'{"message": 5}', "wrong_shape"), (b'{"message": ["hoi"]}', "wrong_shape"), (b'{"message": "hoi", "session": 7}', "wrong_shape"), (b'{"message": "hoi", "message": {}}', "wrong_shape"),
        (b'{"message": ""}', "empty_message"), (rb'{"message": " \n\t\u00a0\u3000 "}', "empty_message"), (json.dumps({"message": "a" * 1001}).encode(), "message_too_long"),
        (b"[" * 15_000 + b"]" * 15_000, "wrong_shape"), (b'{"message": ' + b"[" * 30_000, "wrong_shape"), (b'{"message": "hoi", "x": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", "not_json"),
        (b'{"x": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b', "message": "hoi"}', "not_json"),
        (b"a" * 1_000_000, "too_large"), (json.dumps({"message": "hoi", "x": "a" * 1_000_000}).encode(), "too_large"), (b" " * 40_000 + b'{"message": "hoi"}', "too_large"),
    ],
    ids=short,
)
def test_a_bad_body_is_refused(client: TestClient, body: bytes, code: str, refused: Refused) -> None:
    assert refused(client.post("/api/chat", content=body)) == code


def test_random_bytes_are_refused(client: TestClient, refused: Refused) -> None:
    source = random.Random(1)
    for length in (1, 2, 10, 1000, 32_768):
        refused(client.post("/api/chat", content=source.randbytes(length)))


@given(value=st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["message", "session", "x"]), inner)))
def test_any_json_gets_a_reply_or_a_refusal(client: TestClient, value: Any, refused: Refused) -> None:
    response = client.post("/api/chat", content=json.dumps(value))
    assert (response.status_code == 200 and response.json()["replies"]) or refused(response)


@pytest.mark.parametrize("message", [*MARKUP, *ODD], ids=short)
def test_an_odd_message_gets_a_reply_that_does_not_echo_it(chat: Chat, message: str) -> None:
    [reply, *others] = chat(message)["replies"]
    assert {each["kind"] for each in (reply, *others)} & {"error"} == set()
    assert re.findall(r"<\w|&lt;|javascript:|49|onerror", json.dumps([reply, *others], ensure_ascii=False)) == []


@given(message=st.text(min_size=1, max_size=1000).filter(str.strip))
def test_any_text_gets_a_reply(client: TestClient, message: str) -> None:
    response = client.post("/api/chat", content=json.dumps({"message": message}))
    assert response.status_code == 200
    assert "error" not in [reply["kind"] for reply in response.json()["replies"]]


@pytest.mark.parametrize("query", [*MARKUP, *ODD, "herst", "zz"], ids=short)
def test_an_odd_query_is_searched(client: TestClient, query: str) -> None:
    response = client.get("/api/search", params={"q": query})
    assert response.status_code == 200
    assert len(response.json()["results"]) <= 3
    assert "<script" not in response.text


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "empty_query"), ("limit=3", "empty_query"), ("q=", "empty_query"), ("q=%20%09", "empty_query"), ("q=" + "a" * 1001, "query_too_long"),
        *((f"q=a&limit={limit}", "bad_limit") for limit in ("0", "21", "-1", "x", "", "3.0", "%D9%A3", "1e1", "99999999999")),
        ("q=a&limit=000120", "bad_limit"), pytest.param("q=a&limit=0001" + "0" * 5000, "bad_limit", id="5,000 digits"),
    ],
)
def test_a_bad_search_is_refused(client: TestClient, query: str, code: str, refused: Refused) -> None:
    assert refused(client.get(f"/api/search?{query}")) == code
