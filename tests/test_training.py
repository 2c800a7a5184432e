from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import pytest

from folderwijs import training
from folderwijs.engine_errors import ModelError
from folderwijs.settings import PROJECT

FILES = [
    "config.yml", "domain.yml", "lexicon.yml", "urgent.yml", "data/nlu/lopers.yml", "data/rules.yml", "leaflets/questions.yml",
    "leaflets/een/leaflet.txt", "folderwijs/nlu/classifier.py", "folderwijs/understanding/words.py", "folderwijs/dialogue.py",
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one file of everything the model depends on, and no model yet."""
    for name in [*FILES, "README.md", "models/.keep"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, "utf8")
    monkeypatch.setattr(training, "PROJECT", tmp_path)
    monkeypatch.setattr(training, "MODELS", tmp_path / "models")
    monkeypatch.setattr(training, "MODEL", tmp_path / "models" / "folderwijs.tar.gz")
    monkeypatch.setattr(training, "_RECORD", tmp_path / "models" / "folderwijs.json")
    return tmp_path


@pytest.fixture
def rasa(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets what Rasa does when it is called to train."""

    def does(model: str | None = "model", returncode: int = 0, meanwhile: Callable[[], Any] = lambda: None) -> None:
        def run(*arguments: Any, cwd: Path, env: dict[str, str], **keywords: Any) -> SimpleNamespace:
            assert env["RASA_TELEMETRY_ENABLED"] == "false"
            meanwhile()
            if model is not None:
                (cwd / "models" / "new.tar.gz").write_text(model, "utf8")
            return SimpleNamespace(returncode=returncode, stdout="", stderr="Rasa zegt: stuk")

        monkeypatch.setattr(subprocess, "run", run)

    does()
    return does


def test_everything_the_model_depends_on_is_there() -> None:
    assert [name for name in training._DEPENDENCIES if not (PROJECT / name).exists()] == []


@pytest.mark.parametrize("name", FILES)
def test_the_fingerprint_changes_with_each_file(project: Path, name: str) -> None:
    before = training.fingerprint("nl")
    assert training.fingerprint("nl") == before
    (project / name).write_text("anders", "utf8")
    assert training.fingerprint("nl") != before


def test_the_fingerprint_changes_with_a_file_that_is_moved_or_added(project: Path) -> None:
    before = training.fingerprint("nl")
    os.rename(project / "data/rules.yml", project / "data/regels.yml")
    moved = training.fingerprint("nl")
    (project / "data/stories.yml").touch()
    assert len({before, moved, training.fingerprint("nl")}) == 3


def test_the_fingerprint_changes_with_the_spacy_model_and_the_packages(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = training.fingerprint("nl")
    assert training.fingerprint("nl_anders") != before
    monkeypatch.setattr(training, "version", lambda package: "99")
    assert training.fingerprint("nl") != before


def test_the_fingerprint_does_not_change_with_anything_else(project: Path) -> None:
    before = training.fingerprint("nl")
    (project / "README.md").write_text("anders", "utf8")
    (project / "folderwijs" / "app.py").touch()
    assert training.fingerprint("nl") == before


def test_a_model_is_current_until_something_changes(project: Path, rasa: Callable[..., None]) -> None:
    assert not training.is_current("nl")
    assert training.train("nl") >= 0
    assert training.is_current("nl")
    assert not training.is_current("nl_anders")
    (project / "domain.yml").write_text("anders", "utf8")
    assert not training.is_current("nl")


@pytest.mark.parametrize("spoil", [Path.unlink, Path.touch, lambda path: path.write_bytes(b"half")], ids=["gone", "untouched", "overwritten"])
def test_a_model_that_is_not_what_was_trained_is_not_current(project: Path, rasa: Callable[..., None], spoil: Callable[[Path], Any]) -> None:
    training.train("nl")
    spoil(training.MODEL)
    assert training.is_current("nl") is (spoil is Path.touch)


@pytest.mark.parametrize("record", ["", "{", "{}", "[]", "null"])
def test_a_damaged_record_is_not_current(project: Path, rasa: Callable[..., None], record: str) -> None:
    training.train("nl")
    training._RECORD.write_text(record, "utf8")
    assert not training.is_current("nl")


@pytest.mark.parametrize(("model", "returncode"), [(None, 1), (None, 0), ("half", 1)])
def test_a_failed_training_says_why_and_leaves_the_model(project: Path, rasa: Callable[..., None], model: str | None, returncode: int) -> None:
    training.train("nl")
    rasa(model, returncode)
    with pytest.raises(training.TrainingError, match="Rasa zegt: stuk"):
        training.train("nl")
    assert training.MODEL.read_text("utf8") == "model"
    assert training.is_current("nl")


def test_a_file_that_changed_during_training_is_not_taken_for_trained(project: Path, rasa: Callable[..., None]) -> None:
    rasa(meanwhile=lambda: (project / "data/rules.yml").write_text("anders", "utf8"))
    training.train("nl")
    assert not training.is_current("nl")


def test_the_model_that_training_wrote_is_accepted(project: Path, rasa: Callable[..., None]) -> None:
    training.train("nl")
    training.check_model()
    copy = project / "elders" / training.MODEL.name
    copy.parent.mkdir()
    shutil.copy(training.MODEL, copy)
    shutil.copy(training._RECORD, copy.parent)
    training.check_model(copy)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda: training.MODEL.write_bytes(b"another"), lambda: training.MODEL.write_bytes(training.MODEL.read_bytes()[:-1]), lambda: training._RECORD.unlink(), lambda: training._RECORD.write_text("{}"),
        lambda: training._RECORD.write_text("["), lambda: training._RECORD.write_text('{"sha256": null}'), lambda: training._RECORD.write_text('{"sha256": ""}'), lambda: training._RECORD.write_text('{"sha256": "é"}', "utf8"),
    ],
    ids=["swapped", "half", "no record", "empty record", "no json", "no hash", "empty hash", "odd hash"],
)
def test_a_model_that_training_did_not_write_is_refused_with_what_to_do(project: Path, rasa: Callable[..., None], spoil: Callable[[], Any]) -> None:
    training.train("nl")
    spoil()
    with pytest.raises(ModelError, match="is not the one that training wrote.*make train"):
        training.check_model()


def test_a_model_that_is_not_there_is_told(project: Path) -> None:
    with pytest.raises(ModelError, match="there is no model.*make train"):
        training.check_model()
