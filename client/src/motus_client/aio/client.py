"""The client: all calls of every service, typed, with deadlines and retries, and a Watch that resumes itself."""

from motus_client.aio.athletes import AsyncAthleteCalls
from motus_client.aio.operations import AsyncOperationsCalls
from motus_client.aio.pushing import AsyncPushCalls
from motus_client.aio.sessions import AsyncSessionCalls


class AsyncClient(AsyncSessionCalls, AsyncAthleteCalls, AsyncOperationsCalls, AsyncPushCalls):
    """Calls one server; every call may raise `ApiError`."""
