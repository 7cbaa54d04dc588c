"""`motus-sessions`: runs the sessions service."""

import argparse
import sys
from functools import partial

from motus_runtime.service import run_service
from motus_sessions.app import build


def main() -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="motus-sessions", description="Runs the sessions service.")
    parser.add_argument("--insecure-dev", action="store_true", help="let everybody on this machine do everything")
    insecure_dev = parser.parse_args().insecure_dev
    return run_service("sessions", partial(build, insecure_dev=insecure_dev))


if __name__ == "__main__":
    sys.exit(main())
