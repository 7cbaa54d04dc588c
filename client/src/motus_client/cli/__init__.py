"""The `motus` command."""

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    # Signals are taken before anything slow is imported, so that Ctrl-C never ends in a traceback.
    from motus_client.cli.interrupts import Interrupted, Interrupts

    interrupts = Interrupts()
    interrupts.install()
    try:
        from motus_client.cli.command import run

        return run(sys.argv[1:] if argv is None else argv, interrupts)
    except Interrupted as interrupted:
        print("interrupted", file=sys.stderr)
        return interrupted.exit_code
