"""Following a session to its end, and ending it when the user does not want to wait."""

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from motus.v1 import event_pb2, session_service_pb2
from motus_client.cli.display import Display
from motus_client.cli.problem import Problem
from motus_client.cli.scene import SHOWN_CHANNELS, News, Scene
from motus_client.client import Client
from motus_client.errors import ApiError
from motus_client.outcome import FINAL_STATES

_REDRAW_S = 0.1
_SAMPLES_HZ = 10.0
_STOP_S = 3.0
_TURN_S = 1.0

Item = session_service_pb2.WatchSessionResponse | Exception | None


def follow_session(client: Client, session: str, display: Display, check: Callable[[], None] = lambda: None) -> Scene:
    """Show a session until it has ended; `check` is called again and again and may raise.

    Raises:
        ApiError: the stream broke for good.
        Problem: the stream ended and the session had not.
    """
    items: queue.SimpleQueue[Item] = queue.SimpleQueue()
    threading.Thread(target=_pump, args=(client, session, items), name="watch", daemon=True).start()
    scene, turn = Scene(), _Turn(client, session)
    while True:
        batch = _drain(items)
        ready = [item for item in batch if isinstance(item, session_service_pb2.WatchSessionResponse)]
        display.show(scene, [*turn.news(scene), *(news for response in ready for news in scene.apply(response))])
        for item in batch:
            if isinstance(item, Exception):
                raise item
        if None in batch:
            break
        check()
    if client.get_session(session).state not in FINAL_STATES:
        raise Problem("STREAM_ENDED", "the stream of events ended before the session", f"see `motus watch {session}`")
    return scene


def end_session(client: Client, session: str, reason: str) -> None:
    """Ask for a session's end and wait for it a moment; whoever calls is leaving, so that failing is no news."""
    deadline = time.monotonic() + _STOP_S
    with suppress(ApiError):
        client.stop_session(session, reason=reason)
        while client.get_session(session).state not in FINAL_STATES and time.monotonic() < deadline:
            time.sleep(_REDRAW_S)


class _Turn:
    """A session's place in the line of those that wait for free workers, said whenever it changes."""

    def __init__(self, client: Client, session: str) -> None:
        self._client, self._session = client, session
        self._place, self._due_s = 0, time.monotonic() + _TURN_S

    def news(self, scene: Scene) -> list[News]:
        """A line when its place is another than before; asks once in a while until the session has begun."""
        if scene.state != event_pb2.SESSION_STATE_PENDING or time.monotonic() < self._due_s:
            return []
        self._due_s = time.monotonic() + _TURN_S
        before, self._place = self._place, self._client.get_session(self._session).queue_position
        if self._place in (before, 0):
            return []
        return [News(0.0, "state", f"waits until workers are free, place {self._place}")]


def _pump(client: Client, session: str, items: "queue.SimpleQueue[Item]") -> None:
    try:
        for response in client.watch_session(session, channels=SHOWN_CHANNELS, sample_rate_hz=_SAMPLES_HZ):
            items.put(response)
        items.put(None)
    except Exception as error:  # raised again where it is waited for
        items.put(error)


def _drain(items: "queue.SimpleQueue[Item]") -> list[Item]:
    """What came within one redraw."""
    batch: list[Item] = []
    deadline = time.monotonic() + _REDRAW_S
    while (left := deadline - time.monotonic()) > 0 and None not in batch:
        try:
            batch.append(items.get(timeout=left))
        except queue.Empty:
            break
    return batch
