"""MoveNet: its 17 points are 17 of the 33, it follows as its authors' example does, and its weights are checked.

The network is one that the test makes: a stick figure around the brightest spot of what it sees.
"""

import asyncio
import hashlib
import secrets
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from motus.bus.v1 import control_pb2, frame_pb2, landmarks_pb2
from motus_pose.app import engine_factory
from motus_pose.bundle import BundleError
from motus_pose.engines.movenet.crop import following, sampled, to_picture, whole
from motus_pose.engines.movenet_engine import PLACES, PRESENCE
from motus_pose.engines.port import EngineError, PoseEngine, RefusedError
from motus_pose.picture import Picture
from motus_pose.session import PoseSession
from motus_pose.settings import PoseSettings
from motus_pose.tflite import MODEL, packed, schema
from motus_pose.weights import weights
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.lease import Leases

SIDE = 32
"""Of what the network sees, pixels: of the test's pictures it sees every tenth, so nothing is nearer than five."""
NOSE, LEFT_HIP, LEFT_ELBOW = 0, 23, 13
# Of each of the 17 points from the spot, in sides of what the network sees: down and to the right.
FIGURE = np.array(
    [(0.0, 0.0), *[(0.0, s * 0.01) for s in (1, -1, 2, -2)]]
    + [(down, s * across) for down, across in ((0.1, 0.06), (0.2, 0.08), (0.3, 0.08)) for s in (1, -1)]
    + [(down, s * across) for down, across in ((0.3, 0.04), (0.5, 0.04), (0.7, 0.04)) for s in (1, -1)]
)


def _spot_network(outputs: int = 17) -> bytes:
    """Numerators over denominators, both linear in the picture: where the light is, on the average."""
    tree = schema("schema_py_generated")
    rows, columns = ((np.indices((SIDE, SIDE))[axis] + 0.5) / SIDE for axis in (0, 1))
    light = np.full((SIDE, SIDE), 1.0)
    above = [part for down, right in FIGURE for part in (rows + down, columns + right, light)]
    spread = [np.repeat(one.reshape(-1, 1), 3, axis=1).reshape(-1) for one in above]
    over = np.stack(spread).astype("<f4")[: 3 * outputs]
    under = np.ones_like(over)
    size = [1, 1, outputs, 3]
    arrays = [over, under, np.full(3 * outputs, 1.0, "<f4"), np.array(size, "<i4")]
    buffers = [tree.BufferT()] + [tree.BufferT(data=np.frombuffer(one.tobytes(), np.uint8)) for one in arrays]
    kinds, flat = tree.TensorType, [1, 3 * outputs]
    tensors = [
        ([1, SIDE, SIDE, 3], kinds.FLOAT32, 0), (over.shape, kinds.FLOAT32, 1), (under.shape, kinds.FLOAT32, 2),
        (flat[1:], kinds.FLOAT32, 3), (flat, kinds.FLOAT32, 0), (flat, kinds.FLOAT32, 0), (flat, kinds.FLOAT32, 0),
        ([4], kinds.INT32, 4), (size, kinds.FLOAT32, 0),
    ]  # fmt: skip
    picture, top, bottom, ones, upper, lower, ratio, shape, said = range(len(tensors))
    dense, divide = tree.FullyConnectedOptionsT(), tree.DivOptionsT()
    options = tree.BuiltinOptions
    steps = [
        (0, [picture, top, -1], [upper], options.FullyConnectedOptions, dense),
        (0, [picture, bottom, ones], [lower], options.FullyConnectedOptions, dense),
        (1, [upper, lower], [ratio], options.DivOptions, divide),
        (2, [ratio, shape], [said], options.ReshapeOptions, tree.ReshapeOptionsT(newShape=size)),
    ]
    graph = tree.SubGraphT(inputs=[picture], outputs=[said], name="spot")
    graph.tensors = [
        tree.TensorT(shape=list(shape_), type=kind, buffer=buffer, name=f"tensor{number}")
        for number, (shape_, kind, buffer) in enumerate(tensors)
    ]
    graph.operators = [
        tree.OperatorT(opcodeIndex=code, inputs=inputs, outputs=out, builtinOptionsType=kind, builtinOptions=option)
        for code, inputs, out, kind, option in steps
    ]
    codes = [tree.BuiltinOperator.FULLY_CONNECTED, tree.BuiltinOperator.DIV, tree.BuiltinOperator.RESHAPE]
    operators = [tree.OperatorCodeT(builtinCode=code, deprecatedBuiltinCode=code, version=1) for code in codes]
    return packed(tree.ModelT(version=3, subgraphs=[graph], operatorCodes=operators, buffers=buffers), MODEL)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """The network's file."""
    path = tmp_path / "spot.tflite"
    path.write_bytes(_spot_network())
    return path


