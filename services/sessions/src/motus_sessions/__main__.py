"""`motus-sessions`: runs the sessions service."""

import sys

from motus_runtime.service import run_service
from motus_sessions.app import build


def main() -> int:
    """Entry point; returns the exit code."""
    return run_service("sessions", build)


if __name__ == "__main__":
    sys.exit(main())
