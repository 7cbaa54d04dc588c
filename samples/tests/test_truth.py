"""The truth's reps, phases and faults against the angle curves."""

import json
from itertools import pairwise

import numpy as np
import pytest

from motus_samples.clip import stage
from motus_samples.spec import EXERCISES, ClipSpec, Faults, SpecError
from motus_samples.truth import Truth

PRIMARY = {
    "squat": "knee_flexion_left_deg",
    "hinge": "trunk_lean_deg",
    "deadlift": "trunk_lean_deg",
    "press": "elbow_flexion_left_deg",
    "curl": "elbow_flexion_left_deg",
    "pushup": "elbow_flexion_left_deg",
}


def truth(exercise: str, seed: int = 3, **options: object) -> Truth:
    """Return the truth of a clip without rendering it."""
    return stage(ClipSpec(exercise, seed=seed, **options)).truth


def peaks(of: Truth, channel: str) -> list[float]:
    """Return the channel's extreme at each rep's turn, against its value at the clip's start."""
    angles = of.channels[channel]
    return [float(abs(angles[round(rep.turn_s * of.fps)] - angles[0])) for rep in of.reps]


@pytest.mark.parametrize("exercise", PRIMARY)
@pytest.mark.parametrize("seed", range(5))
def test_reps_are_where_the_angle_says(exercise: str, seed: int) -> None:
    """Before a rep's start and after its end the primary angle is near rest; at its turn it is extreme."""
    spoken = truth(exercise, seed)
    away = np.abs(spoken.channels[PRIMARY[exercise]] - spoken.channels[PRIMARY[exercise]][0])

    assert len(spoken.reps) == 4
    for rep in spoken.reps:
        start, turn, end = (round(time * spoken.fps) for time in (rep.start_s, rep.turn_s, rep.end_s))
        full = away[start : end + 1].max()
        assert full > 40
        assert away[turn] > 0.97 * full
        assert max(away[start], away[end]) < 0.06 * full + 1.5
    resting = np.ones(spoken.frames, dtype=bool)
    for rep in spoken.reps:
        resting[int(rep.start_s * spoken.fps) : int(rep.end_s * spoken.fps) + 2] = False
    assert away[resting].max() < 0.03 * away.max() + 1.5


@pytest.mark.parametrize("exercise", EXERCISES)
def test_phases_cover_the_clip_without_gaps(exercise: str) -> None:
    """Phases follow each other from the first frame to the clip's end, each longer than nothing."""
    spoken = truth(exercise)

    assert spoken.phases[0].start_s == 0
    assert spoken.phases[-1].end_s == pytest.approx(spoken.frames / spoken.fps)
    assert all(phase.end_s > phase.start_s for phase in spoken.phases)
    assert all(one.end_s == next_one.start_s for one, next_one in pairwise(spoken.phases))


def test_lifting_comes_first_in_a_curl_and_last_in_a_squat() -> None:
    """A curl's reps begin with the concentric phase, a squat's with the eccentric one."""
    assert truth("curl").phases[1].kind == "concentric"
    assert truth("squat").phases[1].kind == "eccentric"


def test_same_spec_gives_the_same_truth() -> None:
    """A spec decides its truth; another seed gives another."""
    spec = ClipSpec("squat", seed=42)

    assert stage(spec).truth.as_document() == stage(spec).truth.as_document()
    assert stage(spec).truth.as_document() != stage(ClipSpec("squat", seed=43)).truth.as_document()


def test_alternating_lunges_name_their_legs() -> None:
    """Alternating lunges change the leg in front, lunges of one leg keep it, and its knee is bent at the turn."""
    alternating, right = truth("lunge"), truth("lunge", lunge_legs="right")

    sides = [rep.side for rep in alternating.reps]
    assert all(one != other for one, other in pairwise(sides))
    assert {rep.side for rep in right.reps} == {"right"}
    for rep in alternating.reps:
        assert alternating.channels[f"knee_flexion_{rep.side}_deg"][round(rep.turn_s * 30)] > 80


