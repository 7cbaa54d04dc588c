"""Brings a session's cues into its room, for clients that are in the room and know nothing of Motus."""

import asyncio
import json
import logging
import time
from contextlib import aclosing

from motus.bus.v1 import samples_pb2
from motus.v1 import event_pb2, movement_pb2
from motus_ingest.cue_hold import Cue, CueHold
from motus_ingest.rooms import Room
from motus_ingest.sources.port import LostError
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.errors import PermanentError
from motus_runtime.follow import Stored, follow
from motus_runtime.tally import Tally

log = logging.getLogger("motus.ingest")


async def speak_cues(bus: Bus, session: str, room: Room, tally: Tally) -> None:
    """Say each cue of a session in its last words into a room, until the coach has said that it is through.

    An owner says each once. One who takes the session over may say those of the last seconds again, under the same
    name. What cannot be sent when it is due is not sent later: it would answer what is long over.

    Args:
        bus: where the coach says them.
        session: bare id.
        room: where they are said.
        tally: counts `cues_said` and `cues_unsaid`.
    """
    hold, through = CueHold(), False
    subject = topics.events(session, "coach")
    async with aclosing(follow(bus, topics.EVENTS_STREAM, subject)) as events:
        waiting = asyncio.ensure_future(anext(events))
        try:
            while not through or hold.waiting:
                due_s = hold.next_s()
                await asyncio.wait({waiting}, timeout=None if due_s is None else max(0.0, due_s - time.time()))
                if waiting.done():
                    heard = _heard(waiting.result())
                    through |= heard is not None and heard.HasField("end")
                    if heard is not None and heard.HasField("cue"):
                        hold = hold.hear(_cue(heard.cue))
                    waiting = asyncio.ensure_future(anext(events))
                due, hold = hold.due(time.time())
                for cue in due:
                    await _say(room, cue, tally)
        finally:
            waiting.cancel()
            await asyncio.wait({waiting})


def _heard(stored: Stored) -> event_pb2.Event | None:
    try:
        return decode(samples_pb2.EventEnvelope, stored.body).event
    except PermanentError as error:
        log.error("an event in %s: %s", stored.subject, error.message)
        return None


def _cue(cue: movement_pb2.Cue) -> Cue:
    return Cue(
        name=cue.name,
        revision=cue.revision,
        made_s=cue.create_time.ToNanoseconds() / 1e9,
        final=cue.final,
        speak_s=cue.speak_at.ToNanoseconds() / 1e9 if cue.HasField("speak_at") else None,
        expire_s=cue.expire_time.ToNanoseconds() / 1e9 if cue.HasField("expire_time") else None,
        text=cue.text,
        severity=movement_pb2.Severity.Name(cue.severity).removeprefix("SEVERITY_").lower(),
        cue_code=cue.cue_code,
        participant=cue.participant.rpartition("/")[2],
        language=cue.language,
    )


async def _say(room: Room, cue: Cue, tally: Tally) -> None:
    told = {"name": cue.name, "participant": cue.participant, "cue_code": cue.cue_code, "severity": cue.severity}
    data = {**told, "revision": cue.revision, "text": cue.text, "language": cue.language}
    try:
        await room.say(cue.text, json.dumps(data, ensure_ascii=False).encode(), told)
    except LostError:
        tally.count("cues_unsaid")
    else:
        tally.count("cues_said")
