"""The engine `movenet`: its square follows a person as the authors' does, and the network's answer comes back whole.

The network is made here, with MoveNet's interface: it takes the middles of what is red, green and blue for shoulders,
hips and ankles, so that its answer depends on the picture.
"""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray

from conftest import Serve
from motus.bus.v1 import control_pb2, frame_pb2, landmarks_pb2, samples_pb2
from motus_pose.app import PoseApp, engine_factory
from motus_pose.convert import state_from
from motus_pose.engines.movenet_engine import LANDMARKS, PRESENCE_MASK
from motus_pose.engines.port import EngineError, PoseEngine
from motus_pose.picture import Picture
from motus_pose.places import region
from motus_pose.settings import PoseSettings
from motus_pose.tflite import MODEL, packed, schema
from motus_runtime import topics
from motus_runtime.bus import Bus, decode

Rgb = NDArray[np.uint8]

SIDE, CELLS = 48, 48 * 48 * 3
SHOULDER, HIP, ANKLE = np.eye(3)
LIMBS = (SHOULDER, 0.5 * SHOULDER + 0.5 * HIP, HIP, HIP, 0.5 * HIP + 0.5 * ANKLE, ANKLE)
BODY = np.array([1.3 * SHOULDER - 0.3 * HIP] * 5 + [limb for limb in LIMBS for _ in range(2)])
"""(17, 3): how much of the middles of red, green and blue is in each keypoint; the head is beyond the shoulders."""

OPTIONS = {
    "ADD": "AddOptions",
    "CAST": "CastOptions",
    "DIV": "DivOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "RESHAPE": "ReshapeOptions",
}


class _Maker:
    """Makes TFLite files of fully connected layers and arithmetic."""

    def __init__(self, kind: str) -> None:
        self.schema = schema("schema_py_generated")
        self.kinds, self.operators = self.schema.TensorType, self.schema.BuiltinOperator
        self.tree = self.schema.ModelT(version=3, operatorCodes=[], buffers=[self.schema.BufferT()])
        self.graph = self.schema.SubGraphT(tensors=[], operators=[], inputs=[0])
        self.tensor((1, SIDE, SIDE, 3), kind=kind)

    def tensor(self, shape: tuple[int, ...], data: Any = None, kind: str = "FLOAT32") -> int:
        """A tensor, constant when it has data; its number."""
        if data is not None:
            values = np.asarray(data, np.float32 if kind == "FLOAT32" else np.int32)
            self.tree.buffers.append(self.schema.BufferT(data=np.frombuffer(values.tobytes(), np.uint8)))
        buffer = 0 if data is None else len(self.tree.buffers) - 1
        number = len(self.graph.tensors)
        tensor = self.schema.TensorT(
            shape=list(shape), type=getattr(self.kinds, kind), buffer=buffer, name=f"t{number}"
        )
        self.graph.tensors.append(tensor)
        return number

    def step(self, name: str, shape: tuple[int, ...], *inputs: int) -> int:
        """An operator's result."""
        code = getattr(self.operators, name)
        self.tree.operatorCodes.append(self.schema.OperatorCodeT(builtinCode=code, deprecatedBuiltinCode=code))
        options = OPTIONS[name]
        result = self.tensor(shape)
        operator = self.schema.OperatorT(
            opcodeIndex=len(self.tree.operatorCodes) - 1,
            inputs=list(inputs),
            outputs=[result],
            builtinOptionsType=getattr(self.schema.BuiltinOptions, options),
            builtinOptions=getattr(self.schema, f"{options}T")(),
        )
        self.graph.operators.append(operator)
        return result

    def reshape(self, tensor: int, *shape: int) -> int:
        """The same values in another shape."""
        return self.step("RESHAPE", shape, tensor, self.tensor((len(shape),), shape, "INT32"))

    def layer(self, tensor: int, weights: NDArray[Any]) -> int:
        """The product with weights (outputs, inputs)."""
        return self.step("FULLY_CONNECTED", (1, len(weights)), tensor, self.tensor(weights.shape, weights))

    def finish(self, *outputs: int) -> bytes:
        """The file."""
        self.graph.outputs, self.tree.subgraphs = list(outputs), [self.graph]
        return packed(self.tree, MODEL)


