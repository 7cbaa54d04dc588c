"""A session's cues on a real bus, on their way into a room."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping

import pytest

from motus.bus.v1 import samples_pb2
from motus.v1 import event_pb2, movement_pb2
from motus_ingest.room_cues import speak_cues
from motus_ingest.rooms import Room
from motus_ingest.sources.port import LostError
from motus_runtime import topics
from motus_runtime.bus import Bus
from motus_runtime.tally import Tally

WAIT_S = 20.0


class Loud:
    """A connection that keeps what was said; while it is lost it says so."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[tuple[str, dict[str, object], dict[str, str]]] = asyncio.Queue()
        self.lost = False
        self.refused = asyncio.Event()

    async def say(self, text: str, data: bytes, attributes: Mapping[str, str] | None = None) -> None:
        """Keep it."""
        if self.lost:
            self.refused.set()
            raise LostError("away")
        self.said.put_nowait((text, json.loads(data), dict(attributes or {})))


class Coach:
    """Says cues of the test's session, and hears what arrives in the room."""

    def __init__(self, bus: Bus, session: str) -> None:
        self._bus, self._session = bus, session
        self.loud, self.tally = Loud(), Tally("ingest")
        self.room = Room(lambda: self.loud)
        self.room.connect()

    async def say(self, cue: str, revision: int, text: str, *, final: bool, speak_in_s: float | None = None) -> None:
        """Store a revision of a cue."""
        message = movement_pb2.Cue(name=f"sessions/{self._session}/cues/{cue}", revision=revision, text=text)
        message.participant = f"sessions/{self._session}/participants/p1"
        message.cue_code, message.final, message.language = "squat_depth_shallow", final, "en"
        message.severity = movement_pb2.SEVERITY_WARNING
        message.create_time.FromNanoseconds(time.time_ns())
        if speak_in_s is not None:
            message.speak_at.FromNanoseconds(time.time_ns() + round(speak_in_s * 1e9))
        await self._store(event_pb2.Event(name=f"sessions/{self._session}/events/{cue}-{revision}", cue=message))

    async def note(self) -> None:
        """Store something that is no cue."""
        await self._store(event_pb2.Event(name="sessions/x/events/y", notice=event_pb2.Notice(code="person_lost")))

    async def heard(self) -> tuple[str, dict[str, object], dict[str, str]]:
        """What is said next."""
        async with asyncio.timeout(WAIT_S):
            return await self.loud.said.get()

    async def _store(self, event: event_pb2.Event) -> None:
        envelope = samples_pb2.EventEnvelope(session=self._session, event=event)
        await self._bus.store(topics.events(self._session, "coach"), envelope, message_id=event.name)


@pytest.fixture
async def coach(bus: Bus, session: str) -> AsyncIterator[Coach]:
    """A coach whose cues are spoken."""
    one = Coach(bus, session)
    speaking = asyncio.create_task(speak_cues(bus, session, one.room, one.tally))
    yield one
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)


async def test_a_final_cue_is_said_with_all_that_a_client_needs(coach: Coach, session: str) -> None:
    """As JSON, and as text with attributes to tell it by."""
    await coach.note()
    await coach.say("c1", 1, "Tiefer, größer!", final=True)
    text, data, attributes = await coach.heard()
    assert text == "Tiefer, größer!"
    assert data == {
        "name": f"sessions/{session}/cues/c1",
        "participant": "p1",
        "cue_code": "squat_depth_shallow",
        "severity": "warning",
        "revision": 1,
        "text": "Tiefer, größer!",
        "language": "en",
    }
    assert attributes == {name: data[name] for name in ("name", "participant", "cue_code", "severity")}
    assert coach.tally.counts["cues_said"] == 1


async def test_a_cue_waits_for_its_last_words_and_is_said_once(coach: Coach) -> None:
    """The first ones would be the rules', not the model's."""
    await coach.say("c1", 1, "rules", final=False, speak_in_s=15)
    await coach.say("c1", 2, "model", final=True)
    await coach.say("c1", 3, "too late", final=True)
    await coach.say("c2", 1, "next", final=True)
    assert [(await coach.heard())[0] for _ in range(2)] == ["model", "next"]


async def test_without_better_words_it_is_said_in_those_there_are(coach: Coach) -> None:
    """At its moment, with no message that would tell it."""
    begun = time.monotonic()
    await coach.say("c1", 1, "rules", final=False, speak_in_s=0.6)
    assert (await coach.heard())[0] == "rules"
    assert time.monotonic() - begun > 0.5


async def test_what_cannot_be_sent_is_counted_and_not_sent_later(coach: Coach) -> None:
    """It would answer what is long over."""
    coach.loud.lost = True
    await coach.say("c1", 1, "lost", final=True)
    async with asyncio.timeout(WAIT_S):
        await coach.loud.refused.wait()
    coach.loud.lost = False
    await coach.say("c2", 1, "heard", final=True)
    assert (await coach.heard())[0] == "heard"
    assert (coach.tally.counts["cues_said"], coach.tally.counts["cues_unsaid"]) == (1, 1)


async def test_without_any_connection_nothing_is_said() -> None:
    """The room tells it, and does not fail."""
    with pytest.raises(LostError):
        await Room(Loud).say("x", b"{}")
