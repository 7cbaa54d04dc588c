"""The model file that an operator names: a path, or an https address that is fetched once.

What was fetched is kept below the folder of models under the checksum that it must have, and checked at every start.
A file that turns out wrong stays there, so that a service that tries again does not fetch it over and over.
"""

import re
import tempfile
import urllib.request
from http.client import HTTPException, HTTPMessage
from pathlib import Path, PurePosixPath
from typing import IO, Final
from urllib.error import URLError
from urllib.parse import urlsplit

from motus_pose.bundle import checked
from motus_pose.tflite import ModelError

MAX_BYTES: Final = 64 << 20
TIMEOUT_S: Final = 30.0
_SCHEME: Final = "https://"
_SHA256: Final = re.compile("[0-9a-f]{64}")


def is_address(model: str) -> bool:
    """Whether a model is named by an address rather than by a path."""
    return "://" in model


def fetched(address: str, sha256: str, folder: Path) -> Path:
    """Where the file of an address lies here; it is downloaded if it was not before.

    Args:
        address: https only, redirects included.
        sha256: what the file must hash to (hexadecimal, lower case). It names where the file lies; who reads checks.
        folder: of the models; it is made.

    Raises:
        ModelError: no https, no checksum, or no download; the text says which.
    """
    if not address.startswith(_SCHEME):
        raise ModelError(f"a model is downloaded by https only, not from {address}")
    if not _SHA256.fullmatch(sha256):
        raise ModelError(
            f"the model at {address} needs its checksum, 64 hexadecimal digits: set MOTUS_POSE_MODEL_SHA256"
        )
    path = folder / sha256 / (PurePosixPath(urlsplit(address).path).name or "model")
    try:
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            _save(_downloaded(address), path)
    except (OSError, HTTPException, ValueError) as error:
        raise ModelError(f"the model at {address} cannot be downloaded: {error}") from None
    return path


def read_weights(path: Path, sha256: str | None) -> bytes:
    """A network's file.

    Args:
        path: where it lies.
        sha256: what it must hash to (hexadecimal, lower case), None for one that the operator vouches for.

    Raises:
        ModelError: absent, unreadable, or not what was promised.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"no model at {path} ({error.strerror})") from None
    return data if sha256 is None else checked(data, sha256, f"the model at {path}")


def _save(data: bytes, path: Path) -> None:
    """Appears at once and whole, also beside others who do the same."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".fetched-") as scratch:
        part = Path(scratch) / "part"
        part.write_bytes(data)
        part.replace(path)


def _downloaded(address: str) -> bytes:
    opener = urllib.request.build_opener(_HttpsOnly)
    with opener.open(address, timeout=TIMEOUT_S) as response:
        promised: int | None = response.length
        data: bytes = b"" if (promised or 0) > MAX_BYTES else response.read(MAX_BYTES + 1)
    if max(promised or 0, len(data)) > MAX_BYTES:
        raise OSError(f"it has more than {MAX_BYTES >> 20} MiB")
    # A bounded read does not complain of a connection that broke off.
    if promised not in (None, len(data)):
        raise OSError(f"{len(data)} of {promised} bytes came")
    return data


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but not away from https."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if not newurl.startswith(_SCHEME):
            raise URLError(f"it leads to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
