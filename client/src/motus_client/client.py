# Written from aio/client.py by `make client`.
"""The client: all calls of every service, typed, with deadlines and retries, and a Watch that resumes itself."""

from motus_client.athletes import AthleteCalls
from motus_client.operations import OperationsCalls
from motus_client.pushing import PushCalls
from motus_client.sessions import SessionCalls


class Client(SessionCalls, AthleteCalls, OperationsCalls, PushCalls):
    """Calls one server; every call may raise `ApiError`."""
