"""Getting in at the desk, tried as an attacker would."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Callable, Iterator

import pytest
from starlette.testclient import TestClient

from folderwijs.answers import Answers
from folderwijs.app import Service
from folderwijs.desk import entry
from folderwijs.desk.desk import Desk
from folderwijs.desk.password import hash_password
from folderwijs.desk.store import Store
from folderwijs.engine import Engine
from folderwijs.settings import Settings

PASSWORD = "vier losse groene fietsen"
HERE = ("127.0.0.1", 50000)
LOCAL = "http://127.0.0.1:8000"
SITE = "https://balie.praktijk.example"
PAGES = ("/balie", "/balie/vragen")
DATA = ("/api/desk/topics", "/api/desk/vragen.csv", "/api/desk/vragen.yml")
CHANGES: dict[str, Any] = {"/api/desk/used": {"topic": "fietsen"}, "/api/desk/mark": {"ids": [1], "mark": "fietsen"}}

Open = Callable[..., TestClient]


@pytest.fixture(scope="module")
def hash_() -> str:
    return hash_password(PASSWORD)


class Clock:
    """A clock that a test sets."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> Store:
    return Store("")


@pytest.fixture
def open_desk(engine: Engine, answers: Answers, settings: Settings, hash_: str, store: Store, clock: Clock) -> Iterator[Open]:
    """Opens a service with a desk, as somebody at an address sees it."""
    clients: list[TestClient] = []

    def open_(*, password: bool, base: str = SITE, client: tuple[str, int] = ("203.0.113.5", 40000)) -> TestClient:
        desk = Desk(dataclasses.replace(settings, desk_password_hash=hash_ if password else ""), answers, store)
        desk._door._clock = clock
        client_ = TestClient(Service(settings, answers, lambda: engine, desk=desk).app(), base_url=base, client=client, follow_redirects=False)
        clients.append(client_)
        return client_.__enter__()

    yield open_
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def site(open_desk: Open) -> TestClient:
    """The desk behind a password, from elsewhere."""
    return open_desk(password=True)


def log_in(client: TestClient, password: str = PASSWORD, **headers: str) -> Any:
    return client.post("/balie/inloggen", data={"wachtwoord": password}, headers={"origin": str(client.base_url), **headers})


def token(client: TestClient) -> str:
    found = re.search(r'data-csrf="([0-9a-f]{64})"', client.get("/balie").text)
    assert found
    return found.group(1)


def change(client: TestClient, path: str = "/api/desk/used", **headers: str) -> int:
    return client.post(path, json=CHANGES[path], headers={"origin": str(client.base_url), "x-csrf-token": token(client), **headers}).status_code


def is_in(client: TestClient) -> bool:
    return client.get("/balie").status_code == 200


# ---- without a password


def test_at_this_computer_no_password_is_needed(open_desk: Open) -> None:
    for base in (LOCAL, "http://localhost:8000", "http://[::1]:8000"):
        here = open_desk(password=False, base=base, client=HERE)
        assert [here.get(path).status_code for path in (*PAGES, *DATA)] == [200] * 5
        assert [change(here, path) for path in CHANGES] == [200, 200]
        assert here.get("/balie/inloggen").headers["location"] == "/balie"


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        (("203.0.113.5", 40000), {}),
        (HERE, {"host": "kwaad.example"}),  # a name elsewhere that was made to point here
        (HERE, {"host": "127.0.0.1.kwaad.example:8000"}),
        (HERE, {"host": "localhost.kwaad.example"}),
        (HERE, {"host": ""}),
        (HERE, {"host": "[127.0.0.1"}),
        (HERE, {"host": "kwaad.example@"}),
        (HERE, {"x-forwarded-for": "203.0.113.5"}),  # somebody else's request that a proxy here passes on
        (HERE, {"x-forwarded-for": "127.0.0.1"}),
        (HERE, {"forwarded": "for=203.0.113.5"}),
        (HERE, {"x-real-ip": "203.0.113.5"}),
        (HERE, {"via": "1.1 proxy"}),
    ],
    ids=str,
)
def test_from_elsewhere_nobody_gets_in_without_a_password(open_desk: Open, client: tuple[str, int], headers: dict[str, str]) -> None:
    elsewhere = open_desk(password=False, base=LOCAL, client=client)
    for path in PAGES:
        response = elsewhere.get(path, headers=headers)
        assert response.status_code == 403
        assert "De balie is hier dicht" in response.text
        assert "data-csrf" not in response.text
    assert [elsewhere.get(path, headers=headers).status_code for path in DATA] == [401] * 3
    assert [elsewhere.post(path, json=body, headers=headers).status_code for path, body in CHANGES.items()] == [401] * 2


