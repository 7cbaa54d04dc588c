"""Which Debian package brings a shared library that a program did not find."""

import re

_MISSING = re.compile(r"(lib[\w+.-]+\.so[\w.]*): cannot open shared object file")
# What MediaPipe and OpenCV load; the first two always come together.
_PACKAGES = {
    "libEGL.so.1": ("libegl1", "libgles2"),
    "libGLESv2.so.2": ("libegl1", "libgles2"),
    "libGL.so.1": ("libgl1",),
    "libglib-2.0.so.0": ("libglib2.0-0",),
    "libgthread-2.0.so.0": ("libglib2.0-0",),
}


def missing_packages(printed: str) -> tuple[str, ...]:
    """The packages to install, by what a program printed before it ended; empty when that was not the cause."""
    found = [package for library in _MISSING.findall(printed) for package in _PACKAGES.get(library, ())]
    return tuple(dict.fromkeys(found))
