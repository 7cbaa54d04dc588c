"""Can this machine render off-screen? VTK kills the process where EGL or its driver is missing, so ask first."""

import ctypes
from functools import cache

REMEDY = "apt-get install -y libegl1 libgl1-mesa-dri"
_SURFACELESS_PLATFORM = 0x31DD


class GraphicsError(RuntimeError):
    """Off-screen rendering is impossible here; the message names the command that mends it."""


@cache
def missing_gl() -> str | None:
    """Return what keeps this machine from rendering off-screen, or None where it can."""
    try:
        egl = ctypes.CDLL("libEGL.so.1")
    except OSError:
        return "the library libEGL.so.1 is missing"
    egl.eglGetPlatformDisplay.restype = ctypes.c_void_p
    egl.eglGetPlatformDisplay.argtypes = [ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p]
    egl.eglInitialize.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    display = egl.eglGetPlatformDisplay(_SURFACELESS_PLATFORM, None, None)
    if not display or not egl.eglInitialize(display, None, None):
        return "EGL finds no driver"
    return None


def require_gl() -> None:
    """Do nothing where rendering is possible.

    Raises:
        GraphicsError: It is not; the message names the packages.
    """
    reason = missing_gl()
    if reason is not None:
        raise GraphicsError(f"cannot render: {reason}; install Mesa's software renderer: {REMEDY}")
