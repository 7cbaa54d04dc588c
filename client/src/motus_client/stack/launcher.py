"""Becomes another program that dies when the process which started it does, even if that one is killed with -9.

Usage: launcher.py PARENT_PID NICENESS PROGRAM ARGUMENT...
A wrapper and not a `preexec_fn`, since that runs Python between fork and exec, where a process with threads may hang.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Bind this process's life to its parent's and become the program."""
    parent, niceness, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    os.nice(niceness)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the signal was asked for
            sys.exit(1)
    os.execv(program[0], program)


if __name__ == "__main__":
    main()
