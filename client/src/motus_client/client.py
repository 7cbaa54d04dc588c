"""The sync client of the session service: typed calls with deadlines and retries, and a Watch that resumes itself."""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self

import grpc

from motus.v1 import (
    event_pb2,
    movement_pb2,
    sample_pb2,
    session_service_pb2,
    session_service_pb2_grpc,
)
from motus_client.access import Access, open_channel
from motus_client.errors import api_error, api_errors
from motus_client.names import session_name
from motus_client.series import TimeSeries

# A watch is renewed after this time: every call needs a deadline, and a session may last longer than any.
_WATCH_S = 3600.0
_RETRY_S = 0.25
_PAGE = 500
_RETRIES = {
    "methodConfig": [
        {
            "name": [{"service": "motus.v1.SessionService"}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "2s",
                "backoffMultiplier": 3,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
_OPTIONS = (
    ("grpc.service_config", json.dumps(_RETRIES)),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
)
NO_ACCESS = Access()
_AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


class SessionClient:
    """Calls one session service. Sessions are named with or without `sessions/`; every call may raise `ApiError`.

    Args:
        address: `host:port` of the service.
        access: how to be let in there.
        timeout_s: deadline of each single call, seconds.

    Raises:
        OSError: a file that `access` names cannot be read.
    """

    def __init__(self, address: str, access: Access = NO_ACCESS, *, timeout_s: float = 10.0) -> None:
        self.address = address
        self._timeout_s = timeout_s
        self._channel = open_channel(address, access, _OPTIONS)
        self._stub = session_service_pb2_grpc.SessionServiceStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def create_session(
        self, session: session_service_pb2.Session, *, session_id: str = ""
    ) -> session_service_pb2.Session:
        """Start to watch a source. A repetition after a broken connection does not make a second session."""
        request = session_service_pb2.CreateSessionRequest(
            session=session, session_id=session_id, request_id=uuid.uuid4().hex
        )
        with api_errors(self.address):
            return self._stub.CreateSession(request, timeout=self._timeout_s)

    def get_session(self, session: str) -> session_service_pb2.Session:
        """One session."""
        request = session_service_pb2.GetSessionRequest(name=session_name(session))
        with api_errors(self.address):
            return self._stub.GetSession(request, timeout=self._timeout_s)

    def list_sessions(
        self, *, states: Iterable[event_pb2.SessionState.ValueType] = (), athlete: str = ""
    ) -> Iterator[session_service_pb2.Session]:
        """Sessions, newest first, in one of `states` if any is given, of `athletes/{athlete}` if given."""
        request = session_service_pb2.ListSessionsRequest(states=list(states), athlete=athlete)
        return self._pages(self._stub.ListSessions, request, "sessions")

    def stop_session(self, session: str, *, reason: str = "") -> session_service_pb2.Session:
        """End a session as if its source had ended."""
        request = session_service_pb2.StopSessionRequest(name=session_name(session), reason=reason)
        with api_errors(self.address):
            return self._stub.StopSession(request, timeout=self._timeout_s)

    def watch_session(
        self,
        session: str,
        *,
        resume_token: str = "",
        channels: Iterable[str] = (),
        sample_rate_hz: float = 0.0,
        landmarks: bool = False,
        patience_s: float = 30.0,
    ) -> Iterator[session_service_pb2.WatchSessionResponse]:
        """What is stored, then what happens, until the session has ended.

        A broken stream goes on behind the last event seen.

        Args:
            session: the session.
            resume_token: of the last response seen; empty: from the beginning.
            channels: wanted in samples; none: all.
            sample_rate_hz: samples per second, 0 to 60; 0: none.
            landmarks: whether landmarks come along with the samples.
            patience_s: how long the service may be away before `ApiError` is raised, seconds.
        """
        request = session_service_pb2.WatchSessionRequest(
            name=session_name(session),
            resume_token=resume_token,
            channels=list(channels),
            sample_rate_hz=sample_rate_hz,
            landmarks=landmarks,
        )
        heard_at = time.monotonic()
        while True:
            call = self._stub.WatchSession(request, timeout=_WATCH_S)
            try:
                for response in call:
                    heard_at = time.monotonic()
                    request.resume_token = response.resume_token or request.resume_token
                    yield response
                return
            except grpc.RpcError as error:
                if error.code() not in _AGAIN or time.monotonic() - heard_at > patience_s:
                    raise api_error(error, self.address) from None
            finally:
                call.cancel()
            time.sleep(_RETRY_S)

    def get_series(
        self, session: str, channels: Iterable[str], *, participant: str = "", max_points: int = 0
    ) -> TimeSeries:
        """Channels over time; more than `max_points` rows are thinned to buckets that keep lowest and highest value."""
        request = session_service_pb2.GetSeriesRequest(
            name=session_name(session), participant=participant, channels=list(channels), max_points=max_points
        )
        with api_errors(self.address):
            return TimeSeries.of(self._stub.GetSeries(request, timeout=self._timeout_s))

    def get_skeleton(
        self, session: str, *, participant: str = "", start_s: float | None = None, end_s: float | None = None
    ) -> Iterator[sample_pb2.SkeletonFrame]:
        """Landmarks over time, from `start_s` up to and without `end_s` on the source's clock."""
        request = session_service_pb2.GetSkeletonRequest(
            name=session_name(session), participant=participant, start_s=start_s, end_s=end_s
        )
        return self._pages(self._stub.GetSkeleton, request, "frames")

    def list_reps(
        self, session: str, *, participant: str = "", include_uncounted: bool = False
    ) -> Iterator[movement_pb2.Rep]:
        """Repetitions in order of time; `include_uncounted` adds withdrawn, partial and rejected ones."""
        request = session_service_pb2.ListRepsRequest(
            parent=session_name(session), participant=participant, include_uncounted=include_uncounted, page_size=_PAGE
        )
        return self._pages(self._stub.ListReps, request, "reps")

    def list_events(self, session: str, *, participant: str = "") -> Iterator[event_pb2.Event]:
        """Events in the order in which they were recorded."""
        request = session_service_pb2.ListEventsRequest(
            parent=session_name(session), participant=participant, page_size=_PAGE
        )
        return self._pages(self._stub.ListEvents, request, "events")

    def list_cues(self, session: str, *, participant: str = "") -> Iterator[movement_pb2.Cue]:
        """Cues in order of time, each in its newest revision."""
        request = session_service_pb2.ListCuesRequest(
            parent=session_name(session), participant=participant, page_size=_PAGE
        )
        return self._pages(self._stub.ListCues, request, "cues")

    def _pages(self, call: Callable[..., Any], request: Any, field: str) -> Iterator[Any]:
        while True:
            with api_errors(self.address):
                page = call(request, timeout=self._timeout_s)
            yield from getattr(page, field)
            request.page_token = page.next_page_token
            if not request.page_token:
                return