# ---- with a password


def test_nothing_of_the_desk_is_open_without_the_password(site: TestClient) -> None:
    assert {(response.status_code, response.headers["location"]) for response in map(site.get, PAGES)} == {(303, "/balie/inloggen")}
    assert [site.get(path).status_code for path in DATA] == [401] * 3
    assert [site.post(path, json=body, headers={"origin": SITE}).status_code for path, body in CHANGES.items()] == [401] * 2


def test_the_password_is_needed_at_this_computer_too_where_there_is_one(open_desk: Open) -> None:
    assert not is_in(open_desk(password=True, base=LOCAL, client=HERE))


def test_the_right_password_lets_in(site: TestClient) -> None:
    response = log_in(site)
    assert (response.status_code, response.headers["location"]) == (303, "/balie")
    assert [site.get(path).status_code for path in (*PAGES, *DATA)] == [200] * 5
    assert [change(site, path) for path in CHANGES] == [200, 200]


@pytest.mark.parametrize("password", ["", "fout", PASSWORD + "x", PASSWORD.upper(), "x" * 5000])
def test_a_wrong_password_does_not(site: TestClient, password: str) -> None:
    response = log_in(site, password)
    assert response.status_code == 403
    assert "Dat wachtwoord klopt niet." in response.text
    assert "set-cookie" not in response.headers
    assert not is_in(site)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"wachtwoord", b"=&=&=", b"a=1&" * 50, b"x" * 100_000, b'{"wachtwoord": "x"}'])
def test_a_login_that_is_no_form_is_refused(site: TestClient, body: bytes) -> None:
    assert site.post("/balie/inloggen", content=body, headers={"origin": SITE}).status_code in (403, 400)


def test_the_cookie_can_be_neither_read_by_scripts_nor_sent_from_other_sites(site: TestClient, open_desk: Open) -> None:
    cookie = log_in(site).headers["set-cookie"]
    assert cookie.startswith("__Host-balie=")
    assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    plain = log_in(open_desk(password=True, base="http://192.0.2.7:8000")).headers["set-cookie"]
    assert plain.startswith("balie=")
    assert {"HttpOnly", "SameSite=strict"} <= set(plain.split("; "))


def test_the_store_does_not_hold_what_the_cookie_holds(site: TestClient, store: Store) -> None:
    log_in(site)
    assert store.session(site.cookies["__Host-balie"]) is None


@pytest.mark.parametrize("forge", [lambda real: "", lambda real: "x" * 43, lambda real: real[:-1], lambda real: real + "=", lambda real: real.swapcase(), lambda real: "' OR 1=1 --", lambda real: "x" * 4000])
def test_a_forged_cookie_does_not_let_in(site: TestClient, forge: Callable[[str], str]) -> None:
    log_in(site)
    real = site.cookies["__Host-balie"]
    site.cookies.clear()
    assert site.get("/balie", headers={"cookie": f"__Host-balie={forge(real)}"}).status_code == 303
    assert site.get("/balie", headers={"cookie": f"__Host-balie={real}"}).status_code == 200


def test_a_login_ends_after_an_hour_without_use(site: TestClient, clock: Clock) -> None:
    log_in(site)
    for _ in range(3):
        clock.now += 59 * 60
        assert is_in(site)
    clock.now += 60 * 60
    assert not is_in(site)
    clock.now -= 60 * 60
    assert not is_in(site), "what ended stays ended"


def test_a_login_ends_after_twelve_hours_of_use(site: TestClient, clock: Clock) -> None:
    log_in(site)
    for _ in range(23):
        clock.now += 30 * 60
        assert is_in(site)
    clock.now += 30 * 60
    assert not is_in(site)


def test_a_stolen_cookie_is_worth_nothing_after_logging_out(site: TestClient) -> None:
    log_in(site)
    stolen = site.cookies["__Host-balie"]
    response = site.post("/balie/uitloggen", data={"csrf": token(site)}, headers={"origin": SITE})
    assert (response.status_code, response.headers["location"]) == (303, "/balie/inloggen")
    assert not is_in(site)
    assert site.get("/balie", headers={"cookie": f"__Host-balie={stolen}"}).status_code == 303


