"""The bus: typed messages over a real NATS server, with trace context, message ids and honest errors."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import nats
import nats.errors
import nats.js.errors
from google.protobuf.message import DecodeError, Message
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import RawStreamMsg

from motus_runtime.errors import PermanentError, RetryableError, UnavailableError
from motus_runtime.settings import setting
from motus_runtime.telemetry import BUS_ERRORS, trace_headers

log = logging.getLogger("motus.bus")
M = TypeVar("M", bound=Message)
T = TypeVar("T")

DUPLICATE_ID = "Nats-Msg-Id"
EXPECTED_SEQUENCE = "Nats-Expected-Last-Subject-Sequence"
# What the header block of a message may need beside its fields: "NATS/1.0\r\n", line ends and colons.
_HEADER_OVERHEAD = 64


@dataclass(frozen=True)
class BusSettings:
    """How to reach NATS."""

    url: str = setting("nats://127.0.0.1:4222", "address of the NATS server, or several with commas")
    token: str = setting("", "token of the NATS server, from a secret")
    connect_timeout_s: float = setting(20.0, "how long to wait for the server at start, seconds", minimum=0.1)


async def cancellable(call: Awaitable[T]) -> T:
    """Await a call of the client library without losing a cancellation.

    Until Python 3.12 `asyncio.wait_for`, on which the library's requests rest, swallows a cancellation that meets the
    answer; the task would then run on for ever. The answer may be an error, such as "not found".
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        return await call
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


def decode(kind: type[M], body: bytes) -> M:
    """Read a message.

    Raises:
        PermanentError: the bytes are not such a message.
    """
    try:
        return kind.FromString(body)
    except DecodeError as error:
        raise PermanentError(f"not a {kind.DESCRIPTOR.full_name}: {error}", reason="UNDECODABLE") from None


