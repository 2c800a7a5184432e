from __future__ import annotations

import csv
from types import SimpleNamespace
from typing import Any

import pytest
from redaction_examples import Example, examples

from folderwijs.redaction import Redactor, is_bsn, load_redactor
from folderwijs.settings import PROJECT

EXAMPLES = examples()
PATTERNED = [example for example in EXAMPLES if example.kind not in ("niets", "naam_los")]
REDACTOR = Redactor()


def _left(example: Example) -> list[str]:
    """What should have vanished and did not, also half of it."""
    redacted = REDACTOR.redact(example.text)
    return [part for part in example.gone if part in redacted or any(len(word) > 3 and word in redacted and word not in example.stays for word in part.split())]


def test_there_are_enough_examples() -> None:
    assert sum(len(example.gone) for example in PATTERNED) >= 250
    assert sum(example.kind == "niets" for example in EXAMPLES) >= 60
    assert len({example.text for example in EXAMPLES}) == len(EXAMPLES)
    assert all(part in example.text for example in EXAMPLES for part in (*example.gone, example.stays))


@pytest.mark.parametrize("kind", sorted({example.kind for example in PATTERNED}))
def test_what_follows_a_pattern_is_taken_out(kind: str) -> None:
    of_kind = [example for example in PATTERNED if example.kind == kind]
    left = [(example.text, _left(example)) for example in of_kind if _left(example)]
    assert len(left) <= 0.02 * sum(len(example.gone) for example in of_kind), left


def test_names_without_a_pattern_are_mostly_taken_out_too() -> None:
    loose = [example for example in EXAMPLES if example.kind == "naam_los"]
    assert sum(bool(_left(example)) for example in loose) <= 0.2 * len(loose)


def test_what_says_nothing_about_who_somebody_is_stays() -> None:
    changed = [example.text for example in EXAMPLES if example.kind == "niets" and REDACTOR.redact(example.text) != example.text]
    assert len(changed) <= 0.02 * sum(example.kind == "niets" for example in EXAMPLES), changed


def test_the_rest_of_a_message_stays() -> None:
    lost = [example.text for example in EXAMPLES if example.stays not in REDACTOR.redact(example.text)]
    assert len(lost) <= 0.02 * len(EXAMPLES), lost


def test_questions_of_other_writers_stay_as_they_are() -> None:
    """The held-out questions were written for another purpose; whoever signed one is in it on purpose, which is rare."""
    questions = []
    for path in sorted((PROJECT / "tests" / "questions").glob("*.tsv")):
        with path.open(encoding="utf8", newline="") as file:
            questions += [row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    assert len(questions) > 1000
    changed = [question for question in questions if REDACTOR.redact(question) != question]
    assert len(changed) <= 0.02 * len(questions), changed


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("ik ben Jan de Vries, bel 06-12345678", "ik ben [naam], bel [telefoon]"),
        ("mail jan@voorbeeld.nl of kom naar Kerkstraat 12, 1234 AB", "mail [mail] of kom naar [adres], [postcode]"),
        ("geboren op 12-03-1956, bsn 111222333", "geboren op [datum], bsn [bsn]"),
        ("", ""),
    ],
)
def test_what_is_taken_out_leaves_its_kind(text: str, redacted: str) -> None:
    assert REDACTOR.redact(text) == redacted


def test_redacting_twice_changes_nothing_more() -> None:
    for example in EXAMPLES:
        once = REDACTOR.redact(example.text)
        assert REDACTOR.redact(once) == once, example.text


def test_the_names_that_spacy_finds_are_taken_out_too() -> None:
    def find(text: str) -> Any:
        start = text.index("zorro")
        return SimpleNamespace(ents=[SimpleNamespace(start_char=start, end_char=start + 5, label_="PERSON"), SimpleNamespace(start_char=0, end_char=3, label_="GPE")])

    assert Redactor(find).redact("gaf zorro mij oefeningen") == "gaf [naam] mij oefeningen"  # type: ignore[arg-type]


def test_the_redactor_loads_whether_the_spacy_model_is_installed_or_not() -> None:
    assert load_redactor().redact("mijn naam is Piet") == "mijn naam is [naam]"


@pytest.mark.parametrize(("digits", "right"), [("111222333", True), ("123456782", True), ("12345672", True), ("123456789", False), ("000000000", False), ("1234567890", False)])
def test_the_eleven_test(digits: str, right: bool) -> None:
    assert is_bsn(digits) is right


@pytest.mark.parametrize("text", ["0" * 1000, "a@" * 400, "1 " * 500, "Jan " * 250, "van de " * 140, "12-12-" * 160, "ik ben " * 140, "straat " * 140, "x" * 1000, "nul " * 250])
def test_no_message_takes_long(text: str) -> None:
    import time

    start = time.perf_counter()
    REDACTOR.redact(text)
    assert time.perf_counter() - start < 0.5
