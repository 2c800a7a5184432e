"""The web service: routes, limits, sessions, pages."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, AsyncIterator, Callable, Collection, Coroutine, Iterator, Mapping, Optional, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from folderwijs import __version__, metrics, openapi
from folderwijs.answers import Answers
from folderwijs.connection import MAX_HEAD, Connections
from folderwijs.desk.desk import Desk
from folderwijs.engine import Engine
from folderwijs.interface import About, ChatRequest, ChatResponse, Failure, Feedback, Health, LeafletNames, Mistake, PracticeContact, Status
from folderwijs.limits import TotalLimit, VisitorLimits
from folderwijs.origins import Origins
from folderwijs.pages import Pages
from folderwijs.proxies import TrustedProxies
from folderwijs.question_log import QuestionLog
from folderwijs.queueing import RETRY_AFTER, Gone, Overloaded, Queue
from folderwijs.search import TopicSearch
from folderwijs.sessions import ForgedSession, Sessions
from folderwijs.settings import Settings
from folderwijs.understanding.words import MAX_CHARACTERS

MAX_BODY = 32_768
"""Bytes of a request's body; a message of 1,000 characters, each escaped, takes 12,000."""
MAX_WHY = 300
"""Characters of a visitor's reason for an opinion."""
MAX_RATED_TOPICS = 10
MAX_RESULTS = 20
MAX_LOGGING = 100
"""Questions on their way to the question log; where it cannot keep up, the rest is not kept."""
_LIMITS = {str(number) for number in range(1, MAX_RESULTS + 1)}

SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), payment=(), microphone=(self)",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
}

logger = logging.getLogger(__name__)
_Shape = TypeVar("_Shape", bound=msgspec.Struct)


class Refused(Exception):
    """Raised to refuse a request with a clear error: a status, a code, and a Dutch sentence."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers


class SecurityHeaders:
    """Puts the security headers on every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the headers to what comes back."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class HeadLimit:
    """Refuses a request whose address and headers together are too long.

    Args:
        app: the application.
        refused: makes the response.
    """

    def __init__(self, app: ASGIApp, refused: Callable[[], Response]) -> None:
        self._app = app
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http":
            headers = sum(len(name) + len(value) for name, value in scope["headers"])
            if headers + len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]) > MAX_HEAD:
                await self._refused()(scope, receive, send)
                return
        await self._app(scope, receive, send)


class Shedding:
    """Turns visitors away while the queue is full, before anything costly is done for them.

    Args:
        app: the application.
        queue: the queue before the engine.
        paths: those that need the engine.
        refused: makes the response.
    """

    def __init__(self, app: ASGIApp, queue: Queue, paths: Collection[str], refused: Callable[[], Response]) -> None:
        self._app = app
        self._queue = queue
        self._paths = paths
        self._response = refused()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on where there is room, else refuse it."""
        if self._queue.is_full and scope["type"] == "http" and scope["path"] in self._paths:
            metrics.REFUSALS.labels("too_busy").inc()
            await self._response(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class Failures:
    """Answers where something fails inside.

    Starlette would pass the error on to the server, which logs its text, and with that perhaps what a visitor typed.

    Args:
        app: the application.
        failed: makes the response.
    """

    def __init__(self, app: ASGIApp, failed: Callable[[Exception], Response]) -> None:
        self._app = app
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and respond where that fails before there is a response."""
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:
            if scope["type"] != "http":
                raise
            response = self._failed(error)
            if not started:
                await response(scope, receive, send)


