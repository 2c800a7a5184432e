from __future__ import annotations

from pathlib import Path

import pytest

from folderwijs.content import ContentError, ContentFile, Problem, collecting


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "inhoud.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def problem_with(path: Path) -> Problem:
    with pytest.raises(ContentError) as caught:
        ContentFile(path)
    [problem] = caught.value.problems
    assert problem.file == path
    assert problem.mend.endswith(".")
    return problem


def test_a_file_gives_its_values(tmp_path: Path) -> None:
    assert ContentFile(write(tmp_path, "naam: Ééns\nlijst: [1, 2]\n")).value == {"naam": "Ééns", "lijst": [1, 2]}


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    problem = problem_with(tmp_path / "weg.yml")
    assert (problem.line, problem.what) == (1, "Dit bestand ontbreekt.")


def test_a_file_that_is_not_utf8_is_reported(tmp_path: Path) -> None:
    assert "UTF-8" in problem_with(write(tmp_path, "naam: één\n".encode("latin-1"))).what


@pytest.mark.parametrize("text", ["", "- een\n- twee\n", "alleen woorden\n", "12\n"])
def test_a_file_without_names_at_its_top_is_reported(tmp_path: Path, text: str) -> None:
    assert "naam: waarde" in problem_with(write(tmp_path, text)).what


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("a: 1\nb: [1, 2\nc: 3\n", 3, id="open bracket"),
        pytest.param("a: 1\n\tb: 2\n", 2, id="tab"),
        pytest.param("a: 1\nb: c: d\n", 2, id="second colon"),
        pytest.param("a: 1\nb: *nergens\n", 2, id="unknown alias"),
        pytest.param("a: 1\nb: !!python/object/apply:os.getcwd []\n", 2, id="code"),
        pytest.param("a: 1\nb: 'open\nc: 3\nd: 4\n", 2, id="open quote"),
        pytest.param('a: 1\nb:\n  - "open\nc: 3\n', 3, id="open double quote"),
        pytest.param("a: 1\nb: \x07\n", 2, id="control character"),
        pytest.param("a: ééé\nb: één\nc: \x07\n", 3, id="control character behind accents"),
        pytest.param("a: 1\n[b]: 2\n", 2, id="list as name"),
        pytest.param("a: 1\n{b: c}: 2\n", 2, id="mapping as name"),
        pytest.param("a: 1\nb: 2024-13-45\n", 2, id="no date"),
        pytest.param("a: 1\nb: [1, !!int x]\n", 2, id="no number"),
        pytest.param("a: 1\nb: !!bool misschien\n", 2, id="no yes or no"),
        pytest.param("a: 1\n---\nb: 2\n", 2, id="two documents"),
    ],
)
def test_broken_yaml_is_reported_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    problem = problem_with(write(tmp_path, text))
    assert problem.line == line
    assert "geen geldige YAML" in problem.what


def test_a_directory_is_reported(tmp_path: Path) -> None:
    assert "niet te lezen" in problem_with(tmp_path).what


def test_names_are_text(tmp_path: Path) -> None:
    file = ContentFile(write(tmp_path, "a: 1\n112: x\nno: {2024-01-01: y}\n"))
    assert file.value == {"a": 1, "112": "x", "no": {"2024-01-01": "y"}}
    assert [file.line("112"), file.line("no", "2024-01-01")] == [2, 3]


def test_a_shared_part_is_merged(tmp_path: Path) -> None:
    assert ContentFile(write(tmp_path, "a: &deel {b: 1, c: 2}\nd: {<<: *deel, c: 3}\n")).value["d"] == {"b": 1, "c": 3}


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert ContentFile(write(tmp_path, "\ufeffa: 1\n")).value == {"a": 1}


@pytest.mark.parametrize(("text", "line"), [("a: 1\nb: 2\na: 3\n", 3), ("1: a\n'1': b\n", 2), ("a:\n  b: 1\n  c: 2\n  b: 3\n", 4), ("a: [{b: 1,\n     b: 2}]\n", 2)])
def test_a_name_written_twice_is_reported_with_the_second_line(tmp_path: Path, text: str, line: int) -> None:
    problem = problem_with(write(tmp_path, text))
    assert problem.line == line
    assert "staat er twee keer" in problem.what


@pytest.mark.parametrize(
    ("keys", "line"),
    [((), 1), (("a",), 2), (("a", "b"), 3), (("a", "b", 1), 5), (("a", "b", 1, "c"), 5), (("a", "b", 7), 3), (("a", "weg", "b"), 2), (("d", "e"), 6)],
)
def test_the_line_of_a_value_or_of_the_nearest_one_above_it(tmp_path: Path, keys: tuple[str | int, ...], line: int) -> None:
    file = ContentFile(write(tmp_path, "# kop\na:\n  b:\n    - 1\n    - c: 2\nd: 3\n"))
    assert file.line(*keys) == line


def test_a_problem_reads_as_file_line_what_and_mend() -> None:
    assert str(Problem(Path("a.yml"), 7, "Dit is fout.", "Doe dat.")) == "a.yml:7: Dit is fout. Doe dat."


def test_an_error_reads_as_one_line_a_problem() -> None:
    problems = [Problem(Path("a.yml"), line, "Fout.", "Doe dat.") for line in (1, 2)]
    assert str(ContentError(problems)).splitlines() == [str(problem) for problem in problems]


def test_mistakes_are_collected() -> None:
    found = [Problem(Path("a.yml"), line, "Fout.", "Doe dat.") for line in (1, 2)]
    problems: list[Problem] = []
    for problem in found:
        with collecting(problems):
            raise ContentError([problem])
    with pytest.raises(KeyError), collecting(problems):
        raise KeyError
    assert problems == found
