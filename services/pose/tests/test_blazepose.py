"""The native graph: it says what MediaPipe says, follows several people apart, and cuts squares to the pixel."""

from collections.abc import Callable
from pathlib import Path

import mediapipe
import numpy as np
import openvino
import pytest
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray

from motus_pose.app import engine_factory
from motus_pose.engines.blazepose import detector
from motus_pose.engines.blazepose.filters import one_euro
from motus_pose.engines.blazepose.roi import Roi, overlap, roi_of, to_picture
from motus_pose.engines.blazepose.warp import cut
from motus_pose.engines.compiled import OPTIONS
from motus_pose.engines.port import EngineError, PersonPose, PoseEngine
from motus_pose.picture import Picture
from motus_pose.settings import PoseSettings

Rgb = NDArray[np.uint8]
TORSO = ((11, 12), (23, 24))


@pytest.fixture
def make(model: Path) -> Callable[[int], PoseEngine]:
    """Makes engines that follow so many people."""
    return lambda people: engine_factory(PoseSettings(engine="blazepose", people=people))()


def _pixels(pose: PersonPose, rgb: Rgb) -> NDArray[np.float32]:
    return pose.image[:, :2] * np.float32(rgb.shape[1::-1])


def test_first_look_says_what_mediapipe_says(
    make: Callable[[int], PoseEngine], model: Path, pictures: list[Rgb]
) -> None:
    """One shot on each picture: points lie within 2e-4 of the torso's length of MediaPipe's IMAGE mode, by median."""
    options = vision.PoseLandmarkerOptions(base_options=BaseOptions(model_asset_path=str(model)))
    gaps = []
    with vision.PoseLandmarker.create_from_options(options) as reference:
        for rgb in pictures[::3]:
            said = reference.detect(mediapipe.Image(mediapipe.ImageFormat.SRGB, rgb)).pose_landmarks[0]
            points = np.array([(p.x, p.y) for p in said]) * rgb.shape[1::-1]
            torso = np.linalg.norm(np.subtract(*(points[list(pair)].mean(axis=0) for pair in TORSO)))
            (mine,) = make(1).detect(Picture.of(rgb), 0)
            gaps.append(np.linalg.norm(_pixels(mine, rgb) - points, axis=1) / torso)

    assert np.median(gaps) <= 2e-4
    assert np.quantile(gaps, 0.99) <= 1e-3


def test_two_people_are_followed_apart(make: Callable[[int], PoseEngine], pictures: list[Rgb]) -> None:
    """Two athletes side by side: each has a number of their own in every frame, and stays in place."""
    engine = make(2)

    seen = [engine.detect(Picture.of(np.hstack([rgb, rgb])), index * 33) for index, rgb in enumerate(pictures)]

    assert [len(people) for people in seen] == [2] * len(pictures)
    sides = [{person.followed: person.image[:, 0].mean() > 0.5 for person in people} for people in seen]
    assert all(side == sides[0] for side in sides)
    assert set(sides[0].values()) == {False, True}


def test_a_newcomer_gets_a_new_number(make: Callable[[int], PoseEngine], pictures: list[Rgb]) -> None:
    """Who steps into view later is found within a few seconds, and who was there keeps their number."""
    engine, empty = make(2), np.zeros_like(pictures[0])
    (first,) = engine.detect(Picture.of(np.hstack([pictures[0], empty])), 0)

    people = [
        engine.detect(Picture.of(np.hstack([rgb, rgb])), 300 * index) for index, rgb in enumerate(pictures, start=1)
    ][-1]

    assert [person.followed for person in people] == [first.followed, first.followed + 1]


def test_nobody_is_followed_twice(make: Callable[[int], PoseEngine], pictures: list[Rgb]) -> None:
    """One athlete in view stays one, however long others are looked for."""
    engine = make(4)

    seen = [engine.detect(Picture.of(rgb), index * 300) for index, rgb in enumerate(pictures)]

    assert [len(people) for people in seen] == [1] * len(pictures)


def test_an_upright_square_is_cut_to_the_pixel() -> None:
    """A square on whole pixels gives just those pixels."""
    rgb = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)

    piece = cut(Picture.of(rgb), Roi(40.0, 30.0, 32.0, 0.0), 32, replicate=False)

    np.testing.assert_array_equal(piece, rgb[14:46, 24:56])


