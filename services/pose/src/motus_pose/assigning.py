"""Who users say is in view: wishes come by commands, outcomes go into the events, where a new owner finds them."""

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TypeVar

from google.protobuf.message import Message

from motus.bus.v1 import control_pb2, samples_pb2
from motus_pose import convert
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.errors import PermanentError
from motus_runtime.follow import Stored, follow

log = logging.getLogger("motus.pose.assigning")
M = TypeVar("M", bound=Message)


class Assigning:
    """The assignments of one session.

    Args:
        bus: the bus.
        session: bare session id.
        pose_epoch: the lease's epoch, which goes into every output.
    """

    def __init__(self, bus: Bus, session: str, pose_epoch: int) -> None:
        self._bus, self._session, self._epoch = bus, session, pose_epoch
        self._answered: set[str] = set()

    async def recall(self) -> str:
        """Who is followed, as the owners before were told last: a bare participant id, empty when nobody said."""
        subject, assigned = topics.events(self._session, "pose"), ""
        last = await self._bus.last(topics.EVENTS_STREAM, subject)
        if last is None or last.seq is None:
            return ""
        async with aclosing(follow(self._bus, topics.EVENTS_STREAM, subject)) as events:
            async for stored in events:
                event = _read(samples_pb2.EventEnvelope, stored).event
                self._answered.add(event.name)
                if event.notice.code == convert.ASSIGNED:
                    assigned = event.participant.rsplit("/", 1)[-1]
                if stored.sequence >= last.seq:
                    break
        return assigned

    async def wishes(self) -> AsyncIterator[control_pb2.Command]:
        """Commands to assign a participant that nobody has answered, for ever."""
        async for stored in follow(self._bus, topics.COMMANDS_STREAM, topics.commands(self._session)):
            command = _read(control_pb2.Command, stored)
            if command.HasField("assign") and convert.outcome_name(self._session, command) not in self._answered:
                yield command

    async def answer(self, command: control_pb2.Command, refusal: str, t_s: float) -> None:
        """Say what became of a wish; an empty refusal says that it was fulfilled."""
        event = convert.assign_event(self._session, command, refusal, t_s, self._epoch)
        message_id = f"{event.event.name}@{event.event.revision}"
        await self._bus.store_surely(topics.events(self._session, "pose"), event, message_id=message_id)


def _read(kind: type[M], stored: Stored) -> M:
    """A message; one that says nothing when it cannot be read."""
    try:
        return decode(kind, stored.body)
    except PermanentError as error:
        log.error("%s %d: %s", stored.subject, stored.sequence, error.message)
        return kind()
