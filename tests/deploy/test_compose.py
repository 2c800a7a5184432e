"""deploy/compose.yml keeps to the Compose Specification, and to what the service knows.

compose_spec.json beside this file is the specification's schema (Apache-2.0), as the package docker-compose 1.29.2 carries it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from folderwijs.settings import PROJECT, SETTINGS, load_settings

TEXT = (PROJECT / "deploy" / "compose.yml").read_text("utf8")
COMPOSE = yaml.safe_load(TEXT)
SCHEMA = json.loads((Path(__file__).parent / "compose_spec.json").read_text("utf8"))


def check(document: Any) -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(document)


def test_it_keeps_to_the_schema() -> None:
    check(COMPOSE)


def test_the_schema_finds_mistakes() -> None:
    for mistake in ({"restrat": "always"}, {"ports": 80}, {"depends_on": {"redis": {"condition": "healthy"}}}):
        broken = {**COMPOSE, "services": {**COMPOSE["services"], "folderwijs": {**COMPOSE["services"]["folderwijs"], **mistake}}}
        with pytest.raises(jsonschema.ValidationError):
            check(broken)


def test_the_service_knows_each_of_its_settings_and_takes_their_values() -> None:
    environment = COMPOSE["services"]["folderwijs"]["environment"]
    assert set(environment) <= {setting.name for setting in SETTINGS}
    password_hash = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$ZmFzdGVyaGFzaA"
    values = {"SECRET": "s" * 32, "DESK_PASSWORD_HASH": password_hash, "REDIS_PASSWORD": "a1", "POSTGRES_PASSWORD": "b2"}
    filled = {name: re.sub(r"\$\{([A-Z_]+):\?\}", lambda found: values[found.group(1)], value) for name, value in environment.items()}
    settings = load_settings(filled)
    assert (settings.redis_url, settings.questions_db) == ("redis://:a1@redis:6379/0", "postgresql://folderwijs:b2@postgresql:5432/folderwijs")


def test_what_it_refers_to_is_there() -> None:
    services = COMPOSE["services"]
    assert (PROJECT / services["folderwijs"]["build"]["dockerfile"]).is_file()
    assert (PROJECT / "deploy" / "nginx.conf").is_file()
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        for volume in service.get("volumes", ()):
            assert volume.startswith("./") or volume.split(":")[0] in COMPOSE["volumes"]


def test_every_secret_must_be_given_and_the_head_of_the_file_names_it() -> None:
    names = set(re.findall(r"\$\{([A-Z_]+)", TEXT))
    assert set(re.findall(r"\$\{([A-Z_]+):\?\}", TEXT)) == names
    head = TEXT.split("services:")[0]
    assert all(name in head for name in names)


def test_only_the_proxy_can_be_reached_from_outside() -> None:
    assert [name for name, service in COMPOSE["services"].items() if "ports" in service or "outside" in service["networks"]] == ["nginx"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_the_image_holds_what_the_service_needs() -> None:
    lines = (PROJECT / "deploy" / "Dockerfile").read_text("utf8").replace("\\\n", " ").splitlines()
    copied = [name for line in lines if line.startswith("COPY") for name in line.split()[1:-1]]
    assert all((PROJECT / name).exists() for name in copied)
    ignored = (PROJECT / "deploy" / "Dockerfile.dockerignore").read_text("utf8").split()
    assert not {"folderwijs", "actions", "data", "leaflets", "web", "scripts"} & set(ignored)
    assert {".git", "var", "deploy/*.env"} <= set(ignored), "nothing that is kept or secret gets into the image"
    assert any(line.startswith("USER ") and "root" not in line for line in lines)
    assert lines[-1] == 'CMD [".venv/bin/python", "-W", "ignore", "-m", "folderwijs", "serve"]'
