"""The pages and the chat's script."""

from __future__ import annotations

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from folderwijs.answers import Answers
from folderwijs.leaflet_page import parts_of, sentences_with
from folderwijs.settings import PROJECT
from folderwijs.widget import WidgetScript, join_script

WEB = PROJECT / "web"
MAX_QUOTE = 2_000
"""Characters of a quote that the leaflet's page looks for."""
_FOREVER = "public, max-age=31536000, immutable"
_ANYWHERE = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin", "vary": "Accept-Encoding"}


class Pages:
    """What a browser shows: the chat's page, the leaflet, an example of a clinic's website; and the chat's script.

    Args:
        answers: the content.
    """

    def __init__(self, answers: Answers) -> None:
        self.script: WidgetScript = join_script(WEB / "widget", answers.practice)
        self._parts = parts_of(answers.leaflet)
        self._templates = Environment(loader=FileSystemLoader(WEB / "pages"), autoescape=True)
        self._known = {"practice": answers.practice, "leaflet": answers.leaflet, "version": self.script.version}
        self._chat = self._render("chat.html")
        line = f'<script src="/folderwijs.js" data-leaflet="{answers.leaflet.id}" defer></script>'
        pinned = f'<script src="/widget/{self.script.version}/folderwijs.js" integrity="{self.script.integrity}" crossorigin defer></script>'
        self._example = self._render("voorbeeld.html", line=line, pinned=pinned)

    def routes(self) -> list[BaseRoute]:
        """The routes to all of it."""
        return [
            Route("/", self.chat),
            Route("/voorbeeld", self.example),
            Route("/folder", self.leaflet),
            Route("/folderwijs.js", self.newest_script),
            Route("/widget/{version}/folderwijs.js", self.script_of_version),
            Mount("/static", StaticFiles(directory=WEB / "static")),
        ]

    async def chat(self, request: Request) -> Response:
        """GET /: the chat on a page of its own."""
        return _page(self._chat)

    async def example(self, request: Request) -> Response:
        """GET /voorbeeld: a clinic's website with the chat in it."""
        return _page(self._example)

    async def leaflet(self, request: Request) -> Response:
        """GET /folder: the whole leaflet, with the sentences of the quote `zin` under the heading `kop` marked."""
        quote = request.query_params.get("zin", "")[:MAX_QUOTE]
        marked = sentences_with(self._parts, request.query_params.get("kop", ""), quote)
        return _page(self._render("folder.html", parts=self._parts, marked=marked, first=min(marked, default=0), asked=bool(quote)))

    async def newest_script(self, request: Request) -> Response:
        """GET /folderwijs.js: the script as it is now; the browser asks every time whether it changed."""
        return self._script(request, "no-cache")

    async def script_of_version(self, request: Request) -> Response:
        """GET /widget/VERSION/folderwijs.js: the script with this content, to keep for good; 404 where it is another."""
        if request.path_params["version"] != self.script.version:
            return Response("Deze versie is er niet (meer).", 404, {**_ANYWHERE, "cache-control": "no-store"}, "text/plain")
        return self._script(request, _FOREVER)

    def _script(self, request: Request, caching: str) -> Response:
        headers = {**_ANYWHERE, "cache-control": caching, "etag": f'"{self.script.version}"'}
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.script.compressed, headers={**headers, "content-encoding": "gzip"}, media_type="text/javascript")
        return Response(self.script.content, headers=headers, media_type="text/javascript")

    def _render(self, name: str, **values: object) -> str:
        return self._templates.get_template(name).render({**self._known, **values})


def _page(html: str) -> Response:
    return Response(html, media_type="text/html", headers={"cache-control": "no-cache"})
