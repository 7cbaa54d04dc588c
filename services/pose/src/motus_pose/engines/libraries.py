"""Names the system libraries that mediapipe needs and this machine lacks, before an import fails on them."""

import ctypes
import importlib.metadata
from collections.abc import Callable
from typing import Final

# Shared object -> Debian package. mediapipe itself links the first two, its full OpenCV the others.
_MEDIAPIPE_NEEDS: Final = {"libEGL.so.1": "libegl1", "libGLESv2.so.2": "libgles2"}
_FULL_OPENCV_NEEDS: Final = {"libGL.so.1": "libgl1", "libgthread-2.0.so.0": "libglib2.0-0"}
_FULL_OPENCV: Final = ("opencv-contrib-python", "opencv-python")


def missing_libraries(loads: Callable[[str], bool] | None = None) -> list[str]:
    """Debian packages that mediapipe needs and whose library cannot be loaded here, in a fixed order.

    Args:
        loads: tells whether a shared object can be loaded; by default the dynamic linker is asked.
    """
    loads = loads or _loads
    needs = _MEDIAPIPE_NEEDS | (_FULL_OPENCV_NEEDS if _has_full_opencv() else {})
    return [package for library, package in needs.items() if not loads(library)]


def remedy(packages: list[str]) -> str:
    """The one command that installs `packages`, as a sentence."""
    return f"mediapipe needs system libraries that are missing; run: apt-get install -y {' '.join(packages)}"


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _has_full_opencv() -> bool:
    return any(True for name in _FULL_OPENCV for _ in importlib.metadata.distributions(name=name))
