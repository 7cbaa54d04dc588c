"""Entry point of the kinematics service."""

from motus_kinematics.app import build
from motus_runtime.service import run_service


def main() -> int:
    """Run the service; returns the exit code."""
    return run_service("kinematics", build)


if __name__ == "__main__":
    raise SystemExit(main())
