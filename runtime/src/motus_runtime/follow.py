"""Reading streams: `follow` for those who rebuild state from the log, `consume` for those who store it for good."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from motus.bus.v1 import control_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, cancellable
from motus_runtime.errors import MotusError, PermanentError, RetryableError
from motus_runtime.telemetry import BUS_ERRORS, DEAD_LETTERS

log = logging.getLogger("motus.follow")

HEARTBEAT_S = 1.0
_LOST = (nats.js.errors.Error, nats.js.errors.APIError, nats.errors.Error, TimeoutError)
MAX_DELIVER = 5
STORE_AGAIN_S = 1.0
# What a process that died had in hand comes again after this time; who works longer on a batch says so.
ACK_WAIT_S = 5.0
BATCH = 2048
"""Messages of one transaction at the most: two seconds of landmarks of 30 athletes."""


@dataclass(frozen=True)
class Stored:
    """A message of a stream.

    Attributes:
        subject: where it was published.
        sequence: its place in the stream.
        body: its bytes; empty for a deleted key.
        headers: its headers.
        pending: how many more the stream had for this reader when it was sent.
        deleted: a key of a bucket was deleted or expired.
        time_ns: when the server stored it, Unix nanoseconds.
    """

    subject: str
    sequence: int
    body: bytes
    headers: dict[str, str]
    pending: int
    deleted: bool
    time_ns: int


async def follow(
    bus: Bus,
    stream: str,
    subject: str,
    *,
    start: int = 1,
    newest_per_subject: bool = False,
    made_anew: Callable[[], None] | None = None,
) -> AsyncGenerator[Stored, None]:
    """Every stored message from sequence `start` on, in order, then those that come, for ever.

    A consumer that lives in the server's memory delivers by push, so latency is that of core NATS. Whatever breaks (a
    gap, silence, a restarted server) it is made anew behind the last message seen. `newest_per_subject` begins with
    each subject's last message: for buckets. `made_anew` is called when the stream is another than the one that was
    followed before, since what was learnt from that one holds no more; reading begins at the start then.
    """
    following = start
    begun, created = False, ""
    while True:
        queue: asyncio.Queue[Msg] = asyncio.Queue()
        inbox = bus.client.new_inbox()
        subscription = None
        try:
            if made_anew is not None:
                before, created = created, await _creation(bus, stream)
                if before and before != created:
                    following, begun = start, False
                    made_anew()
            subscription = await bus.client.subscribe(inbox, cb=queue.put)
            policy = DeliverPolicy.LAST_PER_SUBJECT if newest_per_subject and not begun else None
            await _make_consumer(bus, stream, subject, inbox, following, policy)
            async for stored in _delivered(bus, queue):
                following, begun = stored.sequence + 1, True
                yield stored
        except _LOST as error:
            BUS_ERRORS.labels("follow_again").inc()
            log.info("following %s again from %d: %s", stream, following, str(error) or type(error).__name__)
            await asyncio.sleep(0.25)
        finally:
            if subscription is not None and not bus.client.is_closed:
                await _quietly(subscription.unsubscribe)


async def _creation(bus: Bus, stream: str) -> str:
    """When a stream was made, as the server says it."""
    answer = await cancellable(bus.client.request(f"$JS.API.STREAM.INFO.{stream}", b"", timeout=5))
    info = json.loads(answer.data)
    if "created" not in info:
        raise nats.js.errors.NotFoundError
    return str(info["created"])


async def _make_consumer(
    bus: Bus, stream: str, subject: str, inbox: str, start: int, policy: DeliverPolicy | None
) -> None:
    config = ConsumerConfig(
        deliver_subject=inbox,
        filter_subject=subject,
        deliver_policy=policy or DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=None if policy else start,
        ack_policy=AckPolicy.NONE,
        idle_heartbeat=HEARTBEAT_S,
        flow_control=True,
        inactive_threshold=10,
        mem_storage=True,
        num_replicas=1,
    )
    await cancellable(bus.jetstream.add_consumer(stream, config))


async def _delivered(bus: Bus, queue: "asyncio.Queue[Msg]") -> AsyncGenerator[Stored, None]:
    delivered = 0
    while True:
        async with asyncio.timeout(3 * HEARTBEAT_S):
            message = await queue.get()
        if message.headers and message.headers.get("Status") == "100":
            if held := message.reply or message.headers.get("Nats-Consumer-Stalled"):
                # Everything before it was taken: the server may send more. Without this a slow reader's queue has no
                # bound.
                await bus.client.publish(held)
            if not message.reply and int(message.headers.get("Nats-Last-Consumer", delivered)) != delivered:
                raise TimeoutError("messages were lost on the way")
            continue
        metadata = message.metadata
        if metadata.sequence.consumer != delivered + 1:
            raise TimeoutError("messages were lost on the way")
        delivered += 1
        yield _stored(message)


def _stored(message: Msg) -> Stored:
    headers = dict(message.headers or {})
    metadata = message.metadata
    return Stored(
        subject=message.subject,
        sequence=metadata.sequence.stream,
        body=message.data,
        headers=headers,
        pending=metadata.num_pending,
        deleted="KV-Operation" in headers or "Nats-Marker-Reason" in headers,
        time_ns=int(metadata.timestamp.timestamp() * 1e9),
    )


async def consume(
    bus: Bus,
    stream: str,
    subject: str,
    durable: str,
    store: Callable[[list[Stored]], Awaitable[None]],
    *,
    window_s: float = 0.25,
) -> None:
    """Give a durable consumer's messages to `store` in batches, for ever, and acknowledge after it returned.

    After a batch it waits for `window_s`, so that the next one is worth its transaction: the first message is stored at
    once, those behind it within the window. A full batch has more behind it, and nothing to wait for.

    A RetryableError makes the batch be stored again, as long as it takes. A PermanentError makes the batch be tried
    message by message; the poisonous one goes to the dead letters with its reason. A message that was delivered
    MAX_DELIVER times goes there before it is processed again.
    """
    while True:
        subscription = await _durable(bus, stream, subject, durable)
        try:
            while True:
                try:
                    batch = await cancellable(subscription.fetch(BATCH, timeout=1))
                except TimeoutError:
                    continue
                await _settle(bus, batch, store)
                await asyncio.sleep(window_s if len(batch) < BATCH else 0.0)
        except _LOST as error:
            log.info("consumer %s again: %s", durable, str(error) or type(error).__name__)
            await asyncio.sleep(0.5)
        finally:
            # What was fetched and not taken would hold up the drain of the connection.
            await _quietly(subscription.unsubscribe)


async def _durable(bus: Bus, stream: str, subject: str, durable: str) -> JetStreamContext.PullSubscription:
    config = ConsumerConfig(ack_wait=ACK_WAIT_S, max_deliver=-1, max_ack_pending=4 * BATCH)
    delay = 0.25
    while True:
        try:
            subscribing = bus.jetstream.pull_subscribe(subject, durable=durable, stream=stream, config=config)
            return await cancellable(subscribing)
        except _LOST as error:
            log.info("consumer %s not there yet: %s", durable, str(error) or type(error).__name__)
            await asyncio.sleep(delay)
            delay = min(2 * delay, 2.0)


async def _settle(bus: Bus, batch: list[Msg], store: Callable[[list[Stored]], Awaitable[None]]) -> None:
    tired = [message for message in batch if message.metadata.num_delivered > MAX_DELIVER]
    for message in tired:
        await _bury(bus, message, "delivered too often")
    batch = [message for message in batch if message not in tired]
    if not batch:
        return
    try:
        await _stored_surely(bus, batch, store)
    except PermanentError as error:
        if len(batch) == 1:
            await _bury(bus, batch[0], error.message)
            return
        for message in batch:
            await _settle(bus, [message], store)
    else:
        for message in batch:
            await _quietly(message.ack)


async def _stored_surely(bus: Bus, batch: list[Msg], store: Callable[[list[Stored]], Awaitable[None]]) -> None:
    """Have a batch stored, again and again while the store is away.

    The messages are kept in hand meanwhile: giving them back would count as deliveries, and bury what is not poison.
    """
    keeping = asyncio.create_task(_keep_in_hand(batch))
    try:
        while True:
            try:
                await store([_stored(message) for message in batch])
                return
            except RetryableError as error:
                log.warning("%s: %d messages again in %g s: %s", bus.service, len(batch), STORE_AGAIN_S, error.message)
                await asyncio.sleep(STORE_AGAIN_S)
    finally:
        keeping.cancel()


async def _keep_in_hand(batch: list[Msg]) -> None:
    """Say that a batch is being worked at, for ever: a store may also hang, and not say that it is away."""
    while True:
        await asyncio.sleep(ACK_WAIT_S / 3)
        for message in batch:
            await _quietly(message.in_progress)


async def _bury(bus: Bus, message: Msg, reason: str) -> None:
    await bury(bus, message.subject, message.data, reason, message.metadata.sequence.stream)
    await _quietly(message.term)


async def bury(bus: Bus, subject: str, body: bytes, reason: str, sequence: int = 0) -> None:
    """Put a message that nobody can process to the dead letters, with the reason."""
    DEAD_LETTERS.labels(bus.service).inc()
    log.error("dead letter from %s: %s", subject, reason)
    letter = control_pb2.DeadLetter(subject=subject, reason=reason, service=bus.service, body=body)
    letter.stream_sequence = sequence
    await bus.store_surely(
        topics.dead_letters(bus.service, subject),
        letter,
        message_id=f"{bus.service}/{subject}/{sequence}" if sequence else "",
    )


async def _quietly(call: Callable[[], Awaitable[object]]) -> None:
    with suppress(nats.errors.Error, MotusError):  # the connection may be gone; the server delivers again
        await call()