@pytest.fixture
def engine(network: Path) -> PoseEngine:
    """An engine with that network."""
    return engine_factory(PoseSettings(engine="movenet", model=str(network)))()


def _spot(x: int, y: int) -> NDArray[np.uint8]:
    picture = np.zeros((240, 320, 3), np.uint8)
    picture[y - 20 : y + 21, x - 20 : x + 21] = 255
    return picture


def test_the_17_points_are_17_of_the_33(engine: PoseEngine) -> None:
    """Nose, eyes, ears and limbs are where they belong, the others absent, and nothing is said of the world."""
    (person,) = engine.detect(Picture.of(_spot(160, 60)), 0)

    assert person.presence_mask == PRESENCE
    assert bin(PRESENCE).count("1") == 17
    assert person.world is None
    assert person.image[NOSE, :2] * (320, 240) == pytest.approx((160, 60), abs=6)
    assert person.image[LEFT_HIP, 1] > person.image[LEFT_ELBOW, 1] > person.image[NOSE, 1]
    assert person.image[PLACES, 3].min() > 0.9
    assert not person.image[[1, 9, 31]].any()


def test_somebody_who_moves_is_followed(engine: PoseEngine) -> None:
    """From picture to picture the crop goes along, and what is said is where the spot is in the picture."""
    for number in range(20):
        x, y = 100 + 5 * number, 60 + 2 * number
        (person,) = engine.detect(Picture.of(_spot(x, y)), 33 * number)

        assert person.image[NOSE, :2] * (320, 240) == pytest.approx((x, y), abs=6)


def test_nobody_is_there_without_a_torso(engine: PoseEngine) -> None:
    """A dark picture has no shoulder and no hip; whoever comes later is found in the whole picture."""
    assert engine.detect(Picture.of(np.zeros((240, 320, 3), np.uint8)), 0) == ()
    assert len(engine.detect(Picture.of(_spot(250, 40)), 33)) == 1


def test_it_follows_one_person_and_says_so(engine: PoseEngine) -> None:
    """Several participants are refused with a reason."""
    engine.follow(1)
    with pytest.raises(RefusedError, match="one person"):
        engine.follow(2)


@given(st.integers(16, 2000), st.integers(16, 2000), st.integers(0, 2**32 - 1))
def test_the_crop_is_a_square_that_sees_the_body(width: int, height: int, seed: int) -> None:
    """It never is larger than the whole picture's, and while it is smaller it holds every sure point."""
    random = np.random.default_rng(seed)
    points = np.stack([*random.uniform(0, 1, (2, 17)) * [[width], [height]], random.uniform(0, 1, 17)], axis=1)

    crop = following(points, width, height)

    assert crop.side <= max(width, height) + 1e-6
    if crop != whole(width, height):
        sure = points[points[:, 2] >= 0.2, :2] - (crop.x, crop.y)
        at_edge = crop.side >= 2 * max(points[[11, 12], 0].mean(), width - points[[11, 12], 0].mean()) - 1e-6
        assert at_edge or ((sure >= -1e-6) & (sure <= crop.side + 1e-6)).all() or crop.side >= min(width, height)


