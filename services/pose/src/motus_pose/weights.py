"""A network's weights by path or address: nothing is downloaded unless an address is given, and then it is checked."""

import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from motus_pose.bundle import BundleError, checked, default_bundle_path

MAX_BYTES: Final = 64 * 1024 * 1024
TIMEOUT_S: Final = 60.0


def weights(named: str, sha256: str) -> Path:
    """The file with the weights, fetched once into the folder of models when an address is given.

    Args:
        named: a path, or an https address.
        sha256: what they hash to, hexadecimal; must be given with an address.

    Raises:
        BundleError: there is no such file, it cannot be fetched, or the checksum differs.
    """
    if "://" not in named:
        path = Path(named).expanduser()
        if sha256:
            checked(_read(path), sha256, str(path))
        elif not path.is_file():
            raise BundleError(f"there is no file {path}")
        return path
    if not named.startswith("https://") or not sha256:
        raise BundleError(f"{named}: weights are fetched by https and with MOTUS_POSE_MODEL_SHA256 alone")
    path = default_bundle_path().with_name(f"{sha256[:16]}-{Path(urlsplit(named).path).name}")
    if not path.is_file():
        _keep(path, checked(_fetched(named), sha256, named))
    checked(_read(path), sha256, str(path))
    return path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}") from None


def _fetched(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer:
            body: bytes = answer.read(MAX_BYTES + 1)
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        raise BundleError(f"{address} cannot be fetched: {error}") from None
    if len(body) > MAX_BYTES:
        raise BundleError(f"{address} holds more than {MAX_BYTES} bytes, which are no weights")
    return body


def _keep(path: Path, body: bytes) -> None:
    """Write a file as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_bytes(body)
    partial.replace(path)