def test_nobody_can_prepare_the_session_of_another(site: TestClient) -> None:
    planted = "A" * 43
    site.cookies.set("__Host-balie", planted)
    log_in(site)
    assert planted not in {cookie.value for cookie in site.cookies.jar if cookie.domain == "balie.praktijk.example"}
    assert site.get("/balie", headers={"cookie": f"__Host-balie={planted}"}).status_code == 303


def test_logging_in_again_ends_the_login_before(site: TestClient) -> None:
    log_in(site)
    before = site.cookies["__Host-balie"]
    log_in(site)
    site.cookies.clear()
    assert site.get("/balie", headers={"cookie": f"__Host-balie={before}"}).status_code == 303


# ---- from another site


@pytest.mark.parametrize("origin", ["https://kwaad.example", "null", "", "http://balie.praktijk.example:81", "https://balie.praktijk.example.kwaad.example", "file://balie.praktijk.example", "https://[balie.praktijk.example", "balie.praktijk.example"])
def test_another_site_can_change_nothing(site: TestClient, origin: str) -> None:
    assert log_in(site, origin=origin).status_code == 403
    log_in(site)
    assert [change(site, path, origin=origin) for path in CHANGES] == [403, 403]
    assert site.post("/balie/uitloggen", data={"csrf": token(site)}, headers={"origin": origin}).status_code == 403
    assert is_in(site)


def test_without_an_origin_nothing_changes(site: TestClient) -> None:
    log_in(site)
    for path, body in CHANGES.items():
        assert site.post(path, json=body, headers={"x-csrf-token": token(site)}).status_code == 403


def test_without_the_token_of_this_login_nothing_changes(site: TestClient, open_desk: Open) -> None:
    log_in(site)
    other = open_desk(password=True)
    log_in(other)
    for wrong in ("", "0" * 64, token(other), token(site).upper(), "é"):
        response = site.post("/api/desk/used", json=CHANGES["/api/desk/used"], headers={"origin": SITE, "x-csrf-token": wrong.encode()})
        assert response.status_code == 403
    assert site.post("/api/desk/used", json=CHANGES["/api/desk/used"], headers={"origin": SITE}).status_code == 403


def test_no_change_can_be_made_by_following_a_link(site: TestClient) -> None:
    log_in(site)
    assert [site.get(path).status_code for path in (*CHANGES, "/balie/uitloggen")] == [405] * 3
    assert is_in(site)


@pytest.mark.parametrize("target", ["//kwaad.example", "https://kwaad.example", "/\\kwaad.example"])
def test_logging_in_sends_nobody_elsewhere(site: TestClient, target: str) -> None:
    response = site.post("/balie/inloggen", params={"next": target, "verder": target}, data={"wachtwoord": PASSWORD, "next": target, "verder": target}, headers={"origin": SITE})
    assert response.headers["location"] == "/balie"


def test_no_page_can_be_framed_or_kept(site: TestClient) -> None:
    log_in(site)
    for path in (*PAGES, *DATA, "/balie/inloggen"):
        headers = site.get(path).headers
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in headers


# ---- guessing


def test_guessing_is_slowed_down_for_a_visitor(site: TestClient, open_desk: Open) -> None:
    for _ in range(entry.ATTEMPTS):
        assert log_in(site, "fout").status_code == 403
    response = log_in(site)
    assert response.status_code == 429, "also the right password must wait"
    assert f"Wacht {response.headers['retry-after']} seconden." in response.text
    assert not is_in(site)


def test_guessing_from_many_addresses_is_slowed_down_too(answers: Answers, settings: Settings, hash_: str) -> None:
    door = entry.Doorkeeper(hash_, settings.secret, Store(""))

    def wait(address: str) -> int:
        from starlette.requests import Request

        return door.seconds_to_wait(Request({"type": "http", "client": (address, 1), "headers": []}))

    assert [wait(f"203.0.113.{number}") for number in range(entry.ATTEMPTS_OF_ALL)] == [0] * entry.ATTEMPTS_OF_ALL
    assert wait("198.51.100.1") > 0


def test_who_is_logged_in_stays_so_while_others_guess(site: TestClient, open_desk: Open) -> None:
    log_in(site)
    for _ in range(entry.ATTEMPTS + 2):
        log_in(site, "fout", cookie="")
    assert is_in(site)
