"""The receptionist's desk: its routes."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
from typing import Any, AsyncIterator, Awaitable, Callable, Mapping, Optional
from urllib.parse import parse_qs

import msgspec
from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from folderwijs.answers import Answers
from folderwijs.desk.chart import chart
from folderwijs.desk.entry import Doorkeeper, Visit, is_from_our_page
from folderwijs.desk.export import to_csv, to_rasa
from folderwijs.desk.groups import KINDS, Group, by_week, group
from folderwijs.desk.store import Kept, Store
from folderwijs.limits import VisitorLimits
from folderwijs.settings import PROJECT, Settings

WEB = PROJECT / "web" / "desk"
MOST_USED = 5
"""Topics that the empty page shows as the day's most used."""
SEARCHES = 1200
"""Searches a minute from the desk, one a keystroke."""
MARKED_AT_ONCE = 5000
_EXPIRE_EVERY = 3600  # seconds
_ANYTHING = "overig"  # the catalogue's name for whatever has no name; questions.js marks with it too
_MAX_BODY = 65_536
_HEADERS = {"cache-control": "no-store", "referrer-policy": "same-origin"}  # without a referrer a browser hides the origin of a form

Handler = Callable[["Desk", Request, Visit], Awaitable[Response]]

logger = logging.getLogger(__name__)


class _Mark(msgspec.Struct):
    """What POST /api/desk/mark takes: questions, and what they belong to (None takes the mark away)."""

    ids: list[int]
    mark: Optional[str]


class _Use(msgspec.Struct):
    """What POST /api/desk/used takes."""

    topic: str


