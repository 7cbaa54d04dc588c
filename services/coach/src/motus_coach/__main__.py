"""Entry point of the coach service."""

from motus_coach.app import build
from motus_runtime.service import run_service


def main() -> int:
    """Run the service; returns the exit code."""
    return run_service("coach", build)


if __name__ == "__main__":
    raise SystemExit(main())