def test_a_point_of_the_crop_comes_back_to_its_place() -> None:
    """What lies at the network's pixel is told where that pixel was taken from, half a pixel at most away."""
    crop = whole(320, 240)
    x, y = sampled(crop, SIDE)

    told = to_picture(np.array([[(5 + 0.5) / SIDE, (9 + 0.5) / SIDE, 1.0]]), crop)

    assert told[0, :2] == pytest.approx((x[5, 9] + 0.5, y[5, 9] + 0.5), abs=1e-3)


@pytest.mark.parametrize("content", [b"no network", b"", _spot_network(outputs=16)], ids=["text", "empty", "16 points"])
def test_what_is_no_movenet_is_refused(tmp_path: Path, content: bytes) -> None:
    """The service is not ready, and says why."""
    path = tmp_path / "other.tflite"
    path.write_bytes(content)

    with pytest.raises(EngineError, match=r"other\.tflite|16, 3"):
        engine_factory(PoseSettings(engine="movenet", model=str(path)))


def test_without_weights_it_says_what_to_set() -> None:
    """Nothing is downloaded by default."""
    with pytest.raises(EngineError, match="MOTUS_POSE_MODEL"):
        engine_factory(PoseSettings(engine="movenet"))


def test_weights_are_checked(network: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By their checksum when one is given; an address needs one and https; what was fetched once is checked again."""
    sha256 = hashlib.sha256(network.read_bytes()).hexdigest()
    monkeypatch.setenv("MOTUS_MODEL_DIR", str(tmp_path / "models"))
    kept = tmp_path / "models" / f"{sha256[:16]}-spot.tflite"
    kept.parent.mkdir()
    kept.write_bytes(network.read_bytes())

    assert weights(str(network), sha256) == weights(str(network), "") == network
    assert weights("https://example.org/spot.tflite", sha256) == kept
    kept.write_bytes(b"changed")
    for named, checksum in [
        (str(network), "0" * 64),
        (str(tmp_path / "none"), ""),
        ("http://example.org/spot.tflite", sha256),
        ("https://example.org/spot.tflite", ""),
        ("https://example.org/spot.tflite", sha256),
    ]:
        with pytest.raises(BundleError):
            weights(named, checksum)


async def test_it_works_from_frame_to_landmarks(bus: Bus, network: Path) -> None:
    """What is stored says which engine, that points are raw, which are there, and nothing of the world."""
    session, leases = f"pose-{secrets.token_hex(6)}", Leases(bus, "pose", 1)
    await leases.beat()
    epoch = await leases.claim(session)
    assert epoch is not None
    make = engine_factory(PoseSettings(engine="movenet", model=str(network)))
    task = asyncio.create_task(PoseSession(bus, leases, session, ("p1",), epoch, make, asyncio.Semaphore(1)).run())
    ref = frame_pb2.FrameRef(session=session, ingest_epoch=1, t_s=0.0)
    frame = frame_pb2.Frame(ref=ref, width=320, height=240, delivery=frame_pb2.DELIVERY_EVERY)
    frame.patches.add(jpeg=simplejpeg.encode_jpeg(_spot(160, 60)))
    await bus.store(topics.spec_key(session), control_pb2.SessionSpec(session=session))
    while (last := await bus.last(topics.LANDMARKS_STREAM, topics.landmarks(session))) is None:
        await bus.publish(topics.frames(session), frame)
        await bus.client.flush()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await leases.close()

    said = decode(landmarks_pb2.Landmarks, last.data or b"")
    (person,) = said.persons
    assert (said.engine.name, said.engine.model, said.engine.device) == ("movenet", "spot", "cpu")
    assert said.engine.smoothing == landmarks_pb2.SMOOTHING_RAW
    assert (person.participant, person.landmarks.presence_mask, person.landmarks.world_f32) == ("p1", PRESENCE, b"")
