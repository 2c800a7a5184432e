"""Training the model, and knowing when it must be trained anew."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from folderwijs.engine_errors import ModelError
from folderwijs.settings import PROJECT

MODELS = PROJECT / "models"
MODEL = MODELS / "folderwijs.tar.gz"
"""The trained model."""

_RECORD = MODELS / "folderwijs.json"
_PACKAGES = ("rasa", "spacy", "simplemma", "scikit-learn", "numpy")
_DEPENDENCIES = ("config.yml", "domain.yml", "lexicon.yml", "urgent.yml", "data", "leaflets", "folderwijs/nlu", "folderwijs/understanding", "folderwijs/dialogue.py")


class TrainingError(Exception):
    """Raised when training fails; the message is what Rasa said."""


def fingerprint(spacy_model: str) -> str:
    """A hash over everything the model depends on: data, configuration, the code that trains, package versions.

    Args:
        spacy_model: the name of the spaCy model in use.
    """
    digest = hashlib.sha256(json.dumps([spacy_model, *(version(package) for package in _PACKAGES)]).encode())
    for name in _DEPENDENCIES:
        path = PROJECT / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and file.suffix in {".yml", ".txt", ".tsv", ".py"}:
                digest.update(f"\0{file.relative_to(PROJECT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def is_current(spacy_model: str) -> bool:
    """Whether there is a model, and nothing it depends on changed since it was trained."""
    try:
        record = json.loads(_RECORD.read_text("utf8"))
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and MODEL.is_file() and record.get("fingerprint") == fingerprint(spacy_model) and record.get("sha256") == _sha256(MODEL)


def check_model(model: Path | None = None) -> None:
    """Hold a model against the hash that training wrote beside it: an archive holds pickles, and opening one runs what is in it.

    Args:
        model: the archive; None for the trained model.

    Raises:
        ModelError: it is not there, or not what training wrote; the message says what to do.
    """
    path = model or MODEL
    if not path.is_file():
        raise ModelError(f"there is no model at {path}: run `make train`")
    try:
        record = json.loads((path.parent / _RECORD.name).read_text("utf8"))
        written = record.get("sha256") if isinstance(record, dict) else None
    except (OSError, ValueError):
        written = None
    if not isinstance(written, str) or not hmac.compare_digest(written.encode(), _sha256(path).encode()):
        raise ModelError(
            f"the model at {path} is not the one that training wrote: it was changed, swapped or only half copied, and is not opened. "
            f"Run `make train` (or copy {path.name} together with {_RECORD.name} from where it was trained)"
        )


def train(spacy_model: str) -> float:
    """Train the model and record what it was trained on.

    Returns:
        Seconds it took.

    Raises:
        TrainingError: Rasa could not train; the model that was there is left as it was.
    """
    started = time.monotonic()
    trained_on = fingerprint(spacy_model)  # now: what is saved during the training is not in the model
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "PYTHONWARNINGS": "ignore"}
    run = subprocess.run(  # noqa: S603, our own module
        [sys.executable, "-m", "folderwijs.train_rasa"], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    new = MODELS / "new.tar.gz"
    if run.returncode or not new.is_file():
        raise TrainingError(run.stderr[-4000:] or run.stdout[-4000:])
    new.replace(MODEL)
    _RECORD.write_text(json.dumps({"fingerprint": trained_on, "sha256": _sha256(MODEL)}), "utf8")
    return time.monotonic() - started


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
