from __future__ import annotations

import statistics
import time

import pytest

from folderwijs.desk.password import MOST_CHARACTERS, WeakPassword, hash_password, is_right

PASSWORD = "vier losse groene fietsen"


@pytest.fixture(scope="module")
def hash_() -> str:
    return hash_password(PASSWORD)


def test_only_the_password_itself_is_right(hash_: str) -> None:
    assert is_right(PASSWORD, hash_)
    for wrong in ("", PASSWORD[:-1], PASSWORD + " ", PASSWORD.upper(), "\ud800", "x" * 10_000, hash_):
        assert not is_right(wrong, hash_)


def test_the_hash_is_argon2id_with_its_own_salt(hash_: str) -> None:
    assert hash_.startswith("$argon2id$")
    assert hash_password(PASSWORD) != hash_
    assert PASSWORD not in hash_


@pytest.mark.parametrize("password", ["", "te kort", "aaaaaaaaaaaaaaaa", "x" * (MOST_CHARACTERS + 1)])
def test_a_password_that_is_easy_to_guess_or_too_long_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        hash_password(password)


def test_a_wrong_password_takes_as_long_as_the_right_one(hash_: str) -> None:
    def seconds(password: str) -> float:
        taken = []
        for _ in range(5):
            start = time.perf_counter()
            is_right(password, hash_)
            taken.append(time.perf_counter() - start)
        return statistics.median(taken)

    right = seconds(PASSWORD)
    for wrong in ("", "v", "x" * 10_000, PASSWORD[:-1] + "m"):
        assert 0.5 < seconds(wrong) / right < 2
