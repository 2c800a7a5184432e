"""Session tokens: made and signed by the server, so that nobody can enter another's conversation."""

from __future__ import annotations

import secrets

from itsdangerous import BadSignature, URLSafeSerializer

_SALT = "folderwijs.session"


class ForgedSession(Exception):
    """Raised for a token that this server did not sign."""


class Sessions:
    """Makes and opens tokens.

    Args:
        secret: the key that signs them; the same in every process that shares conversations.
    """

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeSerializer(secret, salt=_SALT)

    def new(self) -> str:
        """A token for a new conversation."""
        token = self._serializer.dumps(secrets.token_urlsafe(12))
        return token if isinstance(token, str) else token.decode("ascii")

    def conversation(self, token: str) -> str:
        """The conversation that a token is for.

        Raises:
            ForgedSession: the token is not ours.
        """
        try:
            return str(self._serializer.loads(token))
        except (BadSignature, ValueError) as error:
            raise ForgedSession from error
