"""Page and resume tokens: opaque, signed, and good only for the question they were given to."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from motus_runtime.errors import InvalidArgumentError

_SIGNATURE = 16


class Tokens:
    """Writes and reads tokens.

    Args:
        key: the secret that all replicas share.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def write(self, question: Sequence[str], place: Sequence[int | float | str]) -> str:
        """A token that says where the answer to a question goes on."""
        body = json.dumps(list(place), separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._signature(question, body) + body).decode().rstrip("=")

    def read(self, question: Sequence[str], token: str, field: str) -> list[Any]:
        """The place that `write` was given for the same question.

        Raises:
            InvalidArgumentError: the token is not one of ours, or belongs to another question.
        """
        try:
            whole = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            whole = b""
        signature, body = whole[:_SIGNATURE], whole[_SIGNATURE:]
        if not hmac.compare_digest(signature, self._signature(question, body)):
            raise InvalidArgumentError({field: "is not a token for this request; use one exactly as it was given"})
        place: list[Any] = json.loads(body)
        return place

    def _signature(self, question: Sequence[str], body: bytes) -> bytes:
        asked = json.dumps(list(question)).encode()
        return hashlib.blake2b(asked + b"\0" + body, digest_size=_SIGNATURE, key=self._key).digest()