def _network(kind: str = "INT32", points: int = 17) -> bytes:
    """The network of this file's head, whose input is of such a kind."""
    maker = _Maker(kind)
    values = maker.reshape(0 if kind == "FLOAT32" else maker.step("CAST", (1, SIDE, SIDE, 3), 0), 1, CELLS)
    y, x, colour = (part.ravel() for part in np.indices((SIDE, SIDE, 3)))
    of_colour = [colour == one for one in range(3)]
    places = maker.layer(values, np.array([at / (SIDE - 1) * one for one in of_colour for at in (y, x)]))
    amounts = maker.layer(values, np.repeat(of_colour, 2, axis=0))
    middles = maker.step("DIV", (1, 6), places, maker.step("ADD", (1, 6), amounts, maker.tensor((1, 6), np.ones(6))))
    light = maker.step("MINIMUM", (1, 1), maker.layer(values, np.full((1, CELLS), 1e-3)), maker.tensor((1, 1), [1.0]))
    where = np.zeros((points, 3, 3, 2))
    where[:, 0, :, 0] = where[:, 1, :, 1] = BODY[:points]
    scores = np.zeros((points, 3, 1))
    scores[:, 2] = 0.9
    parts = maker.layer(middles, where.reshape(-1, 6)), maker.layer(light, scores.reshape(-1, 1))
    return maker.finish(maker.reshape(maker.step("ADD", (1, 3 * points), *parts), 1, 1, points, 3))


def _figure(x: float, y: float, size: float = 40, shape: tuple[int, int] = (240, 320)) -> Rgb:
    """A black picture with somebody whose hips are at a pixel; so far above are the shoulders and below the ankles."""
    rgb = np.zeros((*shape, 3), np.uint8)
    for colour, down in enumerate((y - size, y, y + size)):
        rgb[round(down) - 8 : round(down) + 9, max(round(x) - 8, 0) : round(x) + 9, colour] = 255
    return rgb


def _points(x: float, y: float, size: float = 40, shape: tuple[int, int] = (240, 320)) -> NDArray[np.float64]:
    """(17, 2) where the keypoints of that figure are, x and y in fractions of the picture."""
    middles = np.array([(x, y - size), (x, y), (x, y + size)]) / (shape[1] - 1, shape[0] - 1)
    return BODY @ middles


@pytest.fixture
def make(tmp_path: Path) -> Callable[[bytes], PoseEngine]:
    """Makes an engine of a network's file, as the service does."""

    def made(network: bytes) -> PoseEngine:
        path = tmp_path / "movenet_tiny.tflite"
        path.write_bytes(network)
        return engine_factory(PoseSettings(engine="movenet", model=str(path)))()

    return made


@pytest.mark.parametrize("kind", ["INT32", "UINT8", "FLOAT32"])
def test_keypoints_become_the_points_that_they_are(make: Callable[[bytes], PoseEngine], kind: str) -> None:
    """Whatever the network takes, 17 points lie where the picture shows them, and 16 are said to be absent."""
    engine = make(_network(kind))

    (person,) = engine.detect(Picture.of(_figure(150, 110)), 0)

    np.testing.assert_allclose(person.image[LANDMARKS, :2], _points(150, 110), atol=0.01)
    np.testing.assert_allclose(person.image[LANDMARKS, 2:], [[0, 0.9, 0.9]] * 17, atol=1e-6)
    assert not np.delete(person.image, LANDMARKS, axis=0).any()
    assert person.presence_mask == PRESENCE_MASK
    assert person.confidence == pytest.approx(0.9)
    assert person.world is None
    assert (engine.info.name, engine.info.model, engine.info.device) == ("movenet", "movenet_tiny", "cpu")
    assert not engine.info.smoothed


def test_left_stays_left() -> None:
    """The keypoints are COCO's in BlazePose's numbers: nose, then the left of each pair before the right."""
    eyes, ears, shoulders, elbows, wrists = (2, 5), (7, 8), (11, 12), (13, 14), (15, 16)
    hips, knees, ankles = (23, 24), (25, 26), (27, 28)

    assert (0, *eyes, *ears, *shoulders, *elbows, *wrists, *hips, *knees, *ankles) == LANDMARKS


@pytest.mark.parametrize("shape", [(480, 640), (640, 480), (479, 361)])
def test_who_moves_is_followed_more_exactly_than_found(
    make: Callable[[bytes], PoseEngine], shape: tuple[int, int]
) -> None:
    """Looks at the square around somebody, wherever they go, err half as much as looks at the whole picture."""
    followed, ways = make(_network()), [(100 + 15 * step, 120 + 12 * step) for step in range(12)]

    followed.detect(Picture.of(_figure(*ways[0], shape=shape)), 0)
    errors = [
        [
            np.abs(person.image[LANDMARKS, :2] - _points(*way, shape=shape)).max()
            for engine in (followed, make(_network()))
            for person in engine.detect(Picture.of(_figure(*way, shape=shape)), 0)
        ]
        for way in ways
    ]

    near, far = np.mean(errors, axis=0)
    assert near < 0.5 * far
    assert near < 0.003


