"""A request as its method's message, held against the rules that the proto has for it."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import protovalidate
from google.protobuf.message import DecodeError, Message

from motus_runtime.errors import InvalidArgumentError

SMALL_BYTES = 64 * 1024
MOST_CHARACTERS = 1500
"""A status travels in headers, three times over, and a client takes no more than 8 KiB of them."""


def read(kind: Callable[[bytes], Message], body: bytes) -> Message:
    """Read and check a request.

    Raises:
        InvalidArgumentError: it is no such message, or breaks rules; naming the fields at fault.
    """
    try:
        message = kind(body)
    except DecodeError:
        raise InvalidArgumentError({"request": "cannot be read as the method's message"}) from None
    check(message, whole=len(body) <= SMALL_BYTES)
    return message


async def read_each(kind: Callable[[bytes], Message], bodies: AsyncIterator[bytes]) -> AsyncIterator[Message]:
    """Read and check a stream of requests."""
    async for body in bodies:
        yield read(kind, body)


def check(message: Message, *, whole: bool) -> None:
    """Hold a message against its rules.

    Args:
        message: the request.
        whole: name every field at fault; else the first alone, since of a large one there may be a flood.

    Raises:
        InvalidArgumentError: it breaks some.
    """
    if not protovalidate.collect_violations(message, fail_fast=True):
        return
    faults: dict[str, str] = {}
    room = MOST_CHARACTERS
    for violation in protovalidate.collect_violations(message, fail_fast=not whole):
        field, text = _path(violation.proto), violation.proto.message
        room -= len(field) + len(text)
        if room < 0 and faults:
            break
        faults.setdefault(field, text)
    raise InvalidArgumentError(faults)


def _path(violation: Any) -> str:
    """`session.participants[0].name`; `request` for the message as a whole."""
    parts = (
        [
            element.field_name + (f"[{element.subscript.value}]" if element.subscript else "")
            for element in violation.field.elements
        ]
        if violation.field
        else []
    )
    return ".".join(parts) or "request"
