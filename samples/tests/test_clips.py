"""The committed clips, and rendering itself."""

import json

import av
import numpy as np
import pytest

from motus_samples.__main__ import main
from motus_samples.clip import pictures, render_clip, stage
from motus_samples.committed import COMMITTED
from motus_samples.gl import GraphicsError, missing_gl
from motus_samples.spec import ClipSpec

LARGEST_BYTES = 300_000


@pytest.mark.parametrize("name", COMMITTED)
def test_committed_clip_matches_its_truth(name: str, clips) -> None:
    """Each committed clip is small, lasts 6 to 15 s, and has the frames and rate that its truth says."""
    document = json.loads((clips / f"{name}.json").read_text())

    with av.open(str(clips / f"{name}.mp4")) as container:
        stream = container.streams.video[0]
        frames = sum(1 for _ in container.decode(stream))
        rate = stream.average_rate
    assert (clips / f"{name}.mp4").stat().st_size <= LARGEST_BYTES
    assert frames == document["frames"] == len(document["channels"]["trunk_lean_deg"])
    assert rate == document["fps"]
    assert 6 <= frames / document["fps"] <= 15
    assert 3 <= len(document["reps"]) <= 5


@pytest.mark.parametrize("name", COMMITTED)
def test_committed_truth_is_what_its_spec_gives(name: str, clips) -> None:
    """The committed truth is the one that the renderer gives today, to the last digit of its angles."""
    document = json.loads((clips / f"{name}.json").read_text())

    today = json.loads(json.dumps(stage(COMMITTED[name]).truth.as_document()))
    committed_channels, channels = document.pop("channels"), today.pop("channels")
    assert today == document
    assert channels.keys() == committed_channels.keys()
    for channel, angles in channels.items():
        np.testing.assert_allclose(angles, committed_channels[channel], atol=0.11, err_msg=channel)


def test_missing_graphics_name_the_packages(monkeypatch) -> None:
    """Where EGL is missing, rendering is refused with the command that mends it, instead of a crash inside VTK."""

    def absent(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    missing_gl.cache_clear()
    monkeypatch.setattr("motus_samples.gl.ctypes.CDLL", absent)
    spec = ClipSpec("squat")

    with pytest.raises(GraphicsError, match="apt-get install -y libegl1"):
        pictures(spec, stage(spec))
    missing_gl.cache_clear()


def test_the_figure_moves_and_stays_in_view(gl) -> None:
    """The pictures are C-contiguous RGB, change as the athlete moves, and their border shows only the room."""
    spec = ClipSpec("squat", seed=5, reps=1, fps=6, width=320, height=180)

    images = list(pictures(spec, stage(spec)))

    assert all(image.flags.c_contiguous and image.shape[2] == 3 for image in images)
    changed = np.abs(images[0].astype(int) - images[len(images) // 2].astype(int)).max(axis=2) > 40
    assert changed.sum() > 300
    assert not changed[:4].any()
    assert not changed[:, :4].any()
    assert not changed[:, -4:].any()


def test_command_line_renders_a_clip_with_its_truth(gl, tmp_path, capsys) -> None:
    """`render` writes video and truth, says where, and plants the fault that was asked for."""
    arguments = ["render", "--exercise", "curl", "--seed", "9", "--reps", "1", "--fps", "6", "--size", "320x180"]

    code = main([*arguments, "--fault", "shallow=0.5", "--out", str(tmp_path)])

    document = json.loads((tmp_path / "curl_9.json").read_text())
    assert code == 0
    assert (tmp_path / "curl_9.mp4").stat().st_size > 1000
    assert document["faults"] == [{"kind": "shallow", "amount": 0.5, "reps": [0]}]
    assert "curl_9.mp4" in capsys.readouterr().out


def test_command_line_refuses_an_unknown_fault(capsys) -> None:
    """A fault that does not exist ends with exit code 2 and names those that do."""
    with pytest.raises(SystemExit) as ended:
        main(["render", "--fault", "limp"])

    assert ended.value.code == 2
    assert "fast_eccentric" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMITTED)
def test_committed_clip_can_be_rendered_again(gl, name: str, tmp_path) -> None:
    """Rendering a committed clip again gives the same truth and a picture for each of its frames."""
    again = render_clip(COMMITTED[name], tmp_path, name=name)

    with av.open(str(again.video)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    assert frames == again.truth.frames
    assert again.truth.as_document() == stage(COMMITTED[name]).truth.as_document()
