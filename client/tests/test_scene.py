"""What a watcher knows, built up from the stream."""

from typing import Any

from motus.v1 import event_pb2, measure_pb2, movement_pb2, sample_pb2, session_service_pb2
from motus_client.cli.scene import Scene


def heard(**detail: object) -> session_service_pb2.WatchSessionResponse:
    """A response with one event."""
    event = event_pb2.Event(t_s=3.0, **detail)  # type: ignore[arg-type]
    return session_service_pb2.WatchSessionResponse(event=event)


def test_a_rep_is_told_once(made: Any) -> None:
    """Its confirmation replaces it and is no second rep; a repeated event changes nothing."""
    scene = Scene()

    first = scene.apply(heard(rep=made.rep(1)))
    again = scene.apply(heard(rep=made.rep(1)))
    confirmed = scene.apply(heard(rep=made.rep(1, revision=2)))

    assert [news.text for news in first] == [" 1  2.0 s  range 89°"]
    assert (again, confirmed, len(scene.reps)) == ([], [], 1)


def test_a_withdrawn_rep_is_taken_back(made: Any) -> None:
    """It no longer counts, and the reason is told."""
    scene = Scene()
    scene.apply(heard(rep=made.rep(1)))

    state = movement_pb2.REP_STATE_WITHDRAWN
    news = scene.apply(heard(rep=made.rep(1, revision=2, state=state, reason="not deep enough")))

    assert scene.reps == {}
    assert [item.text for item in news] == ["1 withdrawn: not deep enough"]


def test_an_attempt_is_told_and_not_counted(made: Any) -> None:
    """What never counted is news with its reason; the count stays."""
    scene = Scene()
    scene.apply(heard(rep=made.rep(1)))
    attempt = made.rep(0, state=movement_pb2.REP_STATE_PARTIAL, reason="The set ended.")

    news = scene.apply(heard(rep=attempt))

    assert [item.text for item in news] == ["not counted: The set ended."]
    assert len(scene.reps) == 1


def test_a_reworded_cue_replaces_the_first_words(made: Any) -> None:
    """There is one cue, in its newest words."""
    scene = Scene()
    scene.apply(heard(cue=made.cue(1, "Deeper.")))

    news = scene.apply(heard(cue=made.cue(1, "Sit a little lower.", revision=2)))

    assert [cue.text for cue in scene.cues.values()] == ["Sit a little lower."]
    assert [item.text for item in news] == ["Sit a little lower. (reworded)"]


def test_angles_are_shown_by_joint(made: Any) -> None:
    """Left before right, and a dash where there is none."""
    scene = Scene()
    sample = sample_pb2.Sample(
        participant=made.participant,
        channels=["knee_flexion_left_deg", "knee_flexion_right_deg", "trunk_lean_deg"],
        values=[84.4, 0.0, 12.0],
        absences=[0, measure_pb2.ABSENCE_REASON_OCCLUDED, 0],
        phase=movement_pb2.PHASE_KIND_ECCENTRIC,
    )

    scene.apply(session_service_pb2.WatchSessionResponse(sample=sample))

    assert scene.angles == {"knee": "84° / -", "trunk": "12°"}
    assert scene.phase == "eccentric"
