"""A video on its way to a server that cannot read this machine's disk, while its session is watched."""

import threading
import time
from pathlib import Path
from typing import Final

import grpc

from motus_client.client import Client
from motus_client.errors import ApiError
from motus_client.outcome import FINAL_STATES

VIDEO: Final = "push:video"
"""The source of a session that a video is pushed into."""
_PASSING: Final = ("SESSION_NOT_FOUND", "NO_FREE_CAPACITY", "SPOOL_FULL", "PUSHED_ALREADY")
_PAUSE_S: Final = 1.0
_PATIENCE_S: Final = 60.0


class Upload:
    """Pushes a video into its session from a thread of its own, again when the server was away for a moment.

    Args:
        client: of the server.
        session: the session.
        video: the file.
    """

    def __init__(self, client: Client, session: str, video: Path) -> None:
        self._client, self._session, self._video = client, session, video
        self._error: Exception | None = None
        threading.Thread(target=self._work, name="upload", daemon=True).start()

    def check(self) -> None:
        """Raise what keeps the video from getting there, once that is known."""
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            self._push()
        except Exception as error:  # raised again where it is waited for
            self._error = error

    def _push(self) -> None:
        given_up_at = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self._client.push_video(self._session, self._video)
                return
            except ApiError as error:
                session = self._client.get_session(self._session)
                if session.state in FINAL_STATES:
                    return  # and why is told to who watches it
                if session.queue_position:
                    given_up_at = time.monotonic() + _PATIENCE_S
                elif not _may_pass(error) or time.monotonic() > given_up_at:
                    raise
            time.sleep(_PAUSE_S)


def _may_pass(error: ApiError) -> bool:
    """Whether another try may succeed: the server was away, or does not know yet that the last one is over."""
    return error.code is grpc.StatusCode.UNAVAILABLE or error.reason in _PASSING
