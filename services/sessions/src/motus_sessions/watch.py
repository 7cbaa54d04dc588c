"""One watcher's stream: stored events, then those that come, with live samples and progress between them."""

import asyncio
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from nats.aio.msg import Msg

from motus.bus.v1 import landmarks_pb2, samples_pb2
from motus.v1 import event_pb2, sample_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.errors import PermanentError, UnavailableError
from motus_runtime.follow import follow
from motus_sessions.columns import chosen_channels, persons_in, skeleton_frame
from motus_sessions.convert import event_record
from motus_sessions.feed import Feed, Response
from motus_sessions.lookup import no_session
from motus_sessions.names import participant_name, session_name
from motus_sessions.projection.fence import Fence
from motus_sessions.projection.life import Change
from motus_sessions.projection.pacing import Pace
from motus_sessions.projection.records import EVENTS, EventRecord
from motus_sessions.recorder import acknowledged
from motus_sessions.store.port import SessionStore
from motus_sessions.tokens import Tokens

PAGE = 256
REMEMBERED_FRAMES = 32


@dataclass(frozen=True)
class Wish:
    """What a watcher wants.

    Attributes:
        tenant: whose session it is.
        session: bare id.
        after: sequence of the last event seen, 0 for none.
        channels: channels wanted in samples; none means all.
        rate_hz: samples per second wanted, 0 for none.
        landmarks: landmarks come along with the samples.
    """

    tenant: str
    session: str
    after: int
    channels: frozenset[str]
    rate_hz: float
    landmarks: bool


def resume_question(tenant: str, session: str) -> tuple[str, ...]:
    """What a resume token belongs to."""
    return ("watch", tenant, session)


class Watches:
    """All watchers of this process."""

    def __init__(self, bus: Bus, store: SessionStore, tokens: Tokens) -> None:
        self._bus, self._store, self._tokens = bus, store, tokens
        self._feeds: set[Feed] = set()

    @property
    def count(self) -> int:
        """Watchers that are served now."""
        return len(self._feeds)

    def end(self) -> None:
        """Send all watchers away; each goes on elsewhere with its last token."""
        for feed in self._feeds:
            feed.end(UnavailableError("the server is restarting; watch again with the last resume token"))

    async def responses(self, wish: Wish) -> AsyncIterator[Response]:
        """A watcher's stream, until the session's last event, or for ever."""
        feed = Feed()
        self._feeds.add(feed)
        live = _Live(feed, wish)
        undo: list[Callable[[], Awaitable[None]]] = []
        pump = None
        try:
            undo.append(await self._bus.listen(topics.live(wish.session), live.on_live))
            if wish.landmarks and wish.rate_hz:
                undo.append(await self._bus.listen(topics.landmarks(wish.session), live.on_landmarks))
            pump = asyncio.create_task(self._pump(feed, wish))
            while (response := await feed.take()) is not None:
                yield response
        finally:
            # Also reached when the reader goes away in the middle of a write.
            self._feeds.discard(feed)
            if pump is not None:
                pump.cancel()
            for end in undo:
                await end()

    async def _pump(self, feed: Feed, wish: Wish) -> None:
        try:
            async with aclosing(self._events(wish)) as events:
                async for event in events:
                    token = self._tokens.write(resume_question(wish.tenant, wish.session), [event.sequence])
                    message = event_pb2.Event.FromString(event.body)
                    await feed.put_event(Response(resume_token=token, event=message))
                    if isinstance(event.detail, Change) and event.detail.after.terminal:
                        break
            feed.end()
        except Exception as error:  # whatever it is, the reader's call must end with it
            feed.end(error)

    async def _events(self, wish: Wish) -> AsyncGenerator[EventRecord, None]:
        """Events behind a sequence, each revision once, those of replaced owners left out."""
        cursor, whole = wish.after, await self._whole_up_to(wish)
        seen = await self._store.revisions(wish.tenant, wish.session, cursor)
        while page := await self._page(wish, cursor, whole):
            for event in page:
                seen.add((event.event, event.revision))
                yield _with_detail(event)
            cursor = page[-1].sequence
        if await self._is_over(wish, cursor):
            return
        async with aclosing(self._news(wish, cursor)) as news:
            async for event in news:
                if (event.event, event.revision) not in seen:
                    seen.add((event.event, event.revision))
                    yield event

    async def _whole_up_to(self, wish: Wish) -> float:
        """Up to which sequence the store lacks nothing of a session.

        What a server that died had in hand comes again after a while, so later events may be stored before it.
        """
        record = await self._store.session(wish.tenant, wish.session)
        if record is not None and record.life.state.terminal:
            return float("inf")
        return await acknowledged(self._bus, EVENTS)

    async def _page(self, wish: Wish, after: int, whole: float) -> list[EventRecord]:
        found = await self._store.events(wish.tenant, wish.session, after=after, limit=PAGE)
        return [event for event in found if event.sequence <= whole]

    async def _news(self, wish: Wish, cursor: int) -> AsyncGenerator[EventRecord, None]:
        """What comes behind a sequence; a message that nobody can read goes to the recorder's dead letters."""
        known = await self._store.known(wish.tenant, [wish.session])
        fences = {stage: fence for (_, kind, stage), fence in known.fences.items() if kind == EVENTS}
        subject = topics.events_of(wish.session)
        async with aclosing(follow(self._bus, topics.EVENTS_STREAM, subject, start=cursor + 1)) as followed:
            async for stored in followed:
                try:
                    event = event_record(decode(samples_pb2.EventEnvelope, stored.body), stored.sequence)
                except PermanentError:
                    continue
                fence = fences.get(event.stage, Fence())
                if fence.lets_through(event.epoch, event.sequence):
                    fences[event.stage] = fence.after(event.epoch, event.sequence)
                    yield event

    async def _is_over(self, wish: Wish, cursor: int) -> bool:
        """Whether a session is terminal and nothing of it is on its way behind what was read.

        A spec that is still there says that the last event is yet to come.
        """
        record = await self._store.session(wish.tenant, wish.session)
        if record is None:
            raise no_session(session_name(wish.session))
        if not record.life.state.terminal:
            return False
        spec = await self._bus.last(f"KV_{topics.SPECS}", topics.spec_key(wish.session))
        if spec is not None and spec.data:
            return False
        last = await self._bus.last(topics.EVENTS_STREAM, topics.events(wish.session, "sessions"))
        return last is None or (last.seq or 0) <= cursor


