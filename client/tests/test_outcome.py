"""What came of a session as plain values."""

import json
from typing import Any

from motus.v1 import event_pb2, movement_pb2
from motus_client.names import value_name
from motus_client.outcome import Outcome, newest_events, outcome_json, phases_of, rep_json


def test_the_object_has_every_promised_key(outcome: Outcome) -> None:
    """Programs rely on these keys, and on the object being JSON."""
    result = json.loads(json.dumps(outcome_json(outcome, "/tmp/report.html"), allow_nan=False))

    promised = {"session", "state", "reason", "exercise", "reps", "phases", "cues", "frames", "latency_ms", "report"}
    assert promised <= result.keys()
    assert {"participant", "start_s", "end_s", "turn_s", "measures"} <= result["reps"][0].keys()
    assert (result["session"], result["state"], result["exercise"]) == ("test-1", "ENDED", "squat")


def test_an_absent_measure_is_null_and_says_why(made: Any) -> None:
    """Null and reason stand beside each other under the measure's name."""
    rep = rep_json(made.rep(1))

    assert rep["measures"]["range_asymmetry_percent"] is None
    assert rep["absent"] == {"range_asymmetry_percent": "VIEW"}
    assert rep["measures"]["range_of_motion_deg"] == 89.0
    assert rep["grades"]["range_of_motion_deg"] == "MEDIUM"


def test_frames_are_counted_over_the_stages(outcome: Outcome) -> None:
    """Read by ingest, seen by pose, and every loss counted once."""
    frames = outcome_json(outcome, None)["frames"]

    assert frames == {"in": 240, "with_pose": 238, "dropped": 3}


def test_latencies_come_in_the_order_of_the_pipeline(outcome: Outcome) -> None:
    """Pose is before kinematics, and ingest, which measures none, is not there."""
    assert list(outcome.latency_ms) == ["pose", "kinematics"]
    assert outcome.latency_ms["pose"] == {"p50": 31.5, "p95": 44.25, "p99": 60.0, "max": 81.0}


def test_only_the_newest_revision_of_an_event_counts() -> None:
    """An older revision that comes later does not bring an older value back."""
    events = [
        event_pb2.Event(name=name, revision=revision) for name, revision in (("a", 1), ("b", 1), ("a", 3), ("a", 2))
    ]

    assert [(event.name, event.revision) for event in newest_events(events)] == [("a", 3), ("b", 1)]


def test_a_value_that_this_release_does_not_know_is_its_number() -> None:
    """A newer server does not break an older client."""
    assert value_name(movement_pb2.PhaseKind, movement_pb2.PHASE_KIND_TURN_HOLD) == "TURN_HOLD"
    assert value_name(movement_pb2.PhaseKind, 99) == "99"


def test_a_finished_reps_phases_replace_those_told_while_it_went_on(made: Any) -> None:
    """What was told late within a rep gives way; what happened outside any rep, or to somebody else, stays."""
    kind = movement_pb2.PHASE_KIND_ECCENTRIC
    rep = made.rep(1, phases=[movement_pb2.Phase(kind=kind, start_s=1.0, end_s=2.0)])
    told = [
        event_pb2.Event(participant=who, phase=movement_pb2.Phase(kind=kind, start_s=start_s, end_s=start_s + 0.5))
        for who, start_s in ((made.participant, 1.7), (made.participant, 8.0), ("sessions/test-1/participants/p2", 1.7))
    ]

    phases = [(item.participant, item.phase.start_s) for item in phases_of([rep], told)]

    assert phases == [("p1", 1.0), ("p2", 1.7), ("p1", 8.0)]
