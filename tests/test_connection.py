"""What the web server makes of visitors who are slow, too many, or send too much; and how it stops."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Iterator

import httpx
import pytest
from service_process import Service, running_service

from folderwijs.answers import Answers
from folderwijs.connection import MAX_HEAD

SECONDS = 1
MOST = 20
LINES = b"POST /api/chat HTTP/1.1\r\nHost: a\r\n"


@pytest.fixture(scope="module")
def service(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    log = tmp_path_factory.mktemp("connection") / "log"
    with running_service(log, REQUEST_SECONDS=str(SECONDS), MAX_CONNECTIONS=str(MOST), TRUSTED_PROXIES="127.0.0.1") as running:
        yield running


def connect(url: str) -> socket.socket:
    address = httpx.URL(url)
    return socket.create_connection((address.host, address.port or 0), timeout=5)


def all_of(connection: socket.socket) -> bytes:
    """Everything that comes until the other side ends the connection."""
    received = b""
    while data := connection.recv(65_536):
        received += data
    return received


def one(connection: socket.socket) -> bytes:
    """One whole response; the connection may go on."""
    received = b""
    while data := connection.recv(65_536):
        received += data
        head, blank, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if blank and length and len(body) >= int(length.group(1)):
            break
    return received


def refusal(response: bytes, answers: Answers) -> tuple[int, str, bytes]:
    """The status, the code and the head of a response, which must be a refusal in Dutch with the phone number."""
    head, _, body = response.partition(b"\r\n\r\n")
    error = json.loads(body)["error"]
    assert error["message"].endswith(f"Bel {answers.practice.name}, {answers.practice.phone}.")
    return int(head.split()[1]), error["code"], head


@pytest.mark.parametrize("begin", [LINES, LINES + b"Content-Length: 100\r\n\r\n{", b"P", LINES + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"], ids=["head", "body", "letter", "chunk"])
def test_a_request_that_does_not_arrive_in_time_is_ended(service: Service, answers: Answers, begin: bytes) -> None:
    with connect(service.url) as connection:
        started = time.monotonic()
        connection.sendall(begin)
        response = all_of(connection)
        assert SECONDS - 0.1 < time.monotonic() - started < SECONDS + 2
        assert refusal(response, answers)[:2] == (408, "too_slow")


def test_a_request_that_comes_a_byte_at_a_time_is_ended(service: Service, answers: Answers) -> None:
    with connect(service.url) as connection:
        started = time.monotonic()
        connection.sendall(LINES)
        connection.settimeout(0.1)
        response = b""
        while not response and time.monotonic() - started < 10 * SECONDS:
            connection.sendall(b"a")
            with suppress(TimeoutError):
                response = all_of(connection)
        assert refusal(response, answers)[:2] == (408, "too_slow")


def test_a_connection_that_says_nothing_is_ended(service: Service) -> None:
    with connect(service.url) as connection:
        assert all_of(connection) == b""


def test_a_second_request_on_a_connection_has_as_long_as_the_first(service: Service, answers: Answers) -> None:
    with connect(service.url) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b'"ok"' in one(connection)
        time.sleep(SECONDS + 0.3)
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b'"ok"' in one(connection), "being idle between two requests is fine"
        connection.sendall(LINES)
        assert refusal(all_of(connection), answers)[:2] == (408, "too_slow")


@pytest.mark.parametrize(
    "head",
    [b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"b" * MAX_HEAD, b"GET /" + b"a" * (MAX_HEAD * 4), b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * (MAX_HEAD // 4), b"GET /" + b"a" * MAX_HEAD + b" HTTP/1.1\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * (MAX_HEAD // 2) + b"Connection: close\r\n\r\n"],
    ids=["header", "address", "headers", "whole address", "whole headers"],
)
def test_a_head_that_is_too_large_is_refused(service: Service, answers: Answers, head: bytes) -> None:
    with connect(service.url) as connection:
        connection.sendall(head)
        assert refusal(all_of(connection), answers)[:2] == (431, "head_too_large")


def test_what_is_no_http_is_refused_in_dutch(service: Service, answers: Answers) -> None:
    with connect(service.url) as connection:
        connection.sendall(b"\x16\x03\x01 no http\r\n\r\n")
        assert refusal(all_of(connection), answers)[:2] == (400, "bad_request")


def test_a_body_that_is_too_large_is_refused_before_it_is_all_there(service: Service, answers: Answers) -> None:
    with connect(service.url) as connection:
        connection.sendall(LINES + b"Content-Length: 900000\r\n\r\n" + b" " * 40_000)
        assert refusal(one(connection), answers)[:2] == (413, "too_large")


def test_too_many_connections_are_refused_and_the_others_served(service: Service, answers: Answers) -> None:
    with ExitStack() as stack:
        kept = [stack.enter_context(connect(service.url)) for _ in range(MOST)]
        time.sleep(0.2)
        with connect(service.url) as one_more:
            one_more.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            status, code, head = refusal(all_of(one_more), answers)
            assert (status, code) == (503, "too_many_connections")
            assert b"retry-after: 5" in head
        kept[0].sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert b'"ok"' in all_of(kept[0])
    time.sleep(0.2)
    assert httpx.get(f"{service.url}/health").status_code == 200


def test_after_all_that_nothing_is_left_behind(service: Service) -> None:
    time.sleep(SECONDS + 1.5)
    with ExitStack() as stack:
        for _ in range(MOST):
            connection = stack.enter_context(connect(service.url))
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b'"ok"' in one(connection)


def ask_until_refused(url: str, session: list[Any], began: threading.Event) -> None:
    """Ask on one connection until there is no service; notes each status, or the error."""
    with httpx.Client(timeout=30) as client:
        while True:
            try:
                status = client.post(f"{url}/api/chat", json={"message": "mag ik fietsen?"}).status_code
            except httpx.HTTPError as error:
                session.append(error)
                return
            session.append(status)
            if len(session) == 3:
                began.set()


def test_when_told_to_stop_no_reply_is_lost_and_new_ones_are_refused(model: Path, tmp_path: Path) -> None:
    with running_service(tmp_path / "log") as running:
        sessions: list[list[Any]] = [[] for _ in range(8)]
        began = [threading.Event() for _ in sessions]
        visitors = [threading.Thread(target=ask_until_refused, args=(running.url, *each)) for each in zip(sessions, began)]
        for visitor in visitors:
            visitor.start()
        assert all(event.wait(60) for event in began)
        with connect(running.url) as halfway:
            halfway.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n")
            time.sleep(1)
            running.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            halfway.sendall(b"\r\n")
            assert b'"ok"' in all_of(halfway), "what had begun to arrive is answered"
        for visitor in visitors:
            visitor.join(60)
        assert running.process.wait(30) in (0, -signal.SIGTERM)
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{running.url}/health")
    for *served, last in sessions:
        assert set(served) == {200}
        assert isinstance(last, httpx.ConnectError), "it was refused before it was sent, and not lost halfway"
    assert "Traceback" not in (tmp_path / "log").read_text("utf8")
