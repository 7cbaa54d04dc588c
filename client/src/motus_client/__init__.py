"""Python client of Motus: `Client` and, for asyncio, `AsyncClient`; `ApiError` is what a refused call raises.

The names are loaded when first used, so that the `motus` command answers Ctrl-C from its first moment.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motus_client.access import Access
    from motus_client.aio.client import AsyncClient
    from motus_client.client import Client
    from motus_client.errors import ApiError
    from motus_client.names import session_name
    from motus_client.series import Landmark, TimeSeries

__all__ = ["Access", "ApiError", "AsyncClient", "Client", "Landmark", "TimeSeries", "session_name"]

_HOMES = {
    "Access": "access",
    "ApiError": "errors",
    "AsyncClient": "aio.client",
    "Landmark": "series",
    "Client": "client",
    "TimeSeries": "series",
    "session_name": "names",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
