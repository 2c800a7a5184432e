"""What `rasa init` sets up, trained on a sample of the same questions: `python -m evaluation.stock PER_INTENT OUT.json`.

DIET's training time grows with the number of questions; on all of them it takes hours on two cores. The sample has the same number
of questions for every intent, and our own classifier is measured on the very same sample beside it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import yaml

from evaluation.assistant import Example, training_examples
from evaluation.questions import load_questions

PIPELINE = {
    "recipe": "default.v1",
    "assistant_id": "stock",
    "language": "nl",
    "pipeline": [
        {"name": "WhitespaceTokenizer"},
        {"name": "RegexFeaturizer"},
        {"name": "LexicalSyntacticFeaturizer"},
        {"name": "CountVectorsFeaturizer"},
        {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
        {"name": "DIETClassifier", "epochs": 100, "constrain_similarities": True, "random_seed": 1},
        {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
    ],
}
"""The pipeline that `rasa init` writes, without what needs entities or retrieval intents."""


def sample(per_intent: int) -> list[Example]:
    """The same number of training questions for every intent, drawn with a fixed seed."""
    by_intent: dict[str, list[Example]] = defaultdict(list)
    for example in training_examples():
        by_intent[example.intent].append(example)
    draw = random.Random(1)  # noqa: S311, no secret
    return [example for intent in sorted(by_intent) for example in draw.sample(by_intent[intent], min(per_intent, len(by_intent[intent])))]


def main(per_intent: int, out: Path) -> None:
    """Train, ask every held-out question, and write intents with their confidence to a JSON file."""
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
    os.environ.update(environment)
    with tempfile.TemporaryDirectory() as folder:
        examples: dict[str, list[str]] = defaultdict(list)
        for example in sample(per_intent):
            examples[example.intent].append(example.text)
        nlu = {"version": "3.1", "nlu": [{"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)} for intent, texts in examples.items()]}
        (Path(folder) / "nlu.yml").write_text(yaml.safe_dump(nlu, allow_unicode=True, width=10_000), "utf8")
        (Path(folder) / "config.yml").write_text(yaml.safe_dump(PIPELINE), "utf8")
        started = time.monotonic()
        command = [sys.executable, "-m", "rasa", "train", "nlu", "--nlu", "nlu.yml", "--config", "config.yml", "--out", "models"]
        subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
        seconds = time.monotonic() - started
        from rasa.core.agent import Agent

        agent = Agent.load(next((Path(folder) / "models").glob("*.tar.gz")))
        answers = []
        asked = time.perf_counter()
        for question in load_questions():
            parsed = asyncio.run(agent.parse_message(question.text.lstrip("/") or "?"))
            answers.append([parsed["intent"]["name"] or "nlu_fallback", parsed["intent"]["confidence"]])
        milliseconds = (time.perf_counter() - asked) / len(answers) * 1000
    out.write_text(json.dumps({"seconds": seconds, "milliseconds": milliseconds, "per_intent": per_intent, "intents": answers}), "utf8")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
