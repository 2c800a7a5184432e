"""The web service: routes, limits, sessions, pages."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, AsyncIterator, Callable, Coroutine, Mapping, Optional, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from folderwijs import __version__
from folderwijs.answers import Answers
from folderwijs.desk.desk import Desk
from folderwijs.engine import Engine
from folderwijs.limits import VisitorLimits
from folderwijs.origins import Origins
from folderwijs.pages import Pages
from folderwijs.question_log import QuestionLog
from folderwijs.replies import Reply, Suggestion
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


class ChatRequest(msgspec.Struct):
    """What POST /api/chat takes."""

    message: str
    session: Optional[str] = None


class ChatResponse(msgspec.Struct):
    """What POST /api/chat gives.

    Attributes:
        session: to send along with the next message.
        replies: at least one.
        forgotten: whether the session that came with the message had a conversation that is no longer kept (an extension of the contract).
    """

    session: str
    replies: list[Reply]
    forgotten: bool = False


class Feedback(msgspec.Struct):
    """What POST /api/feedback takes: the opinion on the answer to `message`, which was about `topics`."""

    session: str
    message: str
    topics: list[str]
    helpful: bool
    why: Optional[str] = None


class LeafletNames(msgspec.Struct):
    """How the chat speaks of the leaflet."""

    id: str
    title: str
    subject: str


class PracticeContact(msgspec.Struct):
    """The practice, to call."""

    name: str
    phone: str


class About(msgspec.Struct):
    """What GET /api/widget gives.

    Attributes:
        leaflet, practice: whose chat this is.
        greeting: the first words, in paragraphs: a greeting, who speaks, what is kept, when to call at once.
        openers: what to ask first.
        human: the reply to someone who wants to speak to a human.
        feedback: whether opinions are kept.
    """

    leaflet: LeafletNames
    practice: PracticeContact
    greeting: list[str]
    openers: tuple[Suggestion, ...]
    human: Reply
    feedback: bool


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
                Route("/health", self.health, methods=["GET"]),
                *(self._desk.routes() if self._desk else ()),
            ],
            exception_handlers={Refused: self._refused, HTTPException: self._http_error},
            lifespan=self._lifespan,
        )
        app.add_middleware(Failures, failed=self._failed)
        app.add_middleware(Origins, listed=self._origins, refused=self._elsewhere)  # outside the one before: a listed website can also read of a failure
        app.add_middleware(SecurityHeaders)  # added last, so outside the others: every response has them
        return app

    async def chat(self, request: Request) -> Response:
        """POST /api/chat: one message, one or more replies."""
        body = _decode(await self._body(request), ChatRequest, self._call_us)
        message = self._message(body.message)
        token = body.session if body.session is not None else self._sessions.new()
        conversation = self._conversation(token)
        self._count(request)
        engine = self._ready()
        forgotten = body.session is not None and not await engine.remembers(conversation)
        replies = await engine.reply(message, conversation)
        if self._question_log is not None:
            self._keep(self._question_log.replied(message, replies))
        return _json(ChatResponse(token, replies, forgotten))

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
        return _json(self._search.find(query, await self._ready().understand(query), int(limit)))

    async def health(self, request: Request) -> Response:
        """GET /health: 200 once the service can answer."""
        self._ready()
        return _json({"status": "ok", "version": __version__, "leaflet": self._answers.leaflet.id})

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._engine = self._load_engine()
        async with self._desk.running() if self._desk else contextlib.nullcontext():
            yield
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

    def _elsewhere(self) -> Response:
        return _json({"error": {"code": "origin", "message": f"Deze chat mag niet op deze website staan. {self._call_us}"}}, 403)

    async def _body(self, request: Request) -> bytes:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                raise Refused(413, "too_large", f"Uw bericht is te groot. {self._call_us}")
        return bytes(body)

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return _json({"error": {"code": error.code, "message": error.message}}, error.status, error.headers)

    async def _http_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        messages = {404: ("not_found", "Deze pagina bestaat niet."), 405: ("method_not_allowed", "Dat kan hier niet.")}
        code, message = messages.get(error.status_code, ("bad_request", "Dat verzoek klopt niet."))
        return _json({"error": {"code": code, "message": f"{message} {self._call_us}"}}, error.status_code, error.headers)

    def _failed(self, error: Exception) -> Response:
        if not isinstance(error, ClientDisconnect):
            logger.error("a request failed: %s", type(error).__name__)
        return _json({"error": {"code": "internal", "message": self._answers.error().text}}, 500)


def _decode(body: bytes, shape: type[_Shape], call_us: str) -> _Shape:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError:
        raise Refused(422, "wrong_shape", f"Het bericht heeft niet de goede vorm. {call_us}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(400, "not_json", f"Het bericht is niet te lezen. {call_us}") from None


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(value), status, {"cache-control": "no-store", **(headers or {})}, "application/json")


