"""Stock Rasa as its documentation sets it up, made from our domain, rules, stories and training questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Sequence

import yaml

from folderwijs.settings import PROJECT

DEFAULT: dict[str, Any] = {"recipe": "default.v1", "assistant_id": "default", "language": "nl"}
"""The configuration that `rasa init` writes: pipeline and policies are left to Rasa, which takes DIET, TED and UnexpecTED."""

LEANEST: dict[str, Any] = {
    "recipe": "default.v1",
    "assistant_id": "leanest",
    "language": "nl",
    "pipeline": [{"name": "WhitespaceTokenizer"}, {"name": "CountVectorsFeaturizer"}, {"name": "LogisticRegressionClassifier"}],
    "policies": [{"name": "RulePolicy"}],
}
"""The least that classifies and follows the rules."""

Questions = Mapping[str, Sequence[str]]
"""Of each intent its training questions."""


def our_questions() -> dict[str, list[str]]:
    """The very questions that ours is trained on."""
    return read_questions(PROJECT / "data" / "nlu.yml", *sorted((PROJECT / "data" / "nlu").glob("*.yml")))


def read_questions(*files: Path) -> dict[str, list[str]]:
    """The training questions of files."""
    questions: dict[str, list[str]] = {}
    for path in files:
        for group in yaml.load(path.read_text("utf8"), Loader=yaml.CSafeLoader)["nlu"]:  # noqa: S506, a safe loader
            questions.setdefault(group["intent"], []).extend(line.removeprefix("- ") for line in group["examples"].splitlines())
    return questions


def write_project(folder: Path, config: Mapping[str, Any], questions: Questions, action_port: int, domain: Path, rules: Path, stories: bool) -> None:
    """Write a Rasa project.

    Args:
        folder: where; made where it is not there.
        config: for config.yml.
        questions: for data/nlu.yml.
        action_port: where `rasa run actions` will listen.
        domain: the domain.yml to take over.
        rules: the rules.yml to take over.
        stories: whether the pipeline's policies learn from our stories.
    """
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "domain.yml").write_text(domain.read_text("utf8"), "utf8")
    (folder / "data" / "rules.yml").write_text(rules.read_text("utf8"), "utf8")
    if stories:
        (folder / "data" / "stories.yml").write_text((PROJECT / "data" / "stories.yml").read_text("utf8"), "utf8")
    (folder / "config.yml").write_text(yaml.safe_dump(dict(config), sort_keys=False), "utf8")
    (folder / "credentials.yml").write_text("rest:\n", "utf8")
    (folder / "endpoints.yml").write_text(f"action_endpoint:\n  url: http://127.0.0.1:{action_port}/webhook\n", "utf8")
    (folder / "data" / "nlu.yml").write_text(nlu_file(questions), "utf8")


def nlu_file(questions: Questions) -> str:
    """Training questions as Rasa reads them."""
    groups = [{"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)} for intent, texts in questions.items()]
    written: str = yaml.dump({"version": "3.1", "nlu": groups}, Dumper=yaml.CSafeDumper, allow_unicode=True, width=10_000)
    return written
