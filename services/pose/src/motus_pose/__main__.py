"""Entry point of the pose service."""

import sys

from motus_pose.app import build
from motus_pose.settings import PoseSettings
from motus_runtime.service import run_service
from motus_runtime.settings import SettingsError, load


def main() -> int:
    """Run the service; returns the exit code."""
    try:
        settings = load(PoseSettings, "MOTUS_POSE")
    except SettingsError as error:
        print(f"motus-pose: {error}", file=sys.stderr)
        return 1
    return run_service("pose", lambda context: build(context, settings), capacity=settings.capacity)


if __name__ == "__main__":
    sys.exit(main())
