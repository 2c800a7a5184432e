"""The desk's password: only its hash is kept, by argon2id."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

FEWEST_CHARACTERS = 12
MOST_CHARACTERS = 1024
_AT_ONCE = threading.BoundedSemaphore(2)  # each check takes 64 MiB


class WeakPassword(Exception):
    """Raised for a password that is too easy to guess, or too long; the message says which, in Dutch."""


def hash_password(password: str) -> str:
    """The hash of a password, for the setting DESK_PASSWORD_HASH.

    Raises:
        WeakPassword: it cannot be used.
    """
    if len(password) < FEWEST_CHARACTERS:
        raise WeakPassword(f"Neem een wachtwoord van {FEWEST_CHARACTERS} tekens of meer. Een paar losse woorden achter elkaar is goed.")
    if len(password) > MOST_CHARACTERS:
        raise WeakPassword(f"Dit wachtwoord is te lang: neem hoogstens {MOST_CHARACTERS} tekens.")
    if len(set(password)) < FEWEST_CHARACTERS // 2:
        raise WeakPassword("Dit wachtwoord is te makkelijk te raden: gebruik meer verschillende tekens.")
    return PasswordHasher().hash(password)


def is_right(password: str, hash_: str) -> bool:
    """Whether a password is the one of a hash. It takes as long for a wrong one, an empty one and one that is too long."""
    fits = 0 < len(password) <= MOST_CHARACTERS
    with _AT_ONCE:
        try:
            return PasswordHasher().verify(hash_, password if fits else "-") and fits
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False
