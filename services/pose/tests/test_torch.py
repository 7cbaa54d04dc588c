"""PyTorch says what OpenVINO says: the same networks, converted, on the CPU, and on a GPU where there is one."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from motus_pose.app import engine_factory
from motus_pose.bundle import networks_of
from motus_pose.engines.blazepose.openvino_runner import Networks, OpenvinoRunner
from motus_pose.engines.blazepose.points import Answer
from motus_pose.engines.blazepose.runner import Runner
from motus_pose.engines.blazepose_engine import BlazePoseEngine
from motus_pose.engines.port import EngineError
from motus_pose.picture import Picture
from motus_pose.pruning import without_segmentation
from motus_pose.settings import PoseSettings
from motus_pose.tflite import MODEL, ModelError, packed, read_model, schema

torch = pytest.importorskip("torch", reason="PyTorch is not here; `make setup-cuda` installs it")
from motus_pose.engines.blazepose.converter import Network  # noqa: E402  (after it is known that torch is there)
from motus_pose.engines.blazepose.torch_runner import Batches, Record, TorchNetworks, TorchRunner  # noqa: E402

pytestmark = pytest.mark.torch
on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")

Array = NDArray[np.float32]
Rgb = NDArray[np.uint8]
TORSO = ((11, 12), (23, 24))


class Overheard:
    """OpenVINO's runner, which keeps what it was asked and what it said."""

    device = "cpu"

    def __init__(self, networks: Networks) -> None:
        self._runner = OpenvinoRunner(networks)
        self.detected: list[tuple[Array, tuple[Array, Array]]] = []
        self.located: list[tuple[Array, Answer]] = []

    def detect(self, picture: Array) -> tuple[Array, Array]:
        """See Runner."""
        self.detected.append((picture, self._runner.detect(picture)))
        return self.detected[-1][1]

    def locate(self, squares: Array) -> Answer:
        """See Runner."""
        self.located.append((squares, self._runner.locate(squares)))
        return self.located[-1][1]


@pytest.fixture(scope="session")
def networks(model: Path) -> tuple[bytes, bytes]:
    """The detector and the landmark network."""
    return networks_of(model.read_bytes(), model.name)


@pytest.fixture(scope="session")
def openvino(networks: tuple[bytes, bytes]) -> Networks:
    """OpenVINO's networks."""
    return Networks(*networks)


@pytest.fixture(scope="session")
def on_cpu(networks: tuple[bytes, bytes]) -> TorchNetworks:
    """PyTorch's networks on the CPU."""
    return TorchNetworks(*networks, device="cpu")


@pytest.fixture
def overheard(openvino: Networks, pictures: list[Rgb]) -> Overheard:
    """What two people's pictures and squares are, and what OpenVINO says of them."""
    runner = Overheard(openvino)
    engine = BlazePoseEngine(runner, "model", people=2)
    for index, rgb in enumerate(pictures[::5]):
        engine.detect(Picture.of(np.hstack([rgb, rgb])), 600 * index)
    return runner


def _apart(mine: Answer, theirs: Answer) -> tuple[float, float]:
    """Mean distance of the body's points in the picture, in lengths of the torso, and in the world, in metres."""
    ours, reference = (answer.points.reshape(-1, 39, 5)[:, :33, :2] for answer in (mine, theirs))
    torsos = np.linalg.norm(np.subtract(*(reference[:, list(pair)].mean(axis=1) for pair in TORSO)), axis=1)
    worlds = np.subtract(*(answer.world.reshape(-1, 39, 3)[:, :33] for answer in (mine, theirs)))
    image = np.linalg.norm(ours - reference, axis=2) / torsos[:, None]
    return float(image.mean()), float(np.linalg.norm(worlds, axis=2).mean())


def _hold(runner: Runner, overheard: Overheard, torso: float, metres: float) -> None:
    """A runner says of the same pictures and squares what OpenVINO says."""
    assert any(len(squares) == 2 for squares, _ in overheard.located)
    for squares, theirs in overheard.located:
        mine = runner.locate(squares)
        image, world = _apart(mine, theirs)
        assert image <= torso
        assert world <= metres
        np.testing.assert_allclose(mine.flags, theirs.flags, atol=1e-3)
        assert np.abs(mine.heat - theirs.heat).max() <= 0.02 * np.abs(theirs.heat).max()
    for picture, (boxes, scores) in overheard.detected:
        my_boxes, my_scores = runner.detect(picture)
        np.testing.assert_allclose(my_boxes, boxes, atol=0.02)
        np.testing.assert_allclose(my_scores, scores, atol=0.02)


