from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Callable

import pytest
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data import loading

from folderwijs.nlu import importer
from folderwijs.nlu.importer import QuestionImporter, QuestionMessage

BIKES = 'version: "3.1"\nnlu:\n- intent: fietsen\n  examples: |\n    - mag ik fietsen\n    - mag ik op de fiets?\n'
AGES = 'version: "3.1"\nnlu:\n- intent: leeftijd\n  examples: |\n    - welke leeftijd\n- intent: fietsen\n  examples: |\n    - is fietsen goed\n'
REST = """version: "3.1"
nlu:
- synonym: fiets
  examples: |
    - velo
- lookup: sport
  examples: |
    - tennis
- regex: postcode
  examples: |
    - \\d{4}
- intent: andere_sport
  examples: |
    - mag ik [tennissen](sport)
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes training data."""

    def write(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / f"{name}.yml").write_text(text, "utf8")
        return tmp_path

    return write


def importer_of(folder: Path, kind: type[RasaFileImporter] = QuestionImporter) -> RasaFileImporter:
    return kind(config_file=None, domain_path=None, training_data_paths=[str(folder)])


def questions_in(folder: Path, kind: type[RasaFileImporter] = QuestionImporter) -> list[tuple[str, str]]:
    return sorted((message.get(TEXT), message.get(INTENT)) for message in importer_of(folder, kind).get_nlu_data().training_examples)


def test_the_questions_of_every_file_are_read(write: Callable[..., Path]) -> None:
    assert questions_in(write(a=BIKES, b=AGES)) == [
        ("is fietsen goed", "fietsen"), ("mag ik fietsen", "fietsen"), ("mag ik op de fiets?", "fietsen"), ("welke leeftijd", "leeftijd"),
    ]


def test_the_same_is_read_as_by_rasa_itself(write: Callable[..., Path]) -> None:
    folder = write(a=BIKES, b=AGES, c=REST)
    assert questions_in(folder) == questions_in(folder, RasaFileImporter)
    ours, rasas = (importer_of(folder, kind).get_nlu_data() for kind in (QuestionImporter, RasaFileImporter))
    assert ours.intents == rasas.intents
    assert ours.entity_synonyms == rasas.entity_synonyms == {"velo": "fiets"}
    assert ours.lookup_tables == rasas.lookup_tables
    assert ours.regex_features == rasas.regex_features
    assert [entity["value"] for message in ours.entity_examples for entity in message.get("entities")] == ["tennissen"]


def test_no_files_give_no_questions(tmp_path: Path) -> None:
    assert questions_in(tmp_path) == []


def test_files_are_read_once(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(a=BIKES, b=AGES)
    read: list[str] = []
    monkeypatch.setattr(importer, "load_data", lambda path: read.append(path) or loading.load_data(path))
    assert questions_in(folder) == questions_in(folder)
    assert len(read) == len(set(read)) == 2


def test_a_file_that_changed_is_read_anew(write: Callable[..., Path]) -> None:
    folder = write(a=BIKES)
    before = questions_in(folder)
    write(a=AGES)
    os.utime(folder / "a.yml", ns=(1, 1))
    assert questions_in(folder) != before


def test_a_file_that_is_added_is_read(write: Callable[..., Path]) -> None:
    assert len(questions_in(write(a=BIKES))) == 2
    assert len(questions_in(write(b=AGES))) == 4


def test_the_training_data_has_a_fingerprint_of_its_own_content(write: Callable[..., Path]) -> None:
    def fingerprint() -> str:
        return importer_of(write()).get_nlu_data().fingerprint()

    write(a=BIKES)
    first = fingerprint()
    assert fingerprint() == first
    write(b=AGES)
    assert fingerprint() != first


# One question.


def question(text: str = "mag ik fietsen", intent: str = "fietsen", **more: object) -> QuestionMessage:
    return QuestionMessage(data={TEXT: text, INTENT: intent, **more})


def test_questions_are_the_same_by_text_and_intent() -> None:
    assert question() == question()
    assert hash(question()) == hash(question(tokens=[1]))
    assert len({question(), question(), question(intent="leeftijd"), question(text="mag dat")}) == 3
    assert question() != "mag ik fietsen"


def test_a_fingerprint_tells_questions_apart_and_who_was_at_them() -> None:
    assert question().fingerprint() == question().fingerprint()
    different = [question(), question(text="mag dat"), question(intent="leeftijd"), question(tokens=[1]), question("mag ik", "fietsen fietsen")]
    assert len({message.fingerprint() for message in different}) == len(different)


def test_a_copy_can_be_changed_without_the_original() -> None:
    original = question()
    copied = copy.deepcopy(original)
    assert copied == original
    copied.set("tokens", [1], add_to_output=True)
    assert original.get("tokens") is None
    assert "tokens" not in original.output_properties
