"""The model bundle: made to the byte, checked, never half there."""

import hashlib
import io
import os
import shutil
import stat
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import flatbuffers
import pytest

from motus_pose import bundle
from motus_pose.bundle import (
    PRUNED,
    STOCK,
    Bundle,
    BundleError,
    default_bundle_path,
    ensure_bundle,
    pruned_bundle,
    read_bundle,
    stock_bundle,
)
from motus_pose.tflite import schema


@pytest.fixture(scope="module")
def wheel() -> Path:
    """The pinned wheel, where somebody has downloaded it."""
    path = os.environ.get("MOTUS_TEST_MEDIAPIPE_WHEEL", "")
    if not path:
        pytest.skip(f"MOTUS_TEST_MEDIAPIPE_WHEEL names no wheel; `pip download {bundle.WHEEL_REQUIREMENT}` gets it")
    return Path(path)


def _tiny_model(tree: Any) -> bytes:
    """A TFLite model with one image input and a buffer of weights."""
    tensor = tree.TensorT(shape=[1, 8, 8, 3], buffer=1, name="input_1")
    graph = tree.SubGraphT(tensors=[tensor], inputs=[0], outputs=[0], operators=[])
    model = tree.ModelT(version=3, subgraphs=[graph], operatorCodes=[], metadata=[])
    model.buffers = [tree.BufferT(), tree.BufferT(data=list(range(50)))]
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def test_normalization_is_declared_and_the_rest_kept() -> None:
    """The image input gets its mean and deviation, the weights stay as they were, aligned to 16 bytes."""
    tree, metadata_tree = schema("schema_py_generated"), schema("metadata_schema_py_generated")

    changed = bundle.with_normalization(_tiny_model(tree), 0.0, 255.0)

    model = tree.ModelT.InitFromPackedBuf(changed, 0)
    (entry,) = model.metadata
    metadata = metadata_tree.ModelMetadataT.InitFromPackedBuf(bytes(model.buffers[entry.buffer].data), 0)
    (tensor,) = metadata.subgraphMetadata[0].inputTensorMetadata
    (unit,) = tensor.processUnits
    assert entry.name == b"TFLITE_METADATA"
    assert (list(unit.options.mean), list(unit.options.std)) == ([0.0], [255.0])
    assert bytes(model.buffers[1].data) == bytes(range(50))
    assert changed.index(bytes(range(50))) % 16 == 0
    assert changed[4:8] == b"TFL3"


@pytest.mark.parametrize("built", ["model", "stock"])
def test_bundle_stores_both_networks_uncompressed(built: str, request: pytest.FixtureRequest) -> None:
    """MediaPipe reads the members in place: stored, not compressed, under the names it looks for."""
    with zipfile.ZipFile(request.getfixturevalue(built)) as archive:
        members = {info.filename: info.compress_type for info in archive.infolist()}
        detector = archive.read("pose_detector.tflite")

    assert members == {
        "pose_detector.tflite": zipfile.ZIP_STORED,
        "pose_landmarks_detector.tflite": zipfile.ZIP_STORED,
    }
    assert hashlib.sha256(detector).hexdigest() == bundle.DETECTOR_SHA256


def test_another_wheel_is_refused() -> None:
    """What is not the pinned wheel never becomes a model."""
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr(bundle.DETECTOR_MEMBER, b"a network of somebody else's")

    with pytest.raises(BundleError, match="SHA-256"):
        stock_bundle(other.getvalue())


def test_another_bundle_is_not_pruned() -> None:
    """Only the pinned stock bundle becomes a pruned one."""
    with pytest.raises(BundleError, match="SHA-256"):
        pruned_bundle(b"a bundle of somebody else's")


def test_damaged_bundle_is_refused_at_load(tmp_path: Path) -> None:
    """A file that is not what was built says so, and how to mend it."""
    damaged = tmp_path / PRUNED.name
    damaged.write_bytes(b"half a download")

    with pytest.raises(BundleError, match=r"python -m motus_pose\.bundle"):
        read_bundle(damaged)


def test_absent_bundle_names_the_command(tmp_path: Path) -> None:
    """Without a model the error says how to get it."""
    with pytest.raises(BundleError, match=r"python -m motus_pose\.bundle"):
        read_bundle(tmp_path / PRUNED.name)


def test_right_bundle_is_left_alone_without_network(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the bundle is there nothing is downloaded and nothing written."""
    monkeypatch.setattr(bundle, "_pip_command", lambda: pytest.fail("wanted to download"))
    before = model.stat()

    ensure_bundle(model)

    assert model.stat()[stat.ST_MTIME] == before[stat.ST_MTIME]


def test_stock_bundle_that_is_there_spares_the_download(
    stock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a stock bundle, as an older release leaves it, the pruned one is built without network."""
    monkeypatch.setattr(bundle, "_pip_command", lambda: pytest.fail("wanted to download"))
    shutil.copy(stock, tmp_path)

    built = ensure_bundle(tmp_path / PRUNED.name)

    assert read_bundle(built)
    assert read_bundle(tmp_path / STOCK.name, STOCK.sha256)


@pytest.mark.parametrize("built", [PRUNED, STOCK])
def test_builders_at_the_same_time_leave_one_right_bundle(wheel: Path, built: Bundle, tmp_path: Path) -> None:
    """Several builders, one of them over a damaged file, end with the right bundle and no leavings."""
    out = tmp_path / "models" / built.name
    out.parent.mkdir()
    out.write_bytes(b"half a download")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: ensure_bundle(out, built, wheel), range(3)))

    assert read_bundle(out, built.sha256)
    assert [file.name for file in out.parent.iterdir()] == [built.name]


def test_command_fails_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command line says what is wrong instead of showing a traceback."""
    not_a_wheel = tmp_path / "x.whl"
    not_a_wheel.write_bytes(b"")

    code = bundle.main(["--out", str(tmp_path / PRUNED.name), "--wheel", str(not_a_wheel)])

    assert code == 1
    assert "SHA-256" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"MOTUS_MODEL_DIR": "/models", "XDG_CACHE_HOME": "/cache"}, "/models"),
        ({"XDG_CACHE_HOME": "/cache"}, "/cache/motus/models"),
        ({}, str(Path.home() / ".cache/motus/models")),
    ],
)
def test_bundle_lies_outside_the_repository(environ: dict[str, str], folder: str) -> None:
    """The operator's folder comes first, then the user's cache."""
    assert default_bundle_path(PRUNED, environ) == Path(folder) / PRUNED.name
    assert default_bundle_path(STOCK, environ) == Path(folder) / STOCK.name
