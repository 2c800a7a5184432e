"""The description of the HTTP interface (OpenAPI 3.1), made from the shapes that the service itself decodes and encodes."""

from __future__ import annotations

import functools
from typing import Any, Mapping

import msgspec

from folderwijs import __version__
from folderwijs.interface import About, ChatRequest, ChatResponse, Failure, Feedback, Health, Status
from folderwijs.search import Found

_JSON = "application/json"
_SHAPES = (ChatRequest, ChatResponse, Feedback, About, Found, Failure, Health, Status)
_ERRORS = {
    "400": "The request cannot be used: no JSON, nothing asked, or a session that is not ours.",
    "403": "The request comes from a website that may not embed the chat (setting ORIGINS).",
    "404": "There is no such thing here.",
    "405": "There is no such method here.",
    "413": "The body is larger than 32,768 bytes.",
    "422": "It can be read, but has the wrong shape or is too long.",
    "429": "Too many messages of this visitor, or of all together; Retry-After says when to try again.",
    "431": "The address and the headers together are larger than 16,384 bytes.",
    "500": "Something failed inside.",
    "503": "The service starts, stops, or is too busy; Retry-After says when to try again.",
}
_RETRY = {"retry-after": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}


@functools.lru_cache(maxsize=1)
def description() -> Mapping[str, Any]:
    """The whole description, as JSON has it."""
    _, schemas = msgspec.json.schema_components(_SHAPES, ref_template="#/components/schemas/{name}")
    schemas["ChatRequest"]["properties"]["message"].update(minLength=1, maxLength=1000, pattern=r"\S")
    schemas["Feedback"]["properties"]["message"].update(minLength=1, maxLength=1000, pattern=r"\S")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Folderwijs",
            "version": __version__,
            "description": "Answers patients' questions from a clinic's leaflet, and only from that leaflet. Every error is a Dutch sentence with the practice's phone number.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {**_chat(), **_service(), **_pages(), **_desk()},
        "components": {"schemas": schemas},
    }


def _chat() -> dict[str, Any]:
    query = {
        "name": "q", "in": "query", "required": True, "description": "What is typed so far; half words count.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 1000, "pattern": r"\S"},
    }
    limit = {"name": "limit", "in": "query", "description": "Results at most.", "schema": {"type": "integer", "minimum": 1, "maximum": 20, "default": 3}}
    chat = {
        "summary": "One message; one or more replies.",
        "requestBody": _body("ChatRequest"),
        "responses": {"200": _json("ChatResponse", "The replies, and the session to send along with the next message."), **_errors("400", "403", "413", "422", "429", "431", "500", "503")},
    }
    feedback = {
        "summary": "A visitor's opinion of an answer, where those are kept.",
        "requestBody": _body("Feedback"),
        "responses": {"204": {"description": "Kept."}, **_errors("400", "403", "404", "413", "422", "429", "431", "500")},
    }
    search = {
        "summary": "Topics for half-typed words; no conversation is needed and none is changed.",
        "parameters": [query, limit],
        "responses": {"200": _json("Found", "What was found, the best first."), **_errors("400", "422", "429", "431", "500", "503")},
    }
    about = {"summary": "What the chat shows before anything is asked.", "responses": {"200": _json("About", "The leaflet, the practice and the first words."), **_errors("431", "500")}}
    return {"/api/chat": {"post": chat}, "/api/feedback": {"post": feedback}, "/api/search": {"get": search}, "/api/widget": {"get": about}}


def _service() -> dict[str, Any]:
    return {
        "/health": {"get": {"summary": "Whether the service can answer.", "responses": {"200": _json("Health", "It can."), **_errors("431", "503")}}},
        "/health/live": {"get": {"summary": "Whether the process runs; without an answer it must be started anew.", "responses": {"200": _json("Status", "It runs."), **_errors("431")}}},
        "/health/ready": {"get": {"summary": "Whether to send it visitors now.", "responses": {"200": _json("Status", "It takes questions."), **_errors("431", "503")}}},
        "/openapi.json": {"get": {"summary": "This description.", "responses": {"200": {"description": "The description.", "content": {_JSON: {"schema": {"type": "object"}}}}, **_errors("431")}}},
    }


def _pages() -> dict[str, Any]:
    def page(summary: str, media: str, *parameters: dict[str, Any], **others: str) -> dict[str, Any]:
        responses = {"200": {"description": "It.", "content": {media: {"schema": {"type": "string"}}}}, **{status[1:]: {"description": meaning} for status, meaning in others.items()}}
        return {"get": {"summary": summary, **({"parameters": list(parameters)} if parameters else {}), "responses": {**responses, **_errors("431")}}}

    return {
        "/": page("The chat on a page of its own.", "text/html"),
        "/voorbeeld": page("A clinic's website with the chat in it.", "text/html"),
        "/folder": page("The leaflet, with a sentence marked.", "text/html", _text("kop", "query", "The heading."), _text("zin", "query", "The sentence.")),
        "/folderwijs.js": page("The chat, as one script.", "text/javascript", _304="It did not change."),
        "/widget/{version}/folderwijs.js": page(
            "The chat, as one script, with this content for good.", "text/javascript", _text("version", "path", "Of the content."), _304="It did not change.", _404="That version is not here."
        ),
    }


def _desk() -> dict[str, Any]:
    """The receptionist's desk: pages, and what these ask for; all but the login need one, or this computer itself where there is no password."""

    def call(summary: str, media: str, *others: str) -> dict[str, Any]:
        answers = {"303": "On to another page.", "403": "Not let in.", "404": "There is no such thing here.", "413": "Too large.", "422": "Wrong shape.", "429": "Too many attempts."}
        done = {"200": {"description": "It.", "content": {media: {"schema": {"type": "object" if media == _JSON else "string"}}}}} if media else {"204": {"description": "Done."}}
        return {"summary": summary, "tags": ["desk"], "responses": {**done, **{status: {"description": answers[status]} for status in others}, **_errors("431")}}

    html = "text/html"
    return {
        "/balie": {"get": call("The desk.", html, "303", "403")},
        "/balie/vragen": {"get": call("Questions without an answer.", html, "303", "403")},
        "/balie/inloggen": {"get": call("Asks for the password.", html, "303"), "post": call("Lets in whoever knows the password.", html, "303", "403", "413", "429")},
        "/balie/uitloggen": {"post": call("Ends the login.", "", "303", "403")},
        "/api/desk/topics": {"get": call("All topics, the most used first.", _JSON, "403")},
        "/api/desk/used": {"post": call("Counts the use of a topic.", "", "403", "413", "422")},
        "/api/desk/mark": {"post": call("Marks questions with what they belong to.", "", "403", "413", "422")},
        "/api/desk/vragen.csv": {"get": call("The questions, for a spreadsheet.", "text/csv", "403")},
        "/api/desk/vragen.yml": {"get": call("The marked questions, as training questions.", "application/yaml", "403")},
    }


def _text(name: str, place: str, meaning: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "description": meaning, "schema": {"type": "string"}}


def _body(name: str) -> dict[str, Any]:
    return {"required": True, "content": {_JSON: {"schema": _ref(name)}}}


def _json(name: str, meaning: str) -> dict[str, Any]:
    return {"description": meaning, "content": {_JSON: {"schema": _ref(name)}}}


def _errors(*statuses: str) -> dict[str, Any]:
    return {status: {**_json("Failure", _ERRORS[status]), **({"headers": _RETRY} if status in ("429", "503") else {})} for status in statuses}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