class Service:
    """The routes and what they need.

    Args:
        settings: the settings.
        answers: the content.
        load_engine: makes the engine; called once, when the service starts.
        question_log: keeps questions and opinions; None: nothing is kept, and nobody is asked for an opinion.
        desk: the receptionist's desk; None leaves it out.
    """

    def __init__(
        self, settings: Settings, answers: Answers, load_engine: Callable[[], Engine], question_log: Optional[QuestionLog] = None, desk: Optional[Desk] = None
    ) -> None:
        self._keeping: set[asyncio.Task[None]] = set()
        self._desk = desk
        self._answers = answers
        self._load_engine = load_engine
        self._engine: Optional[Engine] = None
        self._sessions = Sessions(settings.secret)
        self._limits = VisitorLimits(settings.rate_limit) if settings.limits else None
        self._total_limit = TotalLimit(settings.total_rate_limit)
        self._queue = Queue(settings.queue)
        self._proxies = settings.trusted_proxies
        self._connections = Connections(settings.max_connections, settings.request_seconds, settings.trusted_proxies, self._call_us)
        self._search = TopicSearch(answers)
        self._pages = Pages(answers)
        self._question_log = question_log
        self._origins = settings.origins

    def app(self) -> Starlette:
        """The ASGI application."""
        app = Starlette(
            routes=[
                *self._pages.routes(),
                Route("/api/chat", self.chat, methods=["POST"]),
                Route("/api/feedback", self.feedback, methods=["POST"]),
                Route("/api/widget", self.about, methods=["GET"]),
                Route("/api/search", self.search, methods=["GET"]),
                Route("/openapi.json", self.description, methods=["GET"]),
                Route("/health", self.health, methods=["GET"]),
                Route("/health/live", self.live, methods=["GET"]),
                Route("/health/ready", self.ready, methods=["GET"]),
                *(self._desk.routes() if self._desk else ()),
            ],
            exception_handlers={Refused: self._refused, HTTPException: self._http_error},
            lifespan=self._lifespan,
        )
        app.add_middleware(Failures, failed=self._failed)
        app.add_middleware(Shedding, queue=self._queue, paths=("/api/chat", "/api/search"), refused=self._shed)
        app.add_middleware(Origins, listed=self._origins, refused=self._elsewhere)  # outside the one before: a listed website can also read of a failure
        app.add_middleware(HeadLimit, refused=self._head_too_large)
        app.add_middleware(SecurityHeaders)  # outside the others: every response has them
        app.add_middleware(TrustedProxies, trusted=self._proxies)
        app.add_middleware(metrics.Measured)
        return app

    async def chat(self, request: Request) -> Response:
        """POST /api/chat: one message, one or more replies."""
        body = _decode(await self._body(request), ChatRequest, self._call_us)
        message = self._message(body.message)
        token = body.session if body.session is not None else self._sessions.new()
        conversation = self._conversation(token)
        self._count(request)
        engine = self._ready()
        with self._admitting():
            turn = await engine.take_turn(message, conversation, lambda: self._turn(request))
        for reply in turn.replies:
            metrics.REPLIES.labels(reply.kind).inc()
        if self._question_log is not None:
            self._keep(self._question_log.replied(message, turn.replies))
        return _json(ChatResponse(token, turn.replies, forgotten=body.session is not None and not turn.remembered))

    async def feedback(self, request: Request) -> Response:
        """POST /api/feedback: a visitor's opinion of an answer."""
        if self._question_log is None:
            raise Refused(404, "no_feedback", f"Deze assistent vraagt niet om uw mening. {self._call_us}")
        body = _decode(await self._body(request), Feedback, self._call_us)
        message = self._message(body.message)
        self._conversation(body.session)
        if len(body.topics) > MAX_RATED_TOPICS or not set(body.topics) <= self._answers.questions.keys():
            raise Refused(422, "unknown_topic", f"Dit onderwerp is niet bekend. {self._call_us}")
        if len(body.why or "") > MAX_WHY:
            raise Refused(422, "why_too_long", f"Uw uitleg is te lang: gebruik hoogstens {MAX_WHY} tekens. {self._call_us}")
        self._count(request)
        self._keep(self._question_log.rated(message, tuple(body.topics), body.helpful, (body.why or "").strip()))
        return Response(status_code=204, headers={"cache-control": "no-store"})

    async def about(self, request: Request) -> Response:
        """GET /api/widget: what the chat shows before anything is asked."""
        answers = self._answers
        kept = self._question_log is not None
        return _json(
            About(
                LeafletNames(answers.leaflet.id, answers.leaflet.title, answers.leaflet.subject), PracticeContact(answers.practice.name, answers.practice.phone),
                answers.greeting(kept), answers.openers(), answers.matter("praktijk_mens"), kept,
            )
        )

    async def search(self, request: Request) -> Response:
        """GET /api/search: topics for what is typed so far."""
        query = request.query_params.get("q", "").strip()
        if not query:
            raise Refused(400, "empty_query", f"Typ een zoekwoord. {self._call_us}")
        if len(query) > MAX_CHARACTERS:
            raise Refused(422, "query_too_long", f"Uw zoekvraag is te lang: gebruik hoogstens {MAX_CHARACTERS} tekens. {self._call_us}")
        limit = request.query_params.get("limit", "3")
        if limit not in _LIMITS:
            raise Refused(422, "bad_limit", f"Vraag om 1 tot {MAX_RESULTS} resultaten. {self._call_us}")
        if not (self._desk and await self._desk.may_search_freely(request)):
            self._count(request)
        engine = self._ready()
        with self._admitting():
            async with self._turn(request):
                parts = await engine.understand(query)
        return _json(self._search.find(query, parts, int(limit)))

    async def health(self, request: Request) -> Response:
        """GET /health: 200 while the service can answer, which takes the store of the conversations as well."""
        if not await self._ready().reaches_store():
            raise Refused(503, "store_away", f"De assistent kan nu niet antwoorden. {self._call_us}", {"retry-after": "5"})
        return _json(Health(version=__version__, leaflet=self._answers.leaflet.id))

    async def live(self, request: Request) -> Response:
        """GET /health/live: 200 while the process runs; where this gets no answer, it must be started anew."""
        return _json(Status())

    async def ready(self, request: Request) -> Response:
        """GET /health/ready: 200 while visitors may be sent to this process, which is not while it starts or stops.

        A store that is away is no matter of one process, and sending what one process cannot bear to the others would take them down in turn:
        in both cases the visitor gets a Dutch sentence here, which a proxy without a process left would not give.
        """
        self._ready()
        if self._connections.stopping:
            raise self._too_busy()
        return _json(Status())

    async def description(self, request: Request) -> Response:
        """GET /openapi.json: what this service can be asked."""
        return _json(openapi.description())

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[dict[str, Any]]:
        self._engine = self._load_engine()
        if not await self._engine.reaches_store():
            logger.warning("the store of the conversations cannot be used yet; /health says 503 until it can")
        async with self._desk.running() if self._desk else contextlib.nullcontext():
            yield self._connections.state()
            await asyncio.gather(*self._keeping, return_exceptions=True)

    def _keep(self, keeping: Coroutine[Any, Any, None]) -> None:
        """Have the question log keep something, without having the visitor wait for it."""
        if len(self._keeping) >= MAX_LOGGING:
            keeping.close()
            return
        task = asyncio.create_task(keeping)
        self._keeping.add(task)  # else nothing holds on to it
        task.add_done_callback(self._kept)

    def _kept(self, task: asyncio.Task[None]) -> None:
        self._keeping.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("a question could not be kept: %s", type(error).__name__)  # its text may hold the message

    @property
    def _call_us(self) -> str:
        return f"Lukt het niet? Bel {self._answers.practice.name}, {self._answers.practice.phone}."

    def _ready(self) -> Engine:
        if self._engine is None:
            raise Refused(503, "starting", f"De assistent start nog op. {self._call_us}", {"retry-after": "5"})
        return self._engine

    def _count(self, request: Request) -> None:
        wait = self._limits.seconds_to_wait(request.client.host if request.client else "") if self._limits else 0
        if wait:
            raise Refused(429, "too_many_messages", f"U stuurt te veel berichten. Wacht {wait} seconden. {self._call_us}", {"retry-after": str(wait)})
        if self._limits and (wait := self._total_limit.seconds_to_wait()):
            raise Refused(429, "too_many_visitors", f"Er zijn nu te veel vragen. Wacht {wait} seconden. {self._call_us}", {"retry-after": str(wait)})

    @contextlib.asynccontextmanager
    async def _turn(self, request: Request) -> AsyncIterator[None]:
        """Hold a turn with the engine.

        Raises:
            NotAdmitted: it is too busy, or the visitor left while waiting.
        """
        async with self._queue.turn() as waited:
            if waited and await request.is_disconnected():
                raise Gone
            yield

    @contextlib.contextmanager
    def _admitting(self) -> Iterator[None]:
        """Say what it means over HTTP where a message is not admitted.

        Raises:
            Refused: it is too busy.
            ClientDisconnect: the visitor left while waiting.
        """
        try:
            yield
        except Overloaded:
            raise self._too_busy() from None
        except Gone:
            raise ClientDisconnect from None

    def _message(self, typed: str) -> str:
        """What a visitor typed, without blanks around it.

        Raises:
            Refused: it is empty or too long.
        """
        message = typed.strip()
        if not message:
            raise Refused(400, "empty_message", f"Uw bericht is leeg. Typ uw vraag. {self._call_us}")
        if len(typed) > MAX_CHARACTERS:
            raise Refused(422, "message_too_long", f"Uw bericht is te lang: gebruik hoogstens {MAX_CHARACTERS} tekens. {self._call_us}")
        return message

    def _conversation(self, token: str) -> str:
        """The conversation that a session is for.

        Raises:
            Refused: the session is not ours.
        """
        try:
            return self._sessions.conversation(token)
        except ForgedSession:
            raise Refused(400, "unknown_session", f"Dit gesprek is niet bekend. Begin opnieuw. {self._call_us}") from None

    def _too_busy(self) -> Refused:
        message = f"Het is nu te druk. Probeer het over {RETRY_AFTER} seconden opnieuw. {self._call_us}"
        return Refused(503, "too_busy", message, {"retry-after": str(RETRY_AFTER)})

    def _shed(self) -> Response:
        busy = self._too_busy()
        return _json(Failure(Mistake(busy.code, busy.message)), busy.status, busy.headers)

    def _head_too_large(self) -> Response:
        metrics.REFUSALS.labels("head_too_large").inc()
        return _json(Failure(Mistake("head_too_large", f"Uw verzoek is te groot. {self._call_us}")), 431, {"connection": "close"})

    def _elsewhere(self) -> Response:
        return _json(Failure(Mistake("origin", f"Deze chat mag niet op deze website staan. {self._call_us}")), 403)

    async def _body(self, request: Request) -> bytes:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                raise Refused(413, "too_large", f"Uw bericht is te groot. {self._call_us}")
        return bytes(body)

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        metrics.REFUSALS.labels(error.code).inc()
        return _json(Failure(Mistake(error.code, error.message)), error.status, error.headers)

    async def _http_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        messages = {404: ("not_found", "Deze pagina bestaat niet."), 405: ("method_not_allowed", "Dat kan hier niet.")}
        code, message = messages.get(error.status_code, ("bad_request", "Dat verzoek klopt niet."))
        return _json(Failure(Mistake(code, f"{message} {self._call_us}")), error.status_code, error.headers)

    def _failed(self, error: Exception) -> Response:
        if not isinstance(error, ClientDisconnect):
            logger.error("a request failed: %s", type(error).__name__)
        return _json(Failure(Mistake("internal", self._answers.error().text)), 500)


def _decode(body: bytes, shape: type[_Shape], call_us: str) -> _Shape:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError:
        raise Refused(422, "wrong_shape", f"Het bericht heeft niet de goede vorm. {call_us}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(400, "not_json", f"Het bericht is niet te lezen. {call_us}") from None


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(value), status, {"cache-control": "no-store", **(headers or {})}, "application/json")


