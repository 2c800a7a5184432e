"""deploy/kubernetes keeps to the schemas of Kubernetes, and its parts fit together."""

from __future__ import annotations

import copy
import importlib.util
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from folderwijs.settings import PROJECT, SETTINGS

# The schemas of the package kubernetes-validate; its code needs a newer jsonschema than Rasa allows.
SCHEMAS = Path(next(iter(importlib.util.find_spec("kubernetes_validate").submodule_search_locations))) / "kubernetes-json-schema" / "v1.33.0-local-strict"
DEFINITIONS = json.loads((SCHEMAS / "_definitions.json").read_text("utf8"))  # the schemas call it file:///api/_definitions.json
FILES = sorted((PROJECT / "deploy" / "kubernetes").glob("*.yml"))
OBJECTS: list[dict[str, Any]] = [document for file in FILES for document in yaml.safe_load_all(file.read_text("utf8"))]
PODS = [document for document in OBJECTS if document["kind"] in ("Deployment", "StatefulSet")]
SECRET = next(document for document in OBJECTS if document["kind"] == "Secret")


def name_of(document: dict[str, Any]) -> str:
    return f"{document['kind']}-{document['metadata']['name']}"


def check(document: dict[str, Any]) -> None:
    """Hold an object against the schema of its kind.

    Raises:
        jsonschema.ValidationError: it has a mistake.
    """
    group, _, version = document["apiVersion"].rpartition("/")
    parts = [document["kind"].lower(), *filter(None, [group.split(".")[0]]), version]
    file = SCHEMAS / f"{'-'.join(parts)}.json"
    schema = json.loads(file.read_text("utf8"))
    jsonschema.Draft4Validator(schema, resolver=jsonschema.RefResolver("file:///api/", schema, store={"file:///api/_definitions.json": DEFINITIONS})).validate(document)


def containers(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["spec"]["template"]["spec"]["containers"]
    return found


@pytest.mark.parametrize("document", OBJECTS, ids=name_of)
def test_it_keeps_to_the_schema(document: dict[str, Any]) -> None:
    check(document)


def test_the_schema_finds_mistakes() -> None:
    broken = copy.deepcopy(PODS[0])
    containers(broken)[0]["readinesProbe"] = containers(broken)[0].pop("readinessProbe")
    with pytest.raises(jsonschema.ValidationError):
        check(broken)


def test_every_service_finds_its_pods_and_their_port() -> None:
    for service in (document for document in OBJECTS if document["kind"] == "Service"):
        [pods] = [document for document in PODS if service["spec"]["selector"].items() <= document["spec"]["template"]["metadata"]["labels"].items()]
        names = {port["name"] for container in containers(pods) for port in container["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= names


def test_every_selector_finds_its_pods() -> None:
    labels = [document["spec"]["template"]["metadata"]["labels"] for document in PODS]
    for document in OBJECTS:
        if document["kind"] in ("Deployment", "StatefulSet", "PodDisruptionBudget"):
            assert document["spec"]["selector"]["matchLabels"] in labels


def test_every_secret_that_is_used_is_in_the_example_and_none_besides() -> None:
    references = [entry["valueFrom"]["secretKeyRef"] for document in PODS for container in containers(document) for entry in container["env"] if "valueFrom" in entry]
    assert {reference["name"] for reference in references} == {SECRET["metadata"]["name"]}
    assert {reference["key"] for reference in references} == set(SECRET["stringData"])


def test_the_addresses_in_the_secret_are_those_of_the_services() -> None:
    ports = {document["metadata"]["name"]: document["spec"]["ports"][0]["port"] for document in OBJECTS if document["kind"] == "Service"}
    assert f"@folderwijs-redis:{ports['folderwijs-redis']}/" in SECRET["stringData"]["REDIS_URL"]
    assert f"@folderwijs-postgresql:{ports['folderwijs-postgresql']}/" in SECRET["stringData"]["QUESTIONS_DB"]


def test_the_service_knows_each_of_its_settings() -> None:
    [deployment] = [document for document in PODS if document["kind"] == "Deployment"]
    names = {entry["name"] for entry in containers(deployment)[0]["env"]}
    assert names <= {setting.name for setting in SETTINGS}
    assert {"HOST", "SECRET", "REDIS_URL", "QUESTIONS_DB", "DESK_PASSWORD_HASH"} <= names


@pytest.mark.parametrize("document", PODS, ids=name_of)
def test_no_container_has_more_rights_than_it_needs(document: dict[str, Any]) -> None:
    pod = document["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    for container in containers(document):
        assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        assert "memory" in container["resources"]["limits"]
