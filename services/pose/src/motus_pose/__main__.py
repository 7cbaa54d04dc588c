"""Entry point of the pose service."""

import sys

from motus_pose.app import build
from motus_runtime.service import run_service


def main() -> int:
    """Run the service; returns the exit code."""
    return run_service("pose", build)


if __name__ == "__main__":
    sys.exit(main())
