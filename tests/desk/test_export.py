from __future__ import annotations

import csv
import datetime
import io
from pathlib import Path

import pytest
from rasa.shared.nlu.training_data.loading import load_data

from folderwijs.desk.export import defused, to_csv, to_rasa
from folderwijs.desk.groups import group
from folderwijs.desk.store import Kept
from folderwijs.nlu.importer import QuestionImporter

DAY = datetime.date(2026, 11, 20)
ODD = [
    "mag ik zwemmen: ja of nee? # niet", "- een streepje", "/restart", "[zwemmen](sport)", "[naam](naam) mag ik zwemmen", "{a: b}", "'aanhaling\" | >", "😀 mag ik zwemmen",
    "é à ü ’s morgens", "regel\u2028einde", "* ster", "nlu:", "mag ik zwemmen [telefoon]", "& anker *verwijzing", "%YAML 1.2", "--- mag dat", "zwemmen\x07 \x00",
]


def groups(*texts: str, mark: str | None = "andere_sport") -> list[object]:
    return group(Kept(number, DAY, text, ("clarify",), (), mark=mark) for number, text in enumerate(texts, 1))  # type: ignore[return-value]


def test_rasa_reads_what_is_exported(tmp_path: Path) -> None:
    file = tmp_path / "vragen.yml"
    file.write_text(to_rasa([*groups("mag ik zwemmen", "hoe zit het met aquajoggen"), *groups("op twee wielen", mark="fietsen"), *groups("nog te doen", mark=None)]), "utf8")
    expected = {("mag ik zwemmen", "andere_sport"), ("hoe zit het met aquajoggen", "andere_sport"), ("op twee wielen", "fietsen")}
    for data in (load_data(str(file)), QuestionImporter(training_data_paths=[str(file)]).get_nlu_data()):
        assert {(message.get("text"), message.get("intent")) for message in data.training_examples} == expected


@pytest.mark.parametrize("text", ODD)
def test_no_question_can_break_the_training_data(tmp_path: Path, text: str) -> None:
    file = tmp_path / "vragen.yml"
    file.write_text(to_rasa(groups("gewone vraag", text)), "utf8")
    data = load_data(str(file))
    assert {message.get("intent") for message in data.training_examples} == {"andere_sport"}
    assert len(data.training_examples) <= 2
    assert "gewone vraag" in {message.get("text") for message in data.training_examples}
    assert not data.entity_examples
    assert not any(message.get("text").startswith("/") for message in data.training_examples)


def test_what_was_taken_out_leaves_no_trace_in_the_training_data() -> None:
    assert "    - ik ben mag ik zwemmen\n" in to_rasa(groups("ik ben [naam] mag ik zwemmen [telefoon]"))


def test_nothing_marked_is_still_training_data(tmp_path: Path) -> None:
    file = tmp_path / "vragen.yml"
    file.write_text(to_rasa(groups("vraag", mark=None)), "utf8")
    assert load_data(str(file)).training_examples == []


def test_the_table_has_every_question_with_the_mark_of_its_group() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv([*groups("mag ik zwemmen", "kan ik zwemmen"), *groups("tape", mark=None)]))))
    assert [(row["vraag"], row["hoort_bij"], row["waarom_bewaard"], row["dag"], row["groep"]) for row in rows] == [
        ("kan ik zwemmen", "andere_sport", "Niet begrepen", "2026-11-20", "1"), ("mag ik zwemmen", "andere_sport", "Niet begrepen", "2026-11-20", "1"), ("tape", "", "Niet begrepen", "2026-11-20", "2"),
    ]


@pytest.mark.parametrize("cell", ["=1+1", "+31", "-2+3", "@SUM(A1)", "\t=1", " =1+1", "\r=1", "＝1", '=HYPERLINK("http://x")'])
def test_no_cell_runs_as_a_formula(cell: str) -> None:
    assert defused(cell) == f"'{cell}"
    [row] = csv.DictReader(io.StringIO(to_csv(groups(cell))))
    assert row["vraag"].startswith("'")


def test_other_cells_stay_as_they_are() -> None:
    assert defused("mag ik 3-4 keer = vaak?") == "mag ik 3-4 keer = vaak?"
