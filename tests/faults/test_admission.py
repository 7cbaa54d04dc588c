"""More sessions than the workers have room for: they wait their turn, and all of them come out whole."""

from pathlib import Path

import grpc
import pytest

from motus.v1 import event_pb2, session_service_pb2
from motus_client.client import Client
from motus_client.errors import ApiError
from tests.e2e.conftest import CLIPS, running_stack, truth

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_sessions_beyond_the_capacity_wait_and_none_is_starved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pose has room for one: the second session waits and counts as truly as the first, a hasty third is refused."""
    monkeypatch.setenv("MOTUS_POSE_CAPACITY", "1")
    source = session_service_pb2.Source(uri=(CLIPS / "squat.mp4").as_uri(), pacing=session_service_pb2.PACING_REALTIME)
    wish = session_service_pb2.Session(source=source, exercise="squat")
    with running_stack(tmp_path, CLIPS) as stack, Client(stack.address, stack.access, timeout_s=60) as client:
        created = [client.create_session(wish) for _ in range(2)]
        with pytest.raises(ApiError) as refused:
            client.create_session(wish, no_wait=True)
        for session in created:
            for _ in client.watch_session(session.name, patience_s=60):
                pass
        ended = [client.get_session(session.name) for session in created]

    assert created[1].queue_position == 1
    assert (refused.value.code, refused.value.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "NO_FREE_CAPACITY")
    assert [session.state for session in ended] == [event_pb2.SESSION_STATE_ENDED] * 2
    assert [session.rep_count for session in ended] == [len(truth("squat")["reps"])] * 2
    # A clip in real time lies between their ends.
    assert ended[1].end_time.seconds - ended[0].end_time.seconds >= int(
        truth("squat")["frames"] / truth("squat")["fps"]
    )
