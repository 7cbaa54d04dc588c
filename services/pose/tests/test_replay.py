"""The engine `replay`: what was recorded comes back at its time, again and again, and a bad recording is refused."""

import secrets
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from motus.bus.v1 import landmarks_pb2
from motus.v1 import sample_pb2
from motus_pose.app import engine_factory
from motus_pose.engines.port import ALL_POINTS, EngineError
from motus_pose.engines.recording import Recording, load_recording
from motus_pose.picture import Picture
from motus_pose.record import recorded
from motus_pose.settings import PoseSettings
from motus_runtime import topics
from motus_runtime.bus import Bus
from motus_runtime.errors import NotFoundError

_PICTURE: NDArray[np.uint8] = np.zeros((8, 8, 3), np.uint8)


def _recording(frames: int = 10) -> Recording:
    """Ten frames a second; every point's x is its frame's number in hundredths; nobody is there in the third."""
    number = np.arange(frames, dtype=np.float32)
    image = np.broadcast_to(number[:, None, None] / 100, (frames, 33, 5)).copy()
    image[2] = np.nan
    return Recording(5 + np.arange(frames) / 10, image, np.zeros((frames, 33, 3), np.float32), smoothed=True)


def _settings(path: Path) -> PoseSettings:
    return PoseSettings(engine="replay", recording=str(path))


def test_recorded_landmarks_come_back_at_their_time_and_again(tmp_path: Path) -> None:
    """A second recorded at 10 Hz: each picture gets the frame of its time, over and over."""
    _recording().save(tmp_path / "squat.npz")

    engine = engine_factory(_settings(tmp_path / "squat.npz"))()
    seen = [engine.detect(Picture.of(_PICTURE), t_ms) for t_ms in (50, 149, 250, 950, 1050, 7350)]

    assert [round(float(poses[0].image[0, 0]) * 100) if poses else None for poses in seen] == [0, 1, None, 9, 0, 3]
    assert (engine.info.name, engine.info.model, engine.info.smoothed) == ("replay", "squat", True)


def test_points_without_world_coordinates_have_none(tmp_path: Path) -> None:
    """What an engine did not know is not made up."""
    whole = _recording()
    replace(whole, world=np.full_like(whole.world, np.nan)).save(tmp_path / "flat.npz")

    (person,) = engine_factory(_settings(tmp_path / "flat.npz"))().detect(Picture.of(_PICTURE), 0)

    assert person.world is None


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut"])
def test_a_file_that_is_no_recording_is_refused_with_its_name(content: bytes, tmp_path: Path) -> None:
    """Whatever lies in the file, the service says what is wrong and does not crash."""
    path = tmp_path / "bad.npz"
    path.write_bytes(content)

    with pytest.raises(EngineError, match=r"bad\.npz is no recording"):
        engine_factory(_settings(path))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"t_s": np.zeros(10)}, "ascend"),
        ({"t_s": np.arange(3.0)}, "image must be"),
        ({"image": np.zeros((10, 17, 5), np.float32)}, "image must be"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: dict[str, NDArray[np.float64]], fault: str, tmp_path: Path) -> None:
    """Times that stand still and shapes of another engine are named."""
    replace(_recording(), **change).save(tmp_path / "odd.npz")

    with pytest.raises(EngineError, match=fault):
        load_recording(tmp_path / "odd.npz")


def test_replay_without_a_recording_says_which_variable_is_missing() -> None:
    """The operator reads what to set."""
    with pytest.raises(EngineError, match="MOTUS_POSE_RECORDING"):
        engine_factory(PoseSettings(engine="replay"))


async def test_what_pose_said_of_a_session_is_recorded(bus: Bus) -> None:
    """From the stream to a recording: frames in order, once, with nobody where nobody was."""
    session = f"record-{secrets.token_hex(4)}"
    image = np.full((33, 5), 0.25, "<f4").tobytes()
    for t_s in (0.0, 0.1, 0.1, 0.2, -1.0):
        message = landmarks_pb2.Landmarks(engine=landmarks_pb2.Engine(smoothing=landmarks_pb2.SMOOTHING_RAW))
        message.ref.t_s = abs(t_s)
        if t_s < 0:
            message.end.SetInParent()
        elif t_s != 0.2:
            points = sample_pb2.LandmarkSet(presence_mask=ALL_POINTS, image_f32=image)
            message.persons.add(track_id=1, landmarks=points)
        await bus.store_surely(topics.landmarks(session), message)

    recording = await recorded(bus, session)

    assert recording.t_s.tolist() == [0.0, 0.1, 0.2]
    assert not recording.smoothed
    assert np.isfinite(recording.image).all(axis=(1, 2)).tolist() == [True, True, False]
    assert np.isnan(recording.world).all()


async def test_a_session_that_nobody_knows_is_not_recorded(bus: Bus) -> None:
    """Instead of waiting for ever."""
    with pytest.raises(NotFoundError, match="nobody-here"):
        await recorded(bus, "nobody-here")