def test_who_is_lost_is_found_anywhere(make: Callable[[bytes], PoseEngine]) -> None:
    """In an empty picture is nobody, and whoever comes back elsewhere is seen, also at another size of the picture."""
    engine = make(_network())

    seen = [
        engine.detect(Picture.of(rgb), 0)
        for rgb in (
            _figure(60, 60),
            np.zeros((240, 320, 3), np.uint8),
            _figure(250, 170),
            _figure(500, 300, 80, (600, 800)),
        )
    ]

    assert [len(people) for people in seen] == [1, 0, 1, 1]
    np.testing.assert_allclose(seen[2][0].image[LANDMARKS, :2], _points(250, 170), atol=0.01)


def test_a_person_is_where_their_points_are(make: Callable[[bytes], PoseEngine]) -> None:
    """The region around somebody leaves out the points that MoveNet lacks, which are not in the picture's corner."""
    (person,) = make(_network()).detect(Picture.of(_figure(200, 120)), 0)

    here = region(person)

    assert here.x == pytest.approx(200 / 319, abs=0.01)
    assert here.width < 0.1


@pytest.mark.parametrize("shape", [(1, 1, 3), (8, 1000, 3), (479, 361, 3)])
def test_nobody_is_in_an_empty_picture_of_any_size(
    make: Callable[[bytes], PoseEngine], shape: tuple[int, int, int]
) -> None:
    """Black, odd or tiny pictures hold nobody and break nothing."""
    engine = make(_network())

    assert [engine.detect(Picture.of(np.zeros(shape, np.uint8)), 0) for _ in range(2)] == [(), ()]


@pytest.mark.parametrize(
    ("network", "said"),
    [
        pytest.param(b"no network", "OpenVINO cannot use", id="another kind of file"),
        pytest.param(_network()[:500], "OpenVINO cannot use", id="cut off"),
        pytest.param(_network(points=13), r"no MoveNet SinglePose.*\(1, 1, 17, 3\)", id="13 keypoints"),
        pytest.param(_network("INT64"), "no MoveNet SinglePose", id="another input"),
    ],
)
def test_what_is_no_movenet_is_refused_in_words(make: Callable[[bytes], PoseEngine], network: bytes, said: str) -> None:
    """A file that cannot be MoveNet's is named, with what was wanted, before any picture is looked at."""
    with pytest.raises(EngineError, match=rf"movenet_tiny\.tflite.*{said}"):
        make(network)


async def test_the_service_says_what_movenet_saw(bus: Bus, serve: Serve, tmp_path: Path) -> None:
    """Through the whole service: landmarks with the mask, no world coordinates, raw, and a place to take over from."""
    session, path = f"pose-{secrets.token_hex(6)}", tmp_path / "tiny.tflite"
    path.write_bytes(_network())
    await bus.store(topics.spec_key(session), control_pb2.SessionSpec(session=session))
    settings = PoseSettings(engine="movenet", model=str(path), spares=0)
    owned = await bus.client.subscribe(topics.live(session))
    jpeg = simplejpeg.encode_jpeg(_figure(150, 110), quality=95)
    frame = frame_pb2.Frame(width=320, height=240, patches=[frame_pb2.Patch(jpeg=jpeg)])
    frame.ref.CopyFrom(frame_pb2.FrameRef(session=session, ingest_epoch=5, ingest_time_ns=1))
    frame.delivery = frame_pb2.DELIVERY_EVERY

    async with serve("pose", lambda context: PoseApp(context, settings)):
        assert decode(samples_pb2.Live, (await owned.next_msg(30)).data).session == session
        answer = await bus.client.request(topics.frames(session), frame.SerializeToString(), timeout=30)

    assert decode(frame_pb2.FrameAck, answer.data).outcome == frame_pb2.FRAME_OUTCOME_DONE
    stored = await bus.last(topics.LANDMARKS_STREAM, topics.landmarks(session))
    assert stored is not None
    message = decode(landmarks_pb2.Landmarks, stored.data or b"")
    (person,) = message.persons
    points = np.frombuffer(person.landmarks.image_f32, "<f4").reshape(33, 5)
    np.testing.assert_allclose(points[LANDMARKS, :2], _points(150, 110), atol=0.01)
    assert person.landmarks.presence_mask == PRESENCE_MASK
    assert not person.landmarks.world_f32
    assert (message.engine.name, message.engine.smoothing) == ("movenet", landmarks_pb2.SMOOTHING_RAW)
    (track,) = state_from(message, 1)[1].known
    assert track.at is not None
    assert track.at.x == pytest.approx(150 / 319, abs=0.01)
