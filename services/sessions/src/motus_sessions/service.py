"""The RPCs of SessionService: check the request, ask the store, answer. Errors become statuses in the interceptor."""

import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

from google.protobuf.empty_pb2 import Empty

from motus.v1 import movement_pb2, sample_pb2, session_service_pb2, session_service_pb2_grpc
from motus.v1.event_pb2 import Event
from motus_runtime.errors import NotFoundError, ResourceExhaustedError
from motus_runtime.rpc.call import caller
from motus_sessions.admission import Admission
from motus_sessions.answers import cue_message, register_message, session_message
from motus_sessions.columns import series_message, skeleton_frames
from motus_sessions.control import Control
from motus_sessions.erasing import Erasing
from motus_sessions.exporting import export
from motus_sessions.lifecycle import Lifecycle
from motus_sessions.lookup import find_child, find_session, participant_of
from motus_sessions.names import child_in, last_part, participant_in
from motus_sessions.projection.life import State
from motus_sessions.projection.records import SessionRecord
from motus_sessions.projection.rollup import summary_of
from motus_sessions.requests import OLDEST_FIRST, check_channels, creation_ns, new_session, page_size, span_us
from motus_sessions.store.port import SessionStore
from motus_sessions.tokens import Tokens
from motus_sessions.watch import Watches, Wish, resume_question

MOST_SERIES_BYTES = 3_500_000
"""Clients refuse messages above 4 MiB unless told otherwise."""


