from __future__ import annotations

import json
import re
from typing import Any, Callable

import jsonschema
import pytest
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from folderwijs.answers import Answers
from folderwijs.app import Service
from folderwijs.desk.desk import Desk
from folderwijs.desk.store import Store
from folderwijs.engine import Engine
from folderwijs.openapi import description
from folderwijs.settings import Settings


def test_it_describes_every_route_and_no_other(engine: Engine, answers: Answers, settings: Settings) -> None:
    app = Service(settings, answers, lambda: engine, None, Desk(settings, answers, Store(""))).app()
    routes = {(route.path, method.lower()) for route in app.routes if isinstance(route, Route) for method in route.methods or () if method != "HEAD"}
    described = {(path, method) for path, methods in description()["paths"].items() for method in methods}
    assert described == routes
    assert {route.path for route in app.routes if isinstance(route, Mount)} == {"/static", "/balie/static"}, "files are not part of the interface"


def test_the_service_serves_it(client: TestClient) -> None:
    served = client.get("/openapi.json").json()
    assert served == json.loads(json.dumps(description()))
    assert served["openapi"] == "3.1.0"


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(description())
    assert set(re.findall(r"#/components/schemas/(\w+)", text)) <= description()["components"]["schemas"].keys()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/api/chat", {"message": "mag ik fietsen?"}), ("post", "/api/chat", {"message": "hoeveel procent?", "session": None}), ("post", "/api/chat", {}), ("post", "/api/chat", {"message": " "}),
        ("get", "/api/search?q=fiets", None), ("get", "/api/search", None), ("get", "/api/search?q=a&limit=x", None), ("get", "/api/widget", None), ("get", "/health", None), ("get", "/health/live", None), ("get", "/health/ready", None),
        ("post", "/api/feedback", {"session": "x", "message": "y", "topics": [], "helpful": True}),
    ],
)
def test_what_the_service_gives_has_the_described_shape(client: TestClient, method: str, path: str, body: Any) -> None:
    response = client.request(method, path, json=body)
    described: Callable[[str], Any] = lambda status: description()["paths"][path.split("?")[0]][method]["responses"][status]  # noqa: E731
    schema = described(str(response.status_code))["content"]["application/json"]["schema"]
    jsonschema.validate(response.json(), {**schema, "components": description()["components"]})
