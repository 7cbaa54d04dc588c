"""How clients steer a session that runs: changes, movements to learn, what they think of cues."""

import secrets
from functools import partial

from motus.bus.v1 import control_pb2
from motus.v1 import movement_pb2, session_service_pb2
from motus_runtime.errors import FailedPreconditionError, NotFoundError
from motus_sessions.answers import cue_message, session_message
from motus_sessions.lifecycle import Lifecycle
from motus_sessions.lookup import find_child, find_session, participant_of
from motus_sessions.names import child_in
from motus_sessions.projection.records import SessionRecord
from motus_sessions.requests import wishes
from motus_sessions.store.port import SessionStore


class Control:
    """Writes down what is wished, then lets the stages know.

    Args:
        store: the store.
        lifecycle: the way to the stages.
    """

    def __init__(self, store: SessionStore, lifecycle: Lifecycle) -> None:
        self._store, self._lifecycle = store, lifecycle

    async def update(
        self, tenant: str, request: session_service_pb2.UpdateSessionRequest
    ) -> session_service_pb2.Session:
        """Change a session that has not ended."""
        wished = wishes(request)
        before = await find_session(self._store, tenant, request.session.name)
        record = await self._store.change(tenant, before.session, wished)
        if record is None:
            raise _over(before)
        update = control_pb2.Update(exercise=wished.exercise, in_set=wished.in_set, coach_muted=wished.muted)
        await self._lifecycle.change(record, update)
        return session_message(record)

    async def teach(self, tenant: str, request: session_service_pb2.TeachMovementRequest) -> None:
        """Ask kinematics to learn a movement."""
        session, participant = await self._participant(tenant, request.participant)
        teach = control_pb2.Teach(participant=participant, movement=request.movement, reps=request.reps)
        await self._lifecycle.command(f"teach-{secrets.token_hex(8)}", session, teach=teach)

    async def assign(self, tenant: str, request: session_service_pb2.AssignParticipantRequest) -> None:
        """Tell pose who is in view."""
        session, participant = await self._participant(tenant, request.participant)
        assign = control_pb2.Assign(participant=participant)
        if request.HasField("tap"):
            assign.tap.x, assign.tap.y = request.tap.x, request.tap.y
        await self._lifecycle.command(f"assign-{secrets.token_hex(8)}", session, assign=assign)

    async def _participant(self, tenant: str, name: str) -> tuple[str, str]:
        """Bare ids of a participant and of their session, which has not ended."""
        record = await find_session(self._store, tenant, name.partition("/participants/")[0])
        if record.life.state.terminal:
            raise _over(record)
        return record.session, participant_of(record, name)

    async def dismiss(self, tenant: str, request: session_service_pb2.DismissCueRequest) -> movement_pb2.Cue:
        """The athlete does not want to hear it again."""
        return await self._judge(tenant, request.name, dismissed=True)

    async def rate(self, tenant: str, request: session_service_pb2.RateCueRequest) -> movement_pb2.Cue:
        """How much a cue helped."""
        return await self._judge(tenant, request.name, rating=request.rating)

    async def _judge(
        self, tenant: str, name: str, *, dismissed: bool | None = None, rating: int | None = None
    ) -> movement_pb2.Cue:
        session, cue = child_in(name)
        judge = partial(self._store.judge_cue, tenant, session, cue, dismissed=dismissed, rating=rating)
        record = await find_child(self._store, self._lifecycle, tenant, session, judge)
        if record is None:
            raise NotFoundError(f"no cue {name}", reason="CUE_NOT_FOUND")
        feedback = control_pb2.CueFeedback(cue=cue, dismissed=record.dismissed, rating=record.rating)
        await self._lifecycle.command(f"feedback-{secrets.token_hex(8)}", session, cue_feedback=feedback)
        return cue_message(record)


def _over(record: SessionRecord) -> FailedPreconditionError:
    return FailedPreconditionError(f"session {record.session} is over: nothing can be changed", reason="SESSION_OVER")