def test_converted_networks_say_what_openvino_says(on_cpu: TorchNetworks, overheard: Overheard) -> None:
    """Points within 2e-5 of the torso's length, the world within 0.02 mm, flags, heat, boxes and scores alike."""
    _hold(TorchRunner(on_cpu), overheard, torso=2e-5, metres=2e-5)


def test_half_precision_with_a_whole_head_is_enough(networks: tuple[bytes, bytes], overheard: Overheard) -> None:
    """The arithmetic that a GPU is given, on the CPU: points within 1e-3 of the torso, the world within 1 mm."""
    network = Network(without_segmentation(networks[1]), torch.float16)
    squares, theirs = overheard.located[-1]

    found = network(torch.from_numpy(squares))

    points, _, flags, heat, world = (one.numpy() for one in found)
    image, metres = _apart(Answer(points, flags[:, 0], heat, world), theirs)
    assert image <= 1e-3
    assert metres <= 1e-3


def test_streams_that_are_answered_together_hear_the_same(on_cpu: TorchNetworks, overheard: Overheard) -> None:
    """The way that calls take on a GPU, on the CPU: a batch with room left over is cut up for those who asked."""
    network, size = on_cpu.locate, 8
    room = torch.zeros((size, 256, 256, 3))
    outputs = tuple(torch.empty_like(one) for one in network(room))

    def replay() -> None:
        for kept, found in zip(outputs, network(room), strict=True):
            kept.copy_(found)

    batches = Batches({1: Record(room[:1], outputs, replay), size: Record(room, outputs, replay)}, lambda: None)
    calls = [squares for squares, _ in overheard.located[-3:]]
    alone = [network(torch.from_numpy(squares)) for squares in calls]

    together = batches([torch.from_numpy(squares) for squares in calls])

    assert sum(map(len, calls)) < size
    for mine, own in zip(together, alone, strict=True):
        for found, expected in zip(mine, own, strict=True):
            np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-3)


@on_gpu
def test_a_gpu_says_what_openvino_says(networks: tuple[bytes, bytes], overheard: Overheard) -> None:
    """Points within 2e-3 of the torso's length, the world within 2 mm, also for those whom it answers together."""
    whole, streams = TorchNetworks(*networks, device="cuda:0"), 24

    _hold(TorchRunner(whole), overheard, torso=2e-3, metres=2e-3)
    with ThreadPoolExecutor(streams) as threads:
        for done in [threads.submit(_hold, TorchRunner(whole), overheard, 2e-3, 2e-3) for _ in range(streams)]:
            done.result()


def test_the_engine_sees_the_same_people(on_cpu: TorchNetworks, openvino: Networks, pictures: list[Rgb]) -> None:
    """One shot on each picture: the points of both engines lie within 2e-4 of the torso's length."""
    for rgb in pictures[::5]:
        runners = TorchRunner(on_cpu), OpenvinoRunner(openvino)
        (mine,), (theirs,) = (BlazePoseEngine(runner, "model").detect(Picture.of(rgb), 0) for runner in runners)
        ours, reference = (one.image[:, :2] * np.float32(rgb.shape[1::-1]) for one in (mine, theirs))
        torso = np.linalg.norm(np.subtract(*(reference[list(pair)].mean(axis=0) for pair in TORSO)))

        assert np.linalg.norm(ours - reference, axis=1).mean() / torso <= 2e-4
        assert mine.world is not None
        np.testing.assert_allclose(mine.world, theirs.world, atol=1e-3)


def test_an_unknown_operator_is_named(networks: tuple[bytes, bytes]) -> None:
    """A network with an operator that is not known is refused by its name, not computed without."""
    tree = read_model(networks[1])
    sine = schema("schema_py_generated").BuiltinOperator.SIN
    last = tree.operatorCodes[tree.subgraphs[0].operators[-2].opcodeIndex]
    last.builtinCode = last.deprecatedBuiltinCode = sine

    with pytest.raises(ModelError, match="operator SIN"):
        Network(packed(tree, MODEL))


def test_another_network_is_refused(networks: tuple[bytes, bytes]) -> None:
    """Two detectors are no pose model."""
    with pytest.raises(EngineError, match="not BlazePose's landmark network"):
        TorchNetworks(networks[0], networks[0], "cpu")


def test_without_a_gpu_there_is_no_engine(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for a GPU where none is does not get the CPU, but is told."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    with pytest.raises(EngineError, match=r"sees no GPU.*MOTUS_POSE_DEVICE=cpu"):
        engine_factory(PoseSettings(device="cuda"))
