from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folderwijs import limits
from folderwijs.limits import TotalLimit, VisitorLimits


class Clock:
    """Milliseconds that a test sets."""

    now = 0

    def __call__(self) -> int:
        return self.now


def test_a_visitor_may_send_so_many_messages_a_minute() -> None:
    clock = Clock()
    visitors = VisitorLimits(3, clock)
    assert [visitors.seconds_to_wait("a") for _ in range(3)] == [0, 0, 0]
    clock.now = 500
    assert [visitors.seconds_to_wait("a") for _ in range(2)] == [60, 60]
    clock.now = 45_500
    assert visitors.seconds_to_wait("a") == 15


def test_the_minute_slides() -> None:
    clock = Clock()
    visitors = VisitorLimits(2, clock)
    assert visitors.seconds_to_wait("a") == 0
    clock.now = 40_000
    assert visitors.seconds_to_wait("a") == 0
    clock.now = 60_500
    assert [visitors.seconds_to_wait("a") for _ in range(2)] == [0, 40]


def test_visitors_do_not_hinder_each_other() -> None:
    visitors = VisitorLimits(1, Clock())
    assert [visitors.seconds_to_wait(visitor) > 0 for visitor in "aba"] == [False, False, True]


@given(st.integers(1, 5), st.lists(st.integers(0, 30_000), max_size=30))
def test_after_the_wait_the_next_message_passes(per_minute: int, pauses: list[int]) -> None:
    clock = Clock()
    visitors = VisitorLimits(per_minute, clock)
    for pause in pauses:
        clock.now += pause
        if wait := visitors.seconds_to_wait("a"):
            clock.now += wait * 1000
            assert visitors.seconds_to_wait("a") == 0


def test_the_number_of_visitors_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_VISITORS", 2)
    visitors = VisitorLimits(1, Clock())
    assert [visitors.seconds_to_wait(visitor) > 0 for visitor in "abcbac"] == [False, False, False, True, False, False]


def test_all_visitors_together_may_send_so_many_messages_a_minute() -> None:
    clock = Clock()
    total = TotalLimit(3, clock)
    assert [total.seconds_to_wait() for _ in range(3)] == [0, 0, 0]
    clock.now = 500
    assert total.seconds_to_wait() == 60
    clock.now = 60_500
    assert total.seconds_to_wait() == 0


def test_the_addresses_of_an_ipv6_network_are_one_visitor() -> None:
    visitors = VisitorLimits(2, Clock())
    assert [visitors.seconds_to_wait(f"2001:db8::{number}") > 0 for number in range(4)] == [False, False, True, True]
    assert visitors.seconds_to_wait("2001:db8:0:1::1") == 0
