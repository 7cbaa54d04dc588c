"""A camera of a gym, watched by the whole stack as a user runs it: RTSP in, counted repetitions out."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from motus.v1.event_pb2 import SESSION_STATE_RUNNING
from motus.v1.movement_pb2 import REP_STATE_CONFIRMED
from motus_client.access import Access
from motus_client.client import Client
from servers.media import Rtsp
from servers.publishing import Clip, ClipPublisher
from tests.e2e.conftest import CLIPS, MOTUS, truth

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_camera_is_watched_until_the_user_ends_it(
    stack: dict[str, Any], environment: dict[str, str], home: Path, start_rtsp: Callable[..., Rtsp]
) -> None:
    """The clip's repetitions are counted as they are done, and Ctrl-C gives the summary of a session that ended."""
    server, expected = start_rtsp(), len(truth("squat")["reps"])
    clip = Clip(CLIPS / "squat.mp4")
    url = server.url("gym")
    command = [MOTUS, "watch", url, "--exercise", "squat", "--json"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with (
        ClipPublisher(clip, url),
        Client(stack["address"], Access(token_file=home / "token")) as client,
    ):
        counted = set[str]()
        for response in client.watch_session(_session(client, url)):
            if response.event.state.current == SESSION_STATE_RUNNING:
                clip.rolling.set()
            if response.event.rep.state == REP_STATE_CONFIRMED:
                counted.add(response.event.rep.name)
            if len(counted) == expected:
                process.send_signal(signal.SIGINT)
        answer, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    result = json.loads(answer)
    assert result["state"] == "ENDED"
    assert len(result["reps"]) == expected


def _session(client: Client, url: str) -> str:
    """Wait until there is a session on a source."""
    while True:
        for session in client.list_sessions():
            if session.source.uri == url:
                return session.name
