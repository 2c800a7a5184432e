"""The whole way on PostgreSQL, in a service of its own: from the chat to the list at the desk."""

from __future__ import annotations

import re
import time
from pathlib import Path

import httpx
from service_process import service_process
from sqlalchemy import create_engine, text

from folderwijs.desk.migrations import MIGRATIONS


def test_a_question_goes_from_the_chat_to_postgresql_to_the_desk(model: Path, postgresql: str, tmp_path: Path) -> None:
    engine = create_engine(postgresql, future=True)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    with service_process(tmp_path / "log", QUESTIONS_DB=postgresql) as address, httpx.Client(base_url=address, timeout=30) as client:
        client.post("/api/chat", json={"message": "mag ik zwemmen? ik ben Wiebren Zwaluwenburg"}).raise_for_status()
        for _ in range(50):
            page = client.get("/balie/vragen").text
            if "zwemmen" in page:
                break
            time.sleep(0.1)
        assert "mag ik zwemmen? ik ben [naam]" in page
        ids = [int(id_) for id_ in re.findall(r'data-ids="(\d+)"', page)]
        token = re.findall(r'data-csrf="(\w+)"', page)[0]
        headers = {"origin": address, "x-csrf-token": token}
        client.post("/api/desk/mark", json={"ids": ids, "mark": "andere_sport"}, headers=headers).raise_for_status()
        client.post("/api/desk/used", json={"topic": "fietsen"}, headers=headers).raise_for_status()
        assert "- intent: andere_sport" in client.get("/api/desk/vragen.yml").text
        assert client.get("/api/desk/topics").json()["most_used"] == ["fietsen"]
    with engine.begin() as connection:
        assert connection.execute(text("SELECT max(version) FROM schema_version")).scalar() == len(MIGRATIONS)
        assert "Zwaluwenburg" not in str(connection.execute(text("SELECT * FROM question")).all())
    engine.dispose()
    assert "Zwaluwenburg" not in (tmp_path / "log").read_text("utf8")
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
