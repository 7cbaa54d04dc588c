"""Who may call what: a bearer token that somebody vouches for, with the scopes that the method's proto asks for."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from motus_runtime.errors import PermissionDeniedError, UnauthenticatedError
from motus_runtime.rpc.call import Call, Caller, serve_caller
from motus_runtime.rpc.methods import required_scopes

log = logging.getLogger("motus.auth")

MISSING = "every call needs one header `authorization: Bearer TOKEN`"
INVALID = "the token is not valid here"


class Authority(Protocol):
    """Somebody who knows tokens."""

    async def caller(self, token: str) -> Caller | None:
        """Who a token belongs to; None when it is not one of this authority's.

        Raises:
            UnauthenticatedError: it is one, and not valid.
            UnavailableError: nobody can tell now.
        """


class Auth:
    """The stage that lets known callers in, to the methods that they have the scopes for.

    Args:
        authorities: asked in turn; the first that knows a token decides.
    """

    def __init__(self, authorities: Sequence[Authority]) -> None:
        self._authorities = authorities

    @asynccontextmanager
    async def stage(self, call: Call) -> AsyncIterator[None]:
        """Finds out who calls, and whether they may.

        Raises:
            UnauthenticatedError: nobody vouches for the token, or there is none.
            PermissionDeniedError: the caller may not.
        """
        try:
            call.caller = await self._known(_bearer(call))
            _permit(call.caller, call.method)
        except (UnauthenticatedError, PermissionDeniedError) as error:
            log.info("refused %s to %s: %s", call.method, call.caller and call.caller.subject, error.reason)
            raise
        serve_caller(call.caller)
        yield

    async def _known(self, token: str) -> Caller:
        for authority in self._authorities:
            if caller := await authority.caller(token):
                return caller
        raise UnauthenticatedError(INVALID)


class EveryoneOnThisMachine:
    """Lets everybody in, as one tenant with every scope; for a server that only this machine can reach.

    The stage takes the place of `Auth`.
    """

    @asynccontextmanager
    async def stage(self, call: Call) -> AsyncIterator[None]:
        """Asks for nothing, but a method that says nothing of its callers stays closed."""
        needed = required_scopes(call.method)
        call.caller = Caller("default", "anyone", needed or frozenset())
        _permit(call.caller, call.method)
        serve_caller(call.caller)
        yield


def _bearer(call: Call) -> str:
    values = call.headers.get("authorization", [])
    scheme, _, token = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token:
        raise UnauthenticatedError(MISSING, reason="TOKEN_MISSING")
    return token


def _permit(caller: Caller, method: str) -> None:
    needed = required_scopes(method)
    if needed is None:
        raise PermissionDeniedError("nobody may call this method", reason="METHOD_CLOSED")
    if missing := sorted(needed - caller.scopes):
        raise PermissionDeniedError(
            f"the token lacks the scopes {', '.join(missing)}",
            reason="SCOPE_MISSING",
            metadata={"scopes": " ".join(missing)},
        )