class Desk:
    """The routes of the desk and what they need.

    Args:
        settings: the settings.
        answers: the content.
        store: where questions, uses and logins are kept; where questions are not kept, one in memory.
        today: gives the day.
    """

    def __init__(self, settings: Settings, answers: Answers, store: Store, today: Callable[[], datetime.date] = datetime.date.today) -> None:
        self._answers = answers
        self._store = store
        self._today = today
        self._keeps_questions = bool(settings.questions_db)
        self._days = settings.question_days
        self._door = Doorkeeper(settings.desk_password_hash, settings.secret, store)
        self._searches = VisitorLimits(SEARCHES)
        templates = Environment(loader=FileSystemLoader(WEB), autoescape=True)
        templates.globals.update(practice=answers.practice, leaflet=answers.leaflet, texts=answers.texts, login=self._door.needs_password)
        self._pages = templates

    def routes(self) -> list[BaseRoute]:
        """The pages under /balie and what they ask for under /api/desk."""
        return [
            Route("/balie", self._page_for_visitor(Desk._desk)),
            Route("/balie/vragen", self._page_for_visitor(Desk._questions)),
            Route("/balie/inloggen", self.login, methods=["GET", "POST"]),
            Route("/balie/uitloggen", self._change(Desk._logout), methods=["POST"]),
            Route("/api/desk/topics", self._data(Desk._topics)),
            Route("/api/desk/used", self._change(Desk._used), methods=["POST"]),
            Route("/api/desk/mark", self._change(Desk._mark), methods=["POST"]),
            Route("/api/desk/vragen.csv", self._data(Desk._csv)),
            Route("/api/desk/vragen.yml", self._data(Desk._rasa)),
            Mount("/balie/static", StaticFiles(directory=WEB / "static")),
        ]

    async def may_search_freely(self, request: Request) -> bool:
        """Whether a search comes from our own page at the desk, which asks at every keystroke."""
        if "x-balie" not in request.headers or await self._door.visit(request) is None:
            return False
        return not self._searches.seconds_to_wait(request.client.host if request.client else "")

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Delete what is too old, now and every hour, while the service runs."""
        await self._expire()
        task = asyncio.create_task(self._keep_expiring())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self._store.close()

    async def login(self, request: Request) -> Response:
        """GET and POST /balie/inloggen: ask for the password, and let in whoever knows it."""
        if not self._door.needs_password:
            return RedirectResponse("/balie", 303)
        if request.method != "POST":
            return self._html("inloggen.html", request)
        if not is_from_our_page(request):
            return self._html("inloggen.html", request, 403, problem="Dat verzoek kwam niet van deze pagina. Probeer het hier nog eens.")
        wait = self._door.seconds_to_wait(request)
        if wait:
            problem = f"Er is te vaak een wachtwoord geprobeerd. Wacht {wait} seconden."
            return self._html("inloggen.html", request, 429, {"retry-after": str(wait)}, problem=problem)
        response = RedirectResponse("/balie", 303, _HEADERS)  # always the same place: no link can send anybody elsewhere
        if await self._door.log_in(request, await _field(request, "wachtwoord"), response):
            return response
        return self._html("inloggen.html", request, 403, problem="Dat wachtwoord klopt niet.")

    async def _desk(self, request: Request, visit: Visit) -> Response:
        titles = {source.section for topic in self._answers.leaflet.topics.values() for source in topic.sources}
        headings = [
            (section.title, [topic for topic in self._answers.leaflet.topics.values() if topic.sources[0].section == section.title])
            for section in self._answers.leaflet.sections
            if section.title in titles
        ]
        return self._html("balie.html", request, visit=visit, headings=[entry for entry in headings if entry[1]])

    async def _questions(self, request: Request, visit: Visit) -> Response:
        questions: list[Kept] = []
        problem = ""
        if not self._keeps_questions:
            problem = "De praktijk bewaart geen vragen. Wie de computer beheert, kan dat aanzetten (QUESTIONS_DB)."
        else:
            try:
                questions = await asyncio.to_thread(self._store.questions)
            except Exception as error:  # noqa: BLE001, whatever it is, the receptionist gets a page
                logger.warning("the questions cannot be read: %s", type(error).__name__)
                problem = f"De lijst is er nu niet. Probeer het straks nog eens, of bel {self._answers.practice.phone}."
        weeks = by_week(questions, self._today())
        groups = await asyncio.to_thread(group, questions)
        return self._html(
            "vragen.html", request, visit=visit, groups=groups, weeks=weeks, bars=chart(weeks), kinds=KINDS, problem=problem, days=self._days,
            belongs=self._belongs(), names=self._names(), open=sum(group.mark is None for group in groups),
        )

    async def _topics(self, request: Request, visit: Visit) -> Response:
        """Every topic, and the day's most used."""
        topics = [
            {"topic": topic.id, "title": topic.title, "answer": topic.answer, "sources": topic.sources, "ask": topic.ask} for topic in self._answers.leaflet.topics.values()
        ]
        used = await asyncio.to_thread(self._store.most_used, self._today(), MOST_USED)
        return _json({"topics": topics, "most_used": [id_ for id_ in used if id_ in self._answers.leaflet.topics]})

    async def _used(self, request: Request, visit: Visit) -> Response:
        """Count the use of a topic."""
        use = await _decoded(request, _Use)
        if use is None or use.topic not in self._answers.leaflet.topics:
            return self._refuse(422, "wrong_shape", "Dat onderwerp bestaat niet.")
        await asyncio.to_thread(self._store.use, self._today(), use.topic)
        return _json({})

    async def _mark(self, request: Request, visit: Visit) -> Response:
        """Mark questions, or take their mark away."""
        mark = await _decoded(request, _Mark)
        if mark is None or not 1 <= len(mark.ids) <= MARKED_AT_ONCE or not all(0 < id_ < 2**31 for id_ in mark.ids):
            return self._refuse(422, "wrong_shape", "Dat verzoek klopt niet.")
        if mark.mark is not None and mark.mark not in self._answers.questions:
            return self._refuse(422, "unknown_topic", "Dat onderwerp bestaat niet.")
        return _json({"marked": await asyncio.to_thread(self._store.mark, mark.ids, mark.mark)})

    async def _csv(self, request: Request, visit: Visit) -> Response:
        return _file("\ufeff" + to_csv(await self._groups()), "text/csv", "vragen.csv")  # the mark tells spreadsheets that it is UTF-8

    async def _rasa(self, request: Request, visit: Visit) -> Response:
        return _file(to_rasa(await self._groups()), "application/yaml", "vragen.yml")

    async def _logout(self, request: Request, visit: Visit) -> Response:
        response = RedirectResponse("/balie/inloggen", 303, _HEADERS)
        await self._door.log_out(request, response)
        return response

    async def _groups(self) -> list[Group]:
        if not self._keeps_questions:
            return []
        return await asyncio.to_thread(lambda: group(self._store.questions()))

    def _belongs(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """What a question can be marked as: headings, each with ids and names."""
        leaflet, names = self._answers.leaflet, self._names()
        gaps = [id_ for id_ in self._answers.questions if id_ not in leaflet.topics]
        return [("Hoort bij", [(id_, names[id_]) for id_ in leaflet.topics]), ("Staat niet in de folder", [(id_, names[id_]) for id_ in gaps])]

    def _names(self) -> dict[str, str]:
        leaflet = self._answers.leaflet
        names = {id_: leaflet.topics[id_].title if id_ in leaflet.topics else question.subject for id_, question in self._answers.questions.items()}
        return names | {_ANYTHING: "iets anders"}

    async def _keep_expiring(self) -> None:
        while True:
            await asyncio.sleep(_EXPIRE_EVERY)
            await self._expire()

    async def _expire(self) -> None:
        try:
            await asyncio.to_thread(self._store.expire, self._today() - datetime.timedelta(self._days - 1))
        except Exception as error:  # noqa: BLE001, the chat must start and go on, whatever the store does
            logger.warning("the store of questions cannot be used: %s", type(error).__name__)

    def _page_for_visitor(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            visit = await self._door.visit(request)
            if visit is not None:
                return await handler(self, request, visit)
            if self._door.needs_password:
                return RedirectResponse("/balie/inloggen", 303, _HEADERS)
            return self._html("dicht.html", request, 403)

        return handle

    def _data(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            visit = await self._door.visit(request)
            if visit is None:
                return self._refuse(401, "not_logged_in", "U bent niet ingelogd, of niet meer. Log opnieuw in.")
            return await handler(self, request, visit)

        return handle

    def _change(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            visit = await self._door.visit(request)
            if visit is None:
                return self._refuse(401, "not_logged_in", "U bent niet ingelogd, of niet meer. Log opnieuw in.")
            token = request.headers.get("x-csrf-token")
            if token is None:
                token = await _field(request, "csrf")
            if not self._door.may_change(request, visit, token):
                return self._refuse(403, "not_from_here", "Dat verzoek kwam niet van deze pagina.")
            return await handler(self, request, visit)

        return handle

    def _html(self, name: str, request: Request, status: int = 200, headers: Optional[Mapping[str, str]] = None, **values: Any) -> Response:
        return Response(self._pages.get_template(name).render(**values), status, {**_HEADERS, **(headers or {})}, "text/html")

    def _refuse(self, status: int, code: str, message: str) -> Response:
        practice = self._answers.practice
        return _json({"error": {"code": code, "message": f"{message} Lukt het niet? Bel {practice.name}, {practice.phone}."}}, status)


async def _body(request: Request) -> Optional[bytes]:
    """The body, or None where it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            return None
    request._body = bytes(body)  # so that it can be read again
    return bytes(body)


async def _field(request: Request, name: str) -> str:
    """A field of a form that was sent, or ""."""
    try:
        return parse_qs((await _body(request) or b"").decode("utf8", "replace"), max_num_fields=10).get(name, [""])[0]
    except ValueError:  # too many fields
        return ""


async def _decoded(request: Request, shape: type[Any]) -> Any:
    """The body as `shape`, or None where it is not that."""
    try:
        return msgspec.json.decode(await _body(request) or b"", type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, _HEADERS, "application/json")


def _file(text: str, type_: str, name: str) -> Response:
    return Response(text.encode("utf8"), 200, {**_HEADERS, "content-disposition": f'attachment; filename="{name}"'}, f"{type_}; charset=utf-8")
