from __future__ import annotations

import datetime
import time

import pytest

from folderwijs.desk.chart import HEIGHT, WIDTH, chart
from folderwijs.desk.groups import KINDS, WEEKS, by_week, group, kind_of
from folderwijs.desk.store import MAX_LISTED, Kept

DAY = datetime.date(2026, 1, 2)


def kept(*texts: str, day: datetime.date = DAY, kind: str = "clarify") -> list[Kept]:
    return [Kept(number, day, text, (kind,), ()) for number, text in enumerate(texts, 1)]


@pytest.mark.parametrize(
    "texts",
    [
        ("mag ik zwemmen?", "Mag ik ZWEMMEN", "kan ik zwemmen", "zwemmen mag dat"),
        ("moet ik een brace dragen", "brace dragen?", "een brace dragen, moet dat"),
        ("vergoedt de verzekering fysiotherapie", "vergoedt mijn verzekering de fysiotherapie", "vergoedt verzekering fysioterapie"),
        ("ik ben [naam], mag ik zwemmen", "mag ik zwemmen? [telefoon]"),
    ],
)
def test_near_identical_questions_are_one(texts: tuple[str, ...]) -> None:
    assert len(group(kept(*texts))) == 1


@pytest.mark.parametrize(
    "texts",
    [
        ("mag ik zwemmen", "mag ik tennissen", "mag ik autorijden"),
        ("pijn in mijn pees", "pijn in mijn knie"),
        ("hoe lang duurt een operatie", "hoe lang duurt het herstel"),
        ("brace", "is een brace beter dan tape"),
        ("wat", "waar", "hoe"),
    ],
)
def test_different_questions_stay_apart(texts: tuple[str, ...]) -> None:
    assert len(group(kept(*texts))) == len(texts)


def test_the_most_asked_come_first_in_the_most_used_words() -> None:
    groups = group(kept("tape?", "mag ik zwemmen", "mag ik zwemmen", "kan ik zwemmen"))
    assert [(one.text, len(one.questions), one.others) for one in groups] == [("mag ik zwemmen", 3, ["kan ik zwemmen"]), ("tape?", 1, [])]


def test_a_group_knows_its_mark_its_reasons_and_its_last_day() -> None:
    questions = [
        Kept(1, DAY, "zwemmen", ("clarify",), (), mark="fietsen"),
        Kept(2, DAY + datetime.timedelta(3), "zwemmen", (), (), helped=False, why="te vaag"),
        Kept(3, DAY, "zwemmen", ("clarify",), ()),
    ]
    [one] = group(questions)
    assert (one.mark, one.reasons, one.last, one.kinds, one.ids) == ("fietsen", ["te vaag"], DAY + datetime.timedelta(3), ["clarify", "unhelped"], [2, 3, 1])


def test_that_a_reply_did_not_help_counts_before_its_kind() -> None:
    assert kind_of(Kept(1, DAY, "v", ("clarify",), (), helped=False)) == "unhelped"
    assert kind_of(Kept(1, DAY, "v", ("outside", "clarify"), ())) == "outside"


def test_questions_are_counted_by_iso_week_also_over_the_new_year() -> None:
    weeks = by_week([*kept("a", "b", day=datetime.date(2025, 12, 28)), *kept("c", day=datetime.date(2025, 12, 29), kind="outside"), *kept("d", day=datetime.date(2025, 1, 1))], DAY)
    assert [(week.year, week.number) for week in weeks] == [(2025, 48), (2025, 49), (2025, 50), (2025, 51), (2025, 52), (2026, 1)]
    assert [week.total for week in weeks] == [0, 0, 0, 0, 2, 1]
    assert weeks[-1].counts == {**dict.fromkeys(KINDS, 0), "outside": 1}
    assert len(weeks) == WEEKS


def test_the_bars_stand_in_the_picture_and_are_as_high_as_their_numbers() -> None:
    weeks = by_week([*kept("a", "b", "c"), *kept("d", kind="outside")], DAY)
    bars = chart(weeks)
    assert [bar.total for bar in bars] == [0, 0, 0, 0, 0, 4]
    clarify, outside = bars[-1].pieces
    assert clarify.height == pytest.approx(3 * outside.height, abs=0.2)
    assert all(0 <= piece.x <= WIDTH - piece.width and 0 <= piece.y <= HEIGHT - piece.height for bar in bars for piece in bar.pieces)
    assert all(bar.pieces == () for bar in chart(by_week([], DAY)))


def test_a_full_list_is_grouped_in_time() -> None:
    start = time.perf_counter()
    group(kept(*(f"vraag nummer {number} over {number % 97} {number * 7919} dingen" for number in range(MAX_LISTED))))
    assert time.perf_counter() - start < 15