class SessionServicer(session_service_pb2_grpc.SessionServiceServicer):
    """Serves sessions, to each caller those of their tenant."""

    def __init__(
        self,
        store: SessionStore,
        lifecycle: Lifecycle,
        admission: Admission,
        erasing: Erasing,
        watches: Watches,
        tokens: Tokens,
    ) -> None:
        self._store, self._lifecycle, self._watches, self._tokens = store, lifecycle, watches, tokens
        self._control, self._erasing, self._admission = Control(store, lifecycle), erasing, admission

    async def CreateSession(
        self, request: session_service_pb2.CreateSessionRequest, context: Any
    ) -> session_service_pb2.Session:
        """Keep a new session, and let the stages know when its turn has come."""
        tenant, wished = caller().tenant, new_session(request, time.time_ns())
        if request.no_wait and await self._store.of_request(tenant, wished) is None:
            self._admission.must_have_room()
        record = await self._store.create(tenant, wished)
        if record.life.state is State.PENDING:
            await self._admission.enter(tenant, record)
        return self._message(record)

    async def GetSession(
        self, request: session_service_pb2.GetSessionRequest, context: Any
    ) -> session_service_pb2.Session:
        """One session."""
        return self._message(await self._session(request.name))

    async def ListSessions(
        self, request: session_service_pb2.ListSessionsRequest, context: Any
    ) -> session_service_pb2.ListSessionsResponse:
        """A page of sessions."""
        tenant = caller().tenant
        size, athlete = page_size(request.page_size), last_part(request.athlete)
        states, created = sorted({State(state) for state in request.states}), creation_ns(request)
        oldest_first = request.order_by in OLDEST_FIRST
        asked = (athlete, created, oldest_first, *map(int, states))
        question = ("sessions", tenant, *map(str, asked))
        place = self._place(question, request.page_token)
        found = await self._store.sessions(
            tenant,
            limit=size + 1,
            states=states,
            athlete=athlete,
            created=created,
            oldest_first=oldest_first,
            behind=(int(place[0]), str(place[1])) if place else None,
        )
        return session_service_pb2.ListSessionsResponse(
            sessions=map(self._message, found[:size]),
            next_page_token=self._next(question, found, size, "create_time_ns", "session"),
        )

    async def UpdateSession(
        self, request: session_service_pb2.UpdateSessionRequest, context: Any
    ) -> session_service_pb2.Session:
        """Change a session that has not ended."""
        return await self._control.update(caller().tenant, request)

    async def StopSession(
        self, request: session_service_pb2.StopSessionRequest, context: Any
    ) -> session_service_pb2.Session:
        """Ask the stages to end a session."""
        record, reason = await self._session(request.name), request.reason or "stopped by request"
        if self._admission.place(record.session):
            await self._lifecycle.call_off(caller().tenant, record.session, reason)
            record = await self._session(request.name)
        elif not record.life.state.terminal:
            await self._lifecycle.stop(record.session, reason)
        return self._message(record)

    async def DeleteSession(self, request: session_service_pb2.DeleteSessionRequest, context: Any) -> Empty:
        """Erase a session."""
        tenant = caller().tenant
        try:
            record = await self._session(request.name)
        except NotFoundError:
            if request.allow_missing:
                return Empty()
            raise
        await self._erasing.session(tenant, record.session, "DeleteSession", request.name)
        return Empty()

    async def WatchSession(
        self, request: session_service_pb2.WatchSessionRequest, context: Any
    ) -> AsyncIterator[session_service_pb2.WatchSessionResponse]:
        """Stored events, then live."""
        tenant = caller().tenant
        check_channels(request.channels)
        session = last_part(request.name)
        after = 0
        if request.resume_token:
            question = resume_question(tenant, session)
            after = int(self._tokens.read(question, request.resume_token, "resume_token")[0])
        await self._session(request.name)
        channels = frozenset(request.channels)
        wish = Wish(tenant, session, after, channels, request.sample_rate_hz, request.landmarks)
        async for response in self._watches.responses(wish):
            yield response

    async def GetSeries(self, request: session_service_pb2.GetSeriesRequest, context: Any) -> sample_pb2.Series:
        """Channels over time."""
        check_channels(request.channels)
        start_us, end_us = span_us(request)
        record = await self._session(request.name)
        participant = participant_of(record, request.participant)
        wanted = (caller().tenant, record.session, participant, list(request.channels), start_us, end_us)
        if request.max_points:
            summary = await self._store.summary(*wanted, request.max_points)
        else:
            summary = summary_of(await self._store.series(*wanted))
        if len(summary) * (8 + (12 if summary.thinned else 4) * len(summary.names)) > MOST_SERIES_BYTES:
            raise ResourceExhaustedError(
                f"{len(summary)} rows of {len(summary.names)} channels are more than one answer holds; "
                "ask for a shorter span, fewer channels, or set max_points",
                reason="SERIES_TOO_LARGE",
                metadata={"rows": str(len(summary))},
            )
        return series_message(record.session, participant, summary)

    async def GetSkeleton(
        self, request: session_service_pb2.GetSkeletonRequest, context: Any
    ) -> session_service_pb2.GetSkeletonResponse:
        """A page of landmarks."""
        tenant = caller().tenant
        size = page_size(request.page_size, usual=300, most=3000)
        start_us, end_us = span_us(request)
        record = await self._session(request.name)
        participant = participant_of(record, request.participant)
        question = ("skeleton", tenant, record.session, participant, str(start_us), str(end_us))
        place = self._place(question, request.page_token)
        first_us = int(place[0]) if place else start_us
        table = await self._store.skeleton(tenant, record.session, participant, first_us, end_us, size + 1)
        more = len(table) > size
        return session_service_pb2.GetSkeletonResponse(
            frames=skeleton_frames(record.session, participant, table.rows(slice(size))),
            next_page_token=self._tokens.write(question, [int(table.t_us[size])]) if more else "",
        )

    async def ExportSession(
        self, request: session_service_pb2.ExportSessionRequest, context: Any
    ) -> AsyncIterator[session_service_pb2.ExportSessionResponse]:
        """A file, in parts."""
        async for part in export(self._store, caller().tenant, request):
            yield part

    async def ListMeasures(
        self, request: session_service_pb2.ListMeasuresRequest, context: Any
    ) -> session_service_pb2.ListMeasuresResponse:
        """The register."""
        return register_message()

    async def ListReps(
        self, request: session_service_pb2.ListRepsRequest, context: Any
    ) -> session_service_pb2.ListRepsResponse:
        """A page of repetitions."""
        tenant = caller().tenant
        size, record, participant = await self._parent(request)
        question = ("reps", tenant, record.session, participant, str(request.include_uncounted))
        found = await self._store.reps(
            tenant,
            record.session,
            limit=size + 1,
            after=_time_and_id(self._place(question, request.page_token)),
            participant=participant,
            include_uncounted=request.include_uncounted,
        )
        return session_service_pb2.ListRepsResponse(
            reps=[movement_pb2.Rep.FromString(rep.body) for rep in found[:size]],
            next_page_token=self._next(question, found, size, "start_s", "rep"),
        )

    async def GetRep(self, request: session_service_pb2.GetRepRequest, context: Any) -> movement_pb2.Rep:
        """One repetition, whether it counts or not."""
        tenant, (session, rep) = caller().tenant, child_in(request.name)
        look = partial(self._store.rep, tenant, session, rep)
        found = await find_child(self._store, self._lifecycle, tenant, session, look)
        if found is None:
            raise NotFoundError(f"no rep {request.name}", reason="REP_NOT_FOUND")
        return movement_pb2.Rep.FromString(found.body)

    async def AssignParticipant(
        self, request: session_service_pb2.AssignParticipantRequest, context: Any
    ) -> session_service_pb2.AssignParticipantResponse:
        """Say who is in view."""
        await self._control.assign(caller().tenant, request)
        return session_service_pb2.AssignParticipantResponse()

    async def TeachMovement(
        self, request: session_service_pb2.TeachMovementRequest, context: Any
    ) -> session_service_pb2.TeachMovementResponse:
        """Ask kinematics to learn a movement."""
        await self._control.teach(caller().tenant, request)
        return session_service_pb2.TeachMovementResponse()

    async def ListEvents(
        self, request: session_service_pb2.ListEventsRequest, context: Any
    ) -> session_service_pb2.ListEventsResponse:
        """A page of events, each in its newest revision."""
        tenant = caller().tenant
        size, record, participant = await self._parent(request)
        question = ("events", tenant, record.session, participant)
        place = self._place(question, request.page_token)
        found = await self._store.events(
            tenant,
            record.session,
            after=int(place[0]) if place else 0,
            limit=size + 1,
            participant=participant,
            newest_only=True,
        )
        return session_service_pb2.ListEventsResponse(
            events=[Event.FromString(event.body) for event in found[:size]],
            next_page_token=self._next(question, found, size, "sequence"),
        )

    async def ListCues(
        self, request: session_service_pb2.ListCuesRequest, context: Any
    ) -> session_service_pb2.ListCuesResponse:
        """A page of cues."""
        tenant = caller().tenant
        size, record, participant = await self._parent(request)
        question = ("cues", tenant, record.session, participant)
        found = await self._store.cues(
            tenant,
            record.session,
            limit=size + 1,
            after=_time_and_id(self._place(question, request.page_token)),
            participant=participant,
        )
        return session_service_pb2.ListCuesResponse(
            cues=[cue_message(cue) for cue in found[:size]],
            next_page_token=self._next(question, found, size, "t_s", "cue"),
        )

    async def DismissCue(self, request: session_service_pb2.DismissCueRequest, context: Any) -> movement_pb2.Cue:
        """The athlete does not want to hear it again."""
        return await self._control.dismiss(caller().tenant, request)

    async def RateCue(self, request: session_service_pb2.RateCueRequest, context: Any) -> movement_pb2.Cue:
        """How much a cue helped."""
        return await self._control.rate(caller().tenant, request)

    def _message(self, record: SessionRecord) -> session_service_pb2.Session:
        return session_message(record, self._admission.place(record.session))

    async def _session(self, name: str) -> SessionRecord:
        return await find_session(self._store, caller().tenant, name)

    async def _parent(self, request: Any) -> tuple[int, SessionRecord, str]:
        """Page size, session and participant of a request that lists what a session has."""
        size = page_size(request.page_size)
        participant = participant_in(request.participant, last_part(request.parent), "participant")
        return size, await self._session(request.parent), participant

    def _place(self, question: Sequence[str], token: str) -> list[Any]:
        return self._tokens.read(question, token, "page_token") if token else []

    def _next(self, question: Sequence[str], found: Sequence[object], size: int, *fields: str) -> str:
        """The token behind the last of a page; empty when there was no more than the page."""
        if len(found) <= size:
            return ""
        return self._tokens.write(question, [getattr(found[size - 1], field) for field in fields])


def _time_and_id(place: Sequence[Any]) -> tuple[float, str] | None:
    return (float(place[0]), str(place[1])) if place else None
