"""A call on its way through the stages, and who makes it."""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeAlias

TENANT = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""A tenant's id, which is part of keys in the store."""


class CallerGone(Exception):
    """Whoever called went away in the middle of an answer."""


@dataclass(frozen=True)
class Caller:
    """Who calls, as their token says.

    Attributes:
        tenant: whose data they see.
        subject: who they are, for logs.
        scopes: what they may do.
        expires_s: when their token ends, seconds since 1970; None: never.
    """

    tenant: str
    subject: str
    scopes: frozenset[str]
    expires_s: float | None = None


@dataclass
class Call:
    """One call.

    Attributes:
        method: `/package.Service/Method`.
        headers: metadata in text form; of a repeated key all values.
        context: gRPC's own, or what stands for it.
        streams: whether the requests or the answers are streams.
        caller: who calls; None until they are known.
        code: name of the gRPC code that it ended with.
    """

    method: str
    headers: Mapping[str, list[str]]
    context: Any
    streams: bool
    caller: Caller | None = None
    code: str = field(default="CANCELLED")


Stage: TypeAlias = Callable[[Call], AbstractAsyncContextManager[Any]]
"""What is around a call: enters before its work, leaves after it, and refuses it by raising."""

_CALLER: ContextVar[Caller] = ContextVar("motus_caller")


def caller() -> Caller:
    """Who makes the call that this task serves.

    Raises:
        LookupError: no call is served here.
    """
    return _CALLER.get()


def serve_caller(one: Caller) -> None:
    """From here on this task serves a caller."""
    _CALLER.set(one)
