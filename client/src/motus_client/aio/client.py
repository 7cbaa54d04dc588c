"""The client: all calls of both services, typed, with deadlines and retries, and a Watch that resumes itself."""

from motus_client.aio.athletes import AsyncAthleteCalls
from motus_client.aio.sessions import AsyncSessionCalls


class AsyncClient(AsyncSessionCalls, AsyncAthleteCalls):
    """Calls one server; every call may raise `ApiError`."""
