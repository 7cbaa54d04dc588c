"""Both engines behind the port: they find a rendered athlete, nobody in noise, and say what they lack."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from motus_pose.app import engine_factory
from motus_pose.bundle import BundleError
from motus_pose.engines.libraries import missing_libraries, remedy
from motus_pose.engines.port import ALL_POINTS, EngineError
from motus_pose.picture import Picture
from motus_pose.settings import PoseSettings

ENGINES = ("blazepose", "mediapipe")


@pytest.mark.parametrize("name", ENGINES)
def test_rendered_athlete_is_found_and_measured(name: str, model: Path, pictures: list[NDArray[np.uint8]]) -> None:
    """An athlete who fills the picture is seen in every frame, head above feet, with world coordinates in metres."""
    engine = engine_factory(PoseSettings(engine=name))()

    seen = [engine.detect(Picture.of(picture), index * 33) for index, picture in enumerate(pictures)]
    engine.close()

    assert all(len(poses) == 1 for poses in seen)
    pose = seen[-1][0]
    assert pose.presence_mask == ALL_POINTS
    assert pose.image.shape == (33, 5)
    assert pose.world is not None
    assert 1.0 < np.ptp(pose.world[:, 1]) < 2.5
    assert pose.image[0, 1] < pose.image[27:29, 1].mean()
    assert pose.confidence > 0.5
    assert engine.info.smoothed
    assert engine.info.name == name


@pytest.mark.parametrize("name", ENGINES)
def test_padded_rows_make_no_difference(name: str, model: Path, pictures: list[NDArray[np.uint8]]) -> None:
    """A picture whose rows are padded in memory gives the same points as the dense one."""
    dense = pictures[0]
    padded = np.zeros((dense.shape[0], dense.shape[1] + 10, 3), np.uint8)[:, : dense.shape[1]]
    padded[:] = dense
    make = engine_factory(PoseSettings(engine=name))

    one, other = make().detect(Picture.of(dense), 0), make().detect(Picture.of(padded), 0)

    assert not padded.flags.c_contiguous
    np.testing.assert_array_equal(one[0].image, other[0].image)


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("shape", [(480, 640, 3), (8, 8, 3), (8, 1000, 3), (479, 361, 3)])
def test_nobody_in_an_empty_picture_of_any_size(name: str, model: Path, shape: tuple[int, int, int]) -> None:
    """A grey picture, odd or tiny, holds nobody and breaks nothing, even when time stands still."""
    engine = engine_factory(PoseSettings(engine=name))()
    grey = np.full(shape, 128, np.uint8)

    seen = [engine.detect(Picture.of(grey), t_ms) for t_ms in (-20, 0, 0, 5)]
    engine.close()

    assert seen == [(), (), (), ()]


@pytest.mark.parametrize("name", ENGINES)
def test_operators_own_bundle_is_used_as_it_is(name: str, stock: Path, pictures: list[NDArray[np.uint8]]) -> None:
    """A bundle that the operator names, segmentation branch and all, sees the athlete and bears its own name."""
    engine = engine_factory(PoseSettings(engine=name, model=str(stock)))()

    seen = engine.detect(Picture.of(pictures[0]), 0)
    engine.close()

    assert len(seen) == 1
    assert engine.info.model == stock.stem


@pytest.mark.parametrize("name", ENGINES)
def test_broken_model_is_an_error_that_names_it(name: str, tmp_path: Path) -> None:
    """A model chosen by the operator that the engine cannot use is reported, not crashed on."""
    broken = tmp_path / "mine.task"
    broken.write_bytes(b"not a model")

    with pytest.raises((EngineError, BundleError), match=r"mine\.task"):
        engine_factory(PoseSettings(engine=name, model=str(broken)))


def test_absent_model_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    """A model that is not there names the command that builds one."""
    with pytest.raises(BundleError, match="motus_pose"):
        engine_factory(PoseSettings(model=str(tmp_path / "none.task")))


def test_missing_libraries_are_named_with_one_command() -> None:
    """What the machine lacks is one apt-get line, mediapipe's own libraries first."""
    packages = missing_libraries(lambda library: False)

    assert packages[:2] == ["libegl1", "libgles2"]
    assert remedy(packages).endswith("apt-get install -y " + " ".join(packages))


def test_only_what_cannot_be_loaded_is_missing() -> None:
    """A library that is there is not asked for."""
    assert missing_libraries(lambda library: library != "libGLESv2.so.2") == ["libgles2"]
