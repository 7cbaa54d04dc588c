"""Which files may be read: a `file://` URI becomes a path below one of the allowed folders, or a refusal."""

import stat
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from motus_ingest.sources.port import SourceError


def allowed_file(uri: str, roots: Sequence[Path]) -> Path:
    """The regular file that a URI names, links and `..` resolved.

    What lies outside the roots is refused before anybody looks whether it exists. Touches the disk.

    Raises:
        SourceError: it must not or cannot be read.
    """
    path = _resolved(_path(uri))
    if not roots:
        raise SourceError("This server reads no files: MOTUS_INGEST_ROOTS names no folder.")
    if not any(path.is_relative_to(_resolved(root)) for root in roots):
        raise SourceError("The file lies outside the folders that this server may read.")
    try:
        status = path.stat()
    except FileNotFoundError:
        raise SourceError(f"There is no file {path.name}.") from None
    except OSError as error:
        raise SourceError(f"The file {path.name} cannot be read: {error.strerror}.") from None
    if stat.S_ISDIR(status.st_mode):
        raise SourceError(f"{path.name} is a folder, not a video.")
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"{path.name} is not a regular file.")
    if not status.st_size:
        raise SourceError(f"The file {path.name} is empty.")
    return path


def _path(uri: str) -> Path:
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise SourceError("The source's URI cannot be understood.") from None
    if parts.scheme != "file":
        raise SourceError(f"Sources of the kind {parts.scheme or 'without a scheme'!r} cannot be played, only file://.")
    if parts.netloc not in ("", "localhost"):
        raise SourceError("A file's URI names no host: file:///folder/video.mp4.")
    if not parts.path.startswith("/"):
        raise SourceError("A file's URI holds a whole path: file:///folder/video.mp4.")
    return Path(unquote(parts.path))


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL byte, links in a circle
        raise SourceError("The source's path cannot be resolved.") from None