@pytest.mark.parametrize(("replicate", "beyond"), [(True, 200), (False, 0)])
def test_beyond_the_edge_is_what_was_asked_for(replicate: bool, beyond: int) -> None:
    """Outside of the picture its edge goes on, or it is black."""
    piece = cut(Picture.of(np.full((20, 20, 3), 200, np.uint8)), Roi(0.0, 10.0, 20.0, 0.0), 20, replicate=replicate)

    assert piece[10, 0, 0] == beyond
    assert piece[10, 15, 0] == 200


def test_a_turned_square_turns_points_back() -> None:
    """The middle of a square's upper edge is the point that it was made from, however the person leans."""
    hips, rim = np.array([100.0, 80.0]), np.array([130.0, 60.0])
    roi = roi_of(hips, rim)

    (points,) = to_picture(np.array([[[0.5, 0.5], [0.5, 0.1]]]), [roi])

    np.testing.assert_allclose(points, [hips, rim], atol=1e-9)


def test_boxes_of_one_person_are_one() -> None:
    """Boxes that overlap become their mean by score; one that lies apart stays another person."""
    boxes, scores = (
        np.zeros((len(detector.anchors()), 12), np.float32),
        np.full(len(detector.anchors()), -9.0, np.float32),
    )
    for index, score in ((0, 3.0), (1, 2.0), (1200, 1.0)):
        boxes[index, 2:4], boxes[index, 6:8], scores[index] = 50.0, (0.0, -50.0), score

    found = detector.detections(boxes, scores, detector.whole_picture(224, 224))

    assert len(found) == 2
    assert found[0].score > found[1].score
    assert found[0].roi.size == pytest.approx(125.0)


def test_squares_overlap_as_they_lie() -> None:
    """A square overlaps itself wholly, a neighbour not at all."""
    assert overlap(Roi(0, 0, 2, 0), Roi(0, 0, 2, 1)) == pytest.approx(1.0)
    assert overlap(Roi(0, 0, 2, 0), Roi(3, 0, 2, 0)) == 0.0


def test_a_filter_follows_what_is_fast_and_stills_what_rests() -> None:
    """Jitter at rest shrinks, a fast way is followed closely, and time that stands still changes nothing."""
    random = np.random.default_rng(2)
    still = moved = one_euro(None, np.zeros((1, 3)), 0.0, (0.05, 80.0), 1.0)
    rest, lag = [], []
    for step in range(1, 200):
        still = one_euro(still, random.normal(0.0, 1e-4, (1, 3)), step / 30, (0.05, 80.0), 1.0)
        moved = one_euro(moved, np.full((1, 3), step / 30.0), step / 30, (0.05, 80.0), 1.0)
        rest.append(still.smooth[0, 0])
        lag.append(step / 30.0 - moved.smooth[0, 0])

    assert np.std(rest[100:]) < 0.3e-4
    assert lag[-1] < 0.01
    assert one_euro(moved, np.zeros((1, 3)), moved.t_s, (0.05, 80.0), 1.0) is moved


def test_bfloat16_moves_points_by_little_or_is_refused(model: Path, pictures: list[Rgb]) -> None:
    """With heads in full precision a point moves by a hundredth of the torso; a processor without it is named."""
    reference = engine_factory(PoseSettings(engine="blazepose", people=1))()
    settings = PoseSettings(engine="blazepose", people=1, precision="bf16")
    if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        with pytest.raises(EngineError, match="bf16"):
            engine_factory(settings)
        return
    engine = engine_factory(settings)()

    (exact,), (near,) = (one.detect(Picture.of(pictures[0]), 0) for one in (reference, engine))

    assert engine.info.model.endswith("-bf16")
    a, b = _pixels(exact, pictures[0]), _pixels(near, pictures[0])
    torso = np.linalg.norm(a[list(TORSO[0])].mean(axis=0) - a[list(TORSO[1])].mean(axis=0))
    assert np.linalg.norm(a - b, axis=1).mean() / torso < 0.03
    assert exact.world is not None
    assert near.world is not None
    assert np.linalg.norm(exact.world - near.world, axis=1).mean() < 0.03


def test_networks_of_several_threads_use_several_cores(model: Path) -> None:
    """Nothing is pinned to a core: all streams of a machine would share that one."""
    options = openvino.Core().compile_model(_tiny(), "CPU", dict(OPTIONS))

    assert options.get_property("ENABLE_CPU_PINNING") is False


def _tiny() -> openvino.Model:
    entry = openvino.opset15.parameter([1, 4], np.float32)
    return openvino.Model([openvino.opset15.relu(entry)], [entry])
