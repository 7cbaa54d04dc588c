"""Calls of SessionService."""

import uuid
from collections.abc import AsyncIterator, Iterable
from datetime import datetime

from google.protobuf import field_mask_pb2

from motus.v1 import event_pb2, movement_pb2, sample_pb2, session_service_pb2
from motus_client.aio.connection import AsyncConnection
from motus_client.calls import PAGE
from motus_client.names import session_name
from motus_client.series import TimeSeries


class AsyncSessionCalls(AsyncConnection):
    """Sessions are named with or without `sessions/`; every call may raise `ApiError`."""

    async def create_session(
        self, session: session_service_pb2.Session, *, session_id: str = "", no_wait: bool = False
    ) -> session_service_pb2.Session:
        """Start to watch a source. A repetition after a broken connection does not make a second session.

        When the workers are full it waits, as its `queue_position` says; with `no_wait` an `ApiError` with the reason
        NO_FREE_CAPACITY says so instead.
        """
        request = session_service_pb2.CreateSessionRequest(
            session=session, session_id=session_id, request_id=uuid.uuid4().hex, no_wait=no_wait
        )
        return await self._call(self._sessions.CreateSession, request)

    async def get_session(self, session: str) -> session_service_pb2.Session:
        """One session."""
        request = session_service_pb2.GetSessionRequest(name=session_name(session))
        return await self._call(self._sessions.GetSession, request)

    def list_sessions(
        self,
        *,
        states: Iterable[event_pb2.SessionState.ValueType] = (),
        athlete: str = "",
        created_from: datetime | None = None,
        created_before: datetime | None = None,
        oldest_first: bool = False,
    ) -> AsyncIterator[session_service_pb2.Session]:
        """Sessions, newest first unless told otherwise.

        Args:
            states: only in one of these; none: in any.
            athlete: only about `athletes/{athlete}`; empty: anybody.
            created_from: only created then or later, a time with its zone.
            created_before: only created before.
            oldest_first: in the other order.
        """
        request = session_service_pb2.ListSessionsRequest(
            states=list(states),
            athlete=athlete,
            order_by="create_time" if oldest_first else "",
        )
        if created_from is not None:
            request.create_time_from.FromDatetime(created_from)
        if created_before is not None:
            request.create_time_before.FromDatetime(created_before)
        return self._pages(self._sessions.ListSessions, request, "sessions")

    async def update_session(
        self, session: str, *, exercise: str | None = None, muted: bool | None = None, in_set: bool | None = None
    ) -> session_service_pb2.Session:
        """Change a session that has not ended; what is None stays as it is.

        Args:
            session: the session.
            exercise: what is done from now on; empty: to be recognised.
            muted: whether the coach says nothing.
            in_set: True begins a set, False ends it.
        """
        new = session_service_pb2.Session(name=session_name(session), in_set=in_set)
        wishes = {"exercise": exercise, "coach.muted": muted, "in_set": in_set}
        if exercise is not None:
            new.exercise = exercise
        if muted is not None:
            new.coach.muted = muted
        mask = field_mask_pb2.FieldMask(paths=[path for path, wish in wishes.items() if wish is not None])
        request = session_service_pb2.UpdateSessionRequest(session=new, update_mask=mask)
        return await self._call(self._sessions.UpdateSession, request)

    async def stop_session(self, session: str, *, reason: str = "") -> session_service_pb2.Session:
        """End a session as if its source had ended."""
        request = session_service_pb2.StopSessionRequest(name=session_name(session), reason=reason)
        return await self._call(self._sessions.StopSession, request)

    async def delete_session(self, session: str, *, allow_missing: bool = False) -> None:
        """Erase a session and all that was recorded of it; with `allow_missing` one that is not there is no error."""
        request = session_service_pb2.DeleteSessionRequest(name=session_name(session), allow_missing=allow_missing)
        await self._call(self._sessions.DeleteSession, request)

    def watch_session(
        self,
        session: str,
        *,
        resume_token: str = "",
        channels: Iterable[str] = (),
        sample_rate_hz: float = 0.0,
        landmarks: bool = False,
        patience_s: float = 30.0,
    ) -> AsyncIterator[session_service_pb2.WatchSessionResponse]:
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
        return self._watch(request, patience_s)

    async def get_series(
        self,
        session: str,
        channels: Iterable[str],
        *,
        participant: str = "",
        start_s: float | None = None,
        end_s: float | None = None,
        max_points: int = 0,
    ) -> TimeSeries:
        """Channels over time; with `max_points` each row may stand for a span, with mean, lowest and highest value."""
        request = session_service_pb2.GetSeriesRequest(
            name=session_name(session),
            participant=participant,
            channels=list(channels),
            start_s=start_s,
            end_s=end_s,
            max_points=max_points,
        )
        return TimeSeries.of(await self._call(self._sessions.GetSeries, request))

    def get_skeleton(
        self, session: str, *, participant: str = "", start_s: float | None = None, end_s: float | None = None
    ) -> AsyncIterator[sample_pb2.SkeletonFrame]:
        """Landmarks over time, from `start_s` up to and without `end_s` on the source's clock."""
        request = session_service_pb2.GetSkeletonRequest(
            name=session_name(session), participant=participant, start_s=start_s, end_s=end_s
        )
        return self._pages(self._sessions.GetSkeleton, request, "frames")

    def export_session(
        self,
        session: str,
        format: session_service_pb2.ExportFormat.ValueType,
        *,
        participant: str = "",
        channels: Iterable[str] = (),
        start_s: float | None = None,
        end_s: float | None = None,
    ) -> AsyncIterator[session_service_pb2.ExportSessionResponse]:
        """A file in parts: `data` of one after the other; the first has its `filename` and `media_type`."""
        request = session_service_pb2.ExportSessionRequest(
            name=session_name(session),
            participant=participant,
            format=format,
            channels=list(channels),
            start_s=start_s,
            end_s=end_s,
        )
        return self._stream(self._sessions.ExportSession, request)

    async def list_measures(self) -> session_service_pb2.ListMeasuresResponse:
        """The register: every channel and measure, and every exercise."""
        return await self._call(self._sessions.ListMeasures, session_service_pb2.ListMeasuresRequest())

    def list_reps(
        self, session: str, *, participant: str = "", include_uncounted: bool = False
    ) -> AsyncIterator[movement_pb2.Rep]:
        """Repetitions in order of time; `include_uncounted` adds withdrawn, partial and rejected ones."""
        request = session_service_pb2.ListRepsRequest(
            parent=session_name(session), participant=participant, include_uncounted=include_uncounted, page_size=PAGE
        )
        return self._pages(self._sessions.ListReps, request, "reps")

    async def get_rep(self, name: str) -> movement_pb2.Rep:
        """The repetition `sessions/{session}/reps/{rep}`: its curve, its thresholds, why it counted."""
        return await self._call(self._sessions.GetRep, session_service_pb2.GetRepRequest(name=name))

    async def assign_participant(self, participant: str, *, tap: tuple[float, float] | None = None) -> None:
        """Say who is in view; an event tells the outcome.

        Args:
            participant: `sessions/{session}/participants/{participant}` who they are.
            tap: where they are in the picture, fractions of its width and height from the upper left; None: who is
                followed now.
        """
        request = session_service_pb2.AssignParticipantRequest(participant=participant)
        if tap is not None:
            request.tap.x, request.tap.y = tap
        await self._call(self._sessions.AssignParticipant, request)

    async def teach_movement(self, participant: str, movement: str, reps: Iterable[int]) -> None:
        """Teach a movement by two or three of the latest repetitions; an event tells the outcome.

        Args:
            participant: `sessions/{session}/participants/{participant}` who shows it.
            movement: its id; it is then known as `taught/{movement}`.
            reps: ordinals of the repetitions.
        """
        request = session_service_pb2.TeachMovementRequest(participant=participant, movement=movement, reps=list(reps))
        await self._call(self._sessions.TeachMovement, request)

    def list_events(self, session: str, *, participant: str = "") -> AsyncIterator[event_pb2.Event]:
        """Events in the order in which they were recorded."""
        request = session_service_pb2.ListEventsRequest(
            parent=session_name(session), participant=participant, page_size=PAGE
        )
        return self._pages(self._sessions.ListEvents, request, "events")

    def list_cues(self, session: str, *, participant: str = "") -> AsyncIterator[movement_pb2.Cue]:
        """Cues in order of time, each in its newest revision."""
        request = session_service_pb2.ListCuesRequest(
            parent=session_name(session), participant=participant, page_size=PAGE
        )
        return self._pages(self._sessions.ListCues, request, "cues")

    async def dismiss_cue(self, name: str) -> movement_pb2.Cue:
        """Say that the athlete does not want to hear `sessions/{session}/cues/{cue}` again."""
        return await self._call(self._sessions.DismissCue, session_service_pb2.DismissCueRequest(name=name))

    async def rate_cue(self, name: str, rating: int) -> movement_pb2.Cue:
        """Say how much a cue helped: 1, of no use, to 5, just right."""
        request = session_service_pb2.RateCueRequest(name=name, rating=rating)
        return await self._call(self._sessions.RateCue, request)
