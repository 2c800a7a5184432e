from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from folderwijs.sessions import ForgedSession, Sessions

SECRET = "geheim" * 6
sessions = Sessions(SECRET)


def test_every_new_token_opens_a_conversation_of_its_own() -> None:
    conversations = {sessions.conversation(sessions.new()) for _ in range(100)}
    assert len(conversations) == 100


def test_a_token_opens_the_same_conversation_in_every_process_with_the_secret() -> None:
    token = sessions.new()
    assert Sessions(SECRET).conversation(token) == sessions.conversation(token)


def test_a_token_of_another_secret_is_forged() -> None:
    with pytest.raises(ForgedSession):
        sessions.conversation(Sessions("anders" * 6).new())


def test_a_token_signed_for_another_purpose_is_forged() -> None:
    with pytest.raises(ForgedSession):
        sessions.conversation(str(URLSafeSerializer(SECRET, salt="iets.anders").dumps("gesprek")))


def test_a_token_with_any_letter_changed_is_forged() -> None:
    token = sessions.new()
    for at, letter in enumerate(token[:-1]):  # some bits of the last one do not count in base64
        with pytest.raises(ForgedSession):
            sessions.conversation(token[:at] + ("A" if letter != "A" else "B") + token[at + 1 :])


@given(st.text())
def test_any_other_text_is_forged(token: str) -> None:
    with pytest.raises(ForgedSession):
        sessions.conversation(token)


@pytest.mark.parametrize("token", ["\ud800", "é.é", "." * 5000, "\0", "IjEi."])
def test_odd_tokens_are_forged(token: str) -> None:
    with pytest.raises(ForgedSession):
        sessions.conversation(token)
