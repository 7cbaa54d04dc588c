"""The service of sessions dies while clients create: what it acknowledged is there when it comes back."""

import os
import signal
import time
from pathlib import Path

import grpc
import pytest

from motus.v1 import session_service_pb2
from motus_client.client import Client
from motus_client.errors import ApiError
from tests.e2e.conftest import CLIPS, running_stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
ROUNDS, EACH = 3, 5
BACK_S = 60.0


def _created(client: Client) -> str:
    """Create a session, trying again while the service is away; returns its name."""
    source = session_service_pb2.Source(uri=(CLIPS / "squat.mp4").as_uri())
    until_s = time.monotonic() + BACK_S
    while True:
        try:
            return client.create_session(session_service_pb2.Session(source=source)).name
        except ApiError as error:
            if error.code is not grpc.StatusCode.UNAVAILABLE or time.monotonic() > until_s:
                raise


def test_whatever_sessions_acknowledged_is_there_after_kill_9(tmp_path: Path) -> None:
    """It is killed right behind an acknowledgement, three times: every session that a client was told of is listed."""
    acknowledged: list[str] = []
    with running_stack(tmp_path, CLIPS) as stack, Client(stack.address, stack.access, timeout_s=60) as client:
        for _ in range(ROUNDS):
            for _ in range(EACH):
                acknowledged.append(_created(client))
            os.kill(stack.pids["sessions"], signal.SIGKILL)
        acknowledged.append(_created(client))
        listed = {session.name for session in client.list_sessions()}

    assert len(acknowledged) == ROUNDS * EACH + 1
    assert set(acknowledged) <= listed
