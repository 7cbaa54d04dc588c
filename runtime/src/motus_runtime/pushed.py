"""Sessions whose source is what a client pushes: their URIs, which name no place."""

from typing import Final

from motus.bus.v1 import control_pb2

LANDMARKS: Final = "push:landmarks"
FRAMES: Final = "push:frames"
VIDEO: Final = "push:video"
URIS: Final = (LANDMARKS, FRAMES, VIDEO)


def is_pushed(spec: control_pb2.SessionSpec) -> bool:
    """Whether a client's calls bring what the session watches, so that there is nothing to open."""
    return spec.source.uri in URIS


def has_pictures(spec: control_pb2.SessionSpec) -> bool:
    """Whether the session has pictures at all, or landmarks alone."""
    return spec.source.uri != LANDMARKS
