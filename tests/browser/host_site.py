"""A clinic's website on an address of its own, with whatever pages a test gives it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Iterator, Mapping

PAGE = """<!doctype html><html lang="nl"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Praktijk</title>{head}</head>
<body><header><h1>Praktijk aan de Dam</h1></header><main><p>Welkom. <a href="#meer">Lees meer</a>.</p><button type="button">Menu</button><form><label>Naam <input></label></form>
<ul><li>Een</li><li>Twee</li></ul><p id="meer">Tot ziens.</p></main><footer><p>Adres</p></footer>{body}</body></html>"""


class HostSite:
    """The website: its address, the pages it has, and the headers that go with each of them.

    Attributes:
        url: its origin.
        other_url: the same website under another origin.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.other_url = f"http://localhost:{port}"
        self.html = ""
        self.headers: Mapping[str, str] = {}

    def has(self, head: str = "", body: str = "", headers: Mapping[str, str] | None = None) -> str:
        """Give every page of the website this in its head and at the end of its body; gives its address."""
        self.html = PAGE.format(head=head, body=body)
        self.headers = headers or {}
        return self.url


@contextmanager
def host_site() -> Iterator[HostSite]:
    """Serve a website until done with it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = b"" if self.path == "/favicon.ico" else site.html.encode()
            self.send_response(200)
            for name, value in {"content-type": "text/html", "content-length": str(len(content)), **site.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = HostSite(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