def test_a_shallow_squat_is_shallow_in_the_named_reps_only() -> None:
    """A planted lack of depth shortens the range by its share in its reps and leaves the others as they are."""
    clean = peaks(truth("squat"), "knee_flexion_left_deg")
    faulty = truth("squat", faults=Faults(shallow=0.4, reps=(2, 3)))
    shallow = peaks(faulty, "knee_flexion_left_deg")

    assert shallow[:2] == pytest.approx(clean[:2], abs=0.5)
    assert np.array(shallow[2:]) == pytest.approx(0.6 * np.array(clean[2:]), rel=0.02)
    assert faulty.faults == ({"kind": "shallow", "amount": 0.4, "reps": [2, 3]},)


@pytest.mark.parametrize("exercise", ["squat", "curl"])
def test_a_fast_eccentric_takes_the_time_it_says(exercise: str) -> None:
    """A planted fast eccentric shortens the lowering half to its seconds, whichever half comes first."""
    hurried = truth(exercise, faults=Faults(fast_eccentric_s=0.45))

    lowering = [phase.end_s - phase.start_s for phase in hurried.phases if phase.kind == "eccentric"]
    assert len(lowering) == 4
    assert all(0.3 < seconds < 0.62 for seconds in lowering)
    assert all(phase.end_s - phase.start_s > 0.8 for phase in truth(exercise).phases if phase.kind == "eccentric")


def test_an_excessive_lean_adds_its_degrees() -> None:
    """A planted lean adds its degrees to the trunk at the turn and leaves the knee alone."""
    clean, leaning = truth("squat"), truth("squat", faults=Faults(lean_deg=20))

    added = np.array(peaks(leaning, "trunk_lean_deg")) - np.array(peaks(clean, "trunk_lean_deg"))
    assert added == pytest.approx(np.full(4, 20), abs=1.5)
    assert peaks(leaning, "knee_flexion_left_deg") == pytest.approx(peaks(clean, "knee_flexion_left_deg"), abs=0.2)


@pytest.mark.parametrize(("exercise", "joint"), [("squat", "knee"), ("press", "elbow"), ("curl", "elbow")])
def test_an_asymmetry_shortens_the_weak_side(exercise: str, joint: str) -> None:
    """A planted asymmetry takes its share off the weak side's range and a few degrees at most off the other's."""
    clean = truth(exercise)
    uneven = truth(exercise, faults=Faults(asymmetry=0.12, weak_side="left"))

    weak, strong = f"{joint}_flexion_left_deg", f"{joint}_flexion_right_deg"
    assert np.array(peaks(uneven, weak)) == pytest.approx(0.88 * np.array(peaks(clean, weak)), rel=0.05)
    assert peaks(uneven, strong) == pytest.approx(peaks(clean, strong), abs=4)


def test_an_asymmetric_lunge_is_shallow_on_the_weak_leg() -> None:
    """In alternating lunges a planted asymmetry makes the weak leg's reps shallower."""
    uneven = truth("lunge", faults=Faults(asymmetry=0.3, weak_side="left"))

    bent = {"left": [], "right": []}
    for rep in uneven.reps:
        bent[rep.side].append(uneven.channels[f"knee_flexion_{rep.side}_deg"][round(rep.turn_s * 30)])
    assert max(bent["left"]) < min(bent["right"]) - 15


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"exercise": "swim"}, "unknown exercise"),
        ({"exercise": "squat", "reps": -1}, "reps is -1"),
        ({"exercise": "squat", "azimuth_deg": 120.0}, "azimuth_deg is 120"),
        ({"exercise": "squat", "width": 641}, "even"),
        ({"exercise": "pushup", "faults": Faults(lean_deg=10)}, "cannot be planted"),
        ({"exercise": "lunge", "lunge_legs": "left", "faults": Faults(asymmetry=0.2)}, "alternating"),
    ],
)
def test_an_impossible_spec_is_refused_with_its_reason(options: dict, says: str) -> None:
    """What cannot be made is refused before anything is rendered."""
    with pytest.raises(SpecError, match=says):
        ClipSpec(**options)


def test_the_written_truth_reads_back(tmp_path) -> None:
    """The file beside a clip is JSON and holds exactly the document."""
    spoken = truth("lunge")

    spoken.write(tmp_path / "lunge.json")

    assert json.loads((tmp_path / "lunge.json").read_text()) == json.loads(json.dumps(spoken.as_document()))


def test_a_clip_without_reps_is_all_rest() -> None:
    """No reps asked for: a clip of someone who stands."""
    idle = truth("squat", reps=0)

    assert idle.reps == ()
    assert [phase.kind for phase in idle.phases] == ["rest"]
    assert idle.frames == 60