class Bus:
    """A connection to NATS for typed messages. Make one with `Bus.connect`."""

    def __init__(self, client: Client, service: str, closed: asyncio.Event) -> None:
        self.client = client
        self.service = service
        self._closed = closed
        self.jetstream = client.jetstream(timeout=5)

    @classmethod
    async def connect(cls, settings: BusSettings, service: str) -> "Bus":
        """Connect, waiting for the server up to the set time.

        Raises:
            UnavailableError: no server answered in time.
        """
        closed = asyncio.Event()

        async def on_closed() -> None:
            closed.set()

        try:
            async with asyncio.timeout(settings.connect_timeout_s):
                client = await nats.connect(
                    servers=[url.strip() for url in settings.url.split(",")],
                    name=f"motus-{service}",
                    token=settings.token or None,
                    # A silent partition must be noticed in seconds, and we never give up: the defaults are 2 minutes
                    # and 60 attempts.
                    ping_interval=2,
                    max_outstanding_pings=2,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=0.25,
                    connect_timeout=2,
                    drain_timeout=5,
                    allow_reconnect=True,
                    inbox_prefix=f"_INBOX.{service}",
                    error_cb=_report_error,
                    disconnected_cb=_report("disconnected"),
                    reconnected_cb=_report("reconnected"),
                    closed_cb=on_closed,
                )
        except (TimeoutError, OSError, nats.errors.Error) as error:
            reason = str(error) or "no answer"
            raise UnavailableError(f"no NATS server at {_without_secrets(settings.url)}: {reason}") from None
        return cls(client, service, closed)

    @property
    def connected(self) -> bool:
        """Whether the connection stands now."""
        return bool(self.client.is_connected)

    async def closed(self) -> None:
        """Wait until the connection is closed for good, as the client does when the server refuses it.

        Raises:
            UnavailableError: it is; what comes back is a new process, not this connection.
        """
        await self._closed.wait()
        raise UnavailableError(f"the connection to NATS was closed: {self.client.last_error or 'no reason given'}")

    async def close(self) -> None:
        """Finish what is in flight and close; never raises for a connection that is already gone."""
        try:
            await self.client.drain()
        except nats.errors.Error:
            # The client writes what is left to a transport that may be closed already.
            with suppress(RuntimeError, OSError):
                await self.client.close()

    async def publish(self, subject: str, message: Message, *, reply: str = "") -> None:
        """Publish by core NATS: at most once, nothing is stored.

        Raises:
            PermanentError: the message is larger than the server takes.
            UnavailableError: the connection is gone.
        """
        body, headers = self._encoded(message, "")
        try:
            await cancellable(self.client.publish(subject, body, reply=reply, headers=headers or None))
        except nats.errors.Error as error:
            raise UnavailableError(f"cannot publish to {subject}: {error}") from None

    async def store(self, subject: str, message: Message, *, message_id: str = "", expect: int | None = None) -> int:
        """Publish to JetStream and wait until it is stored.

        Args:
            subject: where to.
            message: what.
            message_id: the server drops a second message with the same id within the stream's window.
            expect: the sequence that the subject's last message must have, 0 for none: compare-and-set.

        Returns:
            The sequence in the stream; that of the first for a duplicate.

        Raises:
            ConflictError: the subject's last message is another.
            PermanentError: the message is larger than the server takes.
            RetryableError: it may or may not be stored; say it again with the same id.
        """
        body, headers = self._encoded(message, message_id)
        return await self.store_raw(subject, body, headers, expect=expect)

    async def store_raw(
        self, subject: str, body: bytes, headers: dict[str, str], *, expect: int | None = None, ttl_s: float = 0
    ) -> int:
        """As `store`, for bytes; `ttl_s` in whole seconds deletes the message after that time."""
        if expect is not None:
            headers[EXPECTED_SEQUENCE] = str(expect)
        try:
            publishing = self.jetstream.publish(subject, body, headers=headers or None, msg_ttl=ttl_s or None)
            ack = await cancellable(publishing)
        except nats.js.errors.BadRequestError as error:
            if error.err_code in (10071, 10164):  # wrong last sequence
                raise ConflictError(subject) from None
            raise RetryableError(f"cannot store to {subject}: {error}") from None
        except (nats.js.errors.APIError, nats.errors.Error, TimeoutError) as error:
            raise RetryableError(f"cannot store to {subject}: {error!r}") from None
        return int(ack.seq)

    async def store_surely(self, subject: str, message: Message, *, message_id: str = "") -> int:
        """As `store`, again and again until it is stored; the id makes repeats harmless."""
        delay = 0.1
        while True:
            try:
                return await self.store(subject, message, message_id=message_id)
            except RetryableError as error:
                BUS_ERRORS.labels("store_retry").inc()
                log.warning("storing again in %.1f s: %s", delay, error)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 2.0)

    async def last(self, stream: str, subject: str) -> RawStreamMsg | None:
        """The last stored message of a subject, asked of the stream's leader; None when there is none.

        Raises:
            UnavailableError: the server does not answer.
        """
        try:
            return await cancellable(self.jetstream.get_last_msg(stream, subject))
        except nats.js.errors.NotFoundError:
            return None
        except (nats.js.errors.APIError, nats.errors.Error, TimeoutError) as error:
            raise UnavailableError(f"cannot read {subject}: {error!r}") from None

    async def purge(self, stream: str, subject: str) -> None:
        """Remove all stored messages of a subject, which may have wildcards; again is harmless.

        Raises:
            UnavailableError: the server does not answer.
        """
        try:
            await cancellable(self.jetstream.purge_stream(stream, subject=subject))
        except nats.js.errors.NotFoundError:
            return
        except (nats.js.errors.APIError, nats.errors.Error, TimeoutError) as error:
            raise UnavailableError(f"cannot purge {subject}: {error!r}") from None

    async def listen(
        self, subject: str, callback: Callable[[Msg], None], *, at_once: bool = False
    ) -> Callable[[], Awaitable[None]]:
        """Call back for each core message. The callback must not block; returns what ends it.

        The server knows of it when this returns, or, `at_once`, when it has answered the next request.

        Raises:
            UnavailableError: the connection is gone.
        """

        async def call(message: Msg) -> None:
            callback(message)

        try:
            subscription = await self.client.subscribe(subject, cb=call)
            # The server must know the subscription before anybody relies on it. Shielded: the library's read loop dies
            # of a flush that is cancelled before its answer comes.
            if not at_once:
                await asyncio.shield(cancellable(self.client.flush()))
        except (nats.errors.Error, TimeoutError) as error:
            raise UnavailableError(f"cannot listen to {subject}: {error!r}") from None
        return _unsubscriber(subscription.unsubscribe)

    def _encoded(self, message: Message, message_id: str) -> tuple[bytes, dict[str, str]]:
        body, headers = message.SerializeToString(), trace_headers()
        if message_id:
            headers[DUPLICATE_ID] = message_id
        size = len(body) + sum(len(k) + len(v) + 4 for k, v in headers.items()) + _HEADER_OVERHEAD
        # The client checks the body alone; the server counts headers too and cuts the connection.
        if self.client.max_payload and size > self.client.max_payload:
            raise PermanentError(f"message of {size} bytes is over the limit of {self.client.max_payload}")
        return body, headers


class ConflictError(RetryableError):
    """Compare-and-set found another value."""

    reason = "CONFLICT"

    def __init__(self, subject: str) -> None:
        super().__init__(f"somebody else wrote {subject}")


def _without_secrets(urls: str) -> str:
    return re.sub(r"//[^/@]*@", "//", urls)


def _unsubscriber(unsubscribe: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    async def end() -> None:
        with suppress(nats.errors.Error):  # the connection may be gone, and the subscription with it
            await unsubscribe()

    return end


async def _report_error(error: Exception) -> None:
    BUS_ERRORS.labels(type(error).__name__).inc()
    log.warning("bus: %s", str(error) or type(error).__name__)


def _report(what: str) -> Callable[[], Awaitable[None]]:
    async def call() -> None:
        BUS_ERRORS.labels(what).inc()
        log.info("bus: %s", what)

    return call


__all__ = ["Bus", "BusSettings", "ConflictError", "cancellable", "decode"]