def _with_detail(event: EventRecord) -> EventRecord:
    """A stored event with what its body says."""
    envelope = samples_pb2.EventEnvelope(session=event.session, epoch=event.epoch)
    envelope.event.ParseFromString(event.body)
    return event_record(envelope, event.sequence)


class _Live:
    """Live samples and progress on their way to one watcher."""

    def __init__(self, feed: Feed, wish: Wish) -> None:
        self._feed, self._wish = feed, wish
        self._paces: dict[str, Pace] = {}
        self._epochs: Counter[str] = Counter()
        self._frames: defaultdict[str, deque[sample_pb2.SkeletonFrame]] = defaultdict(
            lambda: deque(maxlen=REMEMBERED_FRAMES)
        )

    def on_live(self, message: Msg) -> None:
        """A sample or report has come."""
        try:
            live = decode(samples_pb2.Live, message.data)
        except PermanentError:
            return
        if live.erased:
            self._feed.end(no_session(session_name(self._wish.session)))
        elif live.HasField("report"):
            key = f"report/{live.report.stage}"
            if self._is_new(key, live.epoch):
                self._feed.put_latest(key, [Response(report=live.report)])
        elif live.HasField("sample") and self._wish.rate_hz and self._is_new("samples", live.epoch):
            self._on_sample(live.sample, time.monotonic())

    def _is_new(self, stage: str, epoch: int) -> bool:
        """Whether no newer owner of the stage has spoken."""
        newest = self._epochs[stage] = max(self._epochs[stage], epoch)
        return epoch >= newest

    def _on_sample(self, sample: sample_pb2.Sample, now_s: float) -> None:
        pace = self._paces.get(sample.participant, Pace(self._wish.rate_hz))
        if not pace.admits(now_s):
            return
        self._paces[sample.participant] = pace.after(now_s)
        responses = [Response(sample=chosen_channels(sample, self._wish.channels))]
        for frame in self._frames[sample.participant]:
            if frame.t_s == sample.t_s:
                responses.append(Response(skeleton=frame))
        self._feed.put_latest(f"sample/{sample.participant}", responses)

    def on_landmarks(self, message: Msg) -> None:
        """A frame's landmarks have come: a little earlier than the sample made of them."""
        try:
            landmarks = decode(landmarks_pb2.Landmarks, message.data)
            persons = persons_in(landmarks)
        except PermanentError:
            return
        for person in persons:
            name = participant_name(landmarks.ref.session, person.participant)
            self._frames[name].append(skeleton_frame(name, landmarks.ref.t_s, person))
