"""What sync and async connections have in common: retries, deadlines, when a watch is begun again."""

import json
import time

import grpc

from motus_client.access import Access

NO_ACCESS = Access()
STREAM_S = 3600.0
"""A watch is renewed after this time: every call needs a deadline, and a session may last longer than any."""
PAUSE_S = 0.25
PAGE = 500
VIDEO_PART_BYTES = 256 * 1024
_AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
_RETRIES = {
    "methodConfig": [
        # Twice created would be two athletes.
        {"name": [{"service": "motus.v1.AthleteService", "method": "CreateAthlete"}]},
        {
            "name": [{"service": "motus.v1.SessionService"}, {"service": "motus.v1.AthleteService"}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "2s",
                "backoffMultiplier": 3,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        },
    ]
}
OPTIONS = (
    ("grpc.service_config", json.dumps(_RETRIES)),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
)


class Patience:
    """Whether a stream that broke is begun again.

    Args:
        seconds: how long the service may be away.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds, self._heard_at = seconds, time.monotonic()

    def heard(self) -> None:
        """The service has said something."""
        self._heard_at = time.monotonic()

    def bears(self, error: grpc.RpcError) -> bool:
        """Whether it is worth another try."""
        return error.code() in _AGAIN and time.monotonic() - self._heard_at <= self._seconds
