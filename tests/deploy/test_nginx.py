"""deploy/nginx.conf in Debian's nginx, with a certificate made here."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Iterator, NamedTuple

import httpx
import pytest

from folderwijs.settings import PROJECT

NAME = "chat.praktijk.example"


class Upstream:
    """Stands in for a process of the service: says who it is and what reached it."""

    def __init__(self, name: str) -> None:
        outer = self
        self.dies = False

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if outer.dies:
                    self.connection.shutdown(socket.SHUT_RDWR)  # as a process that is killed while it thinks
                    self.close_connection = True
                    return
                reply = json.dumps({"by": name, "body": body.decode(), "headers": {key.lower(): value for key, value in self.headers.items()}}).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Proxy(NamedTuple):
    """A running nginx."""

    http: int
    https: int
    folder: Path

    def client(self) -> httpx.Client:
        context = ssl.create_default_context(cafile=str(self.folder / "fullchain.pem"))
        return httpx.Client(base_url=f"https://{NAME}:{self.https}", verify=context, transport=None, timeout=10, mounts={"https://": _Here(self.https, context)})


class _Here(httpx.HTTPTransport):
    """Finds every name on this machine, as a DNS with the clinic's name would."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__(verify=context)
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["sni_hostname"] = request.url.host
        request.url = request.url.copy_with(host="127.0.0.1", port=self._port)
        return super().handle_request(request)


@contextmanager
def nginx(folder: Path, *upstreams: int) -> Iterator[Proxy]:
    """nginx with the example, its placeholders filled in; skips the test where there is none."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin") or pytest.skip("no nginx: Debian's package of that name is not installed")
    openssl = shutil.which("openssl") or pytest.skip("no openssl to make a certificate with")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}",
         "-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")],
        check=True, capture_output=True,
    )
    http, https = free_ports(2)
    text = (PROJECT / "deploy" / "nginx.conf").read_text("utf8")
    for pattern, value in {
        r"listen 80;": f"listen 127.0.0.1:{http};",
        r"listen 443 ssl;": f"listen 127.0.0.1:{https} ssl;",
        r"/etc/nginx/certificates/": f"{folder}/",
        r"/var/log/nginx/": f"{folder}/",
        r"server folderwijs:8000 (.*);": "\n".join(rf"server 127.0.0.1:{port} \1;" for port in upstreams),
    }.items():
        text, found = re.subn(pattern, value, text)
        assert found, pattern
    (folder / "folderwijs.conf").write_text(text, "utf8")
    kinds = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(f"daemon off; pid {folder}/pid; events {{}} http {{ {kinds} include {folder}/folderwijs.conf; }}", "utf8")
    process = subprocess.Popen([program, "-p", str(folder), "-e", str(folder / "start.log"), "-c", str(folder / "nginx.conf")])
    try:
        for port in (http, https):
            wait_for(port)
        yield Proxy(http, https, folder)
    finally:
        process.terminate()
        process.wait(10)


def free_ports(number: int) -> list[int]:
    probes = [socket.socket() for _ in range(number)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def wait_for(port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("nginx did not start")


@pytest.fixture
def upstreams() -> Iterator[tuple[Upstream, Upstream]]:
    pair = Upstream("one"), Upstream("other")
    yield pair
    for upstream in pair:
        upstream.stop()


@pytest.fixture
def proxy(tmp_path: Path, upstreams: tuple[Upstream, Upstream]) -> Iterator[Proxy]:
    with nginx(tmp_path, *(upstream.port for upstream in upstreams)) as running:
        yield running


def ask(client: httpx.Client, **headers: str) -> Any:
    response = client.post("/api/chat", content='{"message": "mag ik fietsen?"}', headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


def test_messages_go_to_every_process_over_tls(proxy: Proxy) -> None:
    with proxy.client() as client:
        told = [ask(client) for _ in range(10)]
    assert {reply["by"] for reply in told} == {"one", "other"}
    assert {reply["body"] for reply in told} == {'{"message": "mag ik fietsen?"}'}
    assert {reply["headers"]["host"] for reply in told} == {NAME}


def test_a_visitor_cannot_make_up_an_address(proxy: Proxy) -> None:
    with proxy.client() as client:
        headers = ask(client, **{"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "http"})["headers"]
    assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("127.0.0.1", "https")


def test_where_a_process_dies_another_takes_the_message(proxy: Proxy, upstreams: tuple[Upstream, Upstream]) -> None:
    with proxy.client() as client:
        upstreams[0].dies = True
        assert {ask(client)["by"] for _ in range(6)} == {"other"}
        upstreams[0].stop()
        assert {ask(client)["by"] for _ in range(6)} == {"other"}


def test_where_no_process_is_left_the_visitor_is_told_in_dutch(proxy: Proxy, upstreams: tuple[Upstream, Upstream]) -> None:
    for upstream in upstreams:
        upstream.stop()
        upstream.dies = True
    with proxy.client() as client:
        response = client.post("/api/chat", content="{}")
    assert (response.status_code, response.headers["retry-after"]) == (503, "10")
    assert "Bel de praktijk: 0" in response.json()["error"]["message"]


def test_without_tls_a_visitor_is_sent_to_tls(proxy: Proxy) -> None:
    response = httpx.get(f"http://127.0.0.1:{proxy.http}/balie?a=b", headers={"host": NAME})
    assert (response.status_code, response.headers["location"]) == (301, f"https://{NAME}/balie?a=b")


def test_only_todays_tls_is_spoken_and_browsers_are_told_to_keep_to_it(proxy: Proxy) -> None:
    with proxy.client() as client:
        assert client.post("/api/chat", content="{}").headers["strict-transport-security"].startswith("max-age=")
    old = ssl.create_default_context(cafile=str(proxy.folder / "fullchain.pem"))
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", proxy.https)) as connection, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(connection, server_hostname=NAME)


def test_a_large_body_does_not_reach_the_service(proxy: Proxy) -> None:
    with proxy.client() as client:
        assert client.post("/api/chat", content=b"a" * 100_000).status_code == 413


def test_nothing_that_was_typed_is_written_down(proxy: Proxy, upstreams: tuple[Upstream, Upstream]) -> None:
    with proxy.client() as client:
        ask(client)
        for upstream in upstreams:
            upstream.stop()
            upstream.dies = True
        assert client.post("/api/search?q=zeldzaamwoord", content="{}").status_code == 503
    assert not any("zeldzaamwoord" in file.read_text("utf8", "replace") for file in proxy.folder.glob("*.log"))
