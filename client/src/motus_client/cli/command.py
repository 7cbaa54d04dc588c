"""Runs the command that was asked for and turns expected errors into words, JSON and an exit code."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from motus_client.access import Access
from motus_client.cli import athletes, changes, operations, queries
from motus_client.cli.arguments import DEFAULT_PORT, UsageError, given_access, parser
from motus_client.cli.interrupts import Interrupted, Interrupts
from motus_client.cli.problem import Problem, problem_of, tell
from motus_client.client import Client
from motus_client.stack.layout import Layout, data_folder
from motus_client.stack.presence import running_stack

# As a shell has it for a program that SIGPIPE ended.
_PIPE_CLOSED = 141
_QUERIES: dict[str, Callable[[Client, Namespace], None]] = {
    "sessions list": queries.list_sessions,
    "sessions show": queries.show_session,
    "sessions delete": changes.delete_session,
    "reps": queries.show_reps,
    "series": queries.show_series,
    "cues": queries.show_cues,
    "events": queries.show_events,
    "stop": queries.stop_session,
    "update": changes.update_session,
    "rep": changes.show_rep,
    "assign": changes.assign,
    "teach": changes.teach,
    "export": changes.export,
    "measures": changes.list_measures,
    "cue dismiss": changes.dismiss_cue,
    "cue rate": changes.rate_cue,
    "athletes list": athletes.list_athletes,
    "athletes show": athletes.show_athlete,
    "athletes create": athletes.create_athlete,
    "athletes update": athletes.update_athlete,
    "athletes delete": athletes.delete_athlete,
    "trends": athletes.show_trends,
    "workers": operations.list_workers,
}


def run(argv: Sequence[str], interrupts: Interrupts) -> int:
    """Run one command line; returns the exit code."""
    try:
        code = _run(argv, interrupts)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of stdout has gone, as `head` does. Python would complain of it once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    return code


def _run(argv: Sequence[str], interrupts: Interrupts) -> int:
    try:
        arguments = parser().parse_args(argv)
    except UsageError as error:
        tell(Problem("USAGE", str(error), error.usage), as_json="--json" in argv)
        return 2
    try:
        return _dispatch(arguments, interrupts)
    except Interrupted as interrupted:
        tell(Problem("INTERRUPTED", "interrupted; nothing that it started is left running"), as_json=arguments.json)
        return interrupted.exit_code
    except Exception as error:
        problem = None if isinstance(error, BrokenPipeError) else problem_of(error)
        if problem is None:
            raise
        tell(problem, as_json=arguments.json)
        return problem.exit_code


def _dispatch(arguments: Namespace, interrupts: Interrupts) -> int:
    # Imported when wanted: a plain query needs neither a video library nor a terminal's.
    if arguments.command == "analyze":
        from motus_client.cli.analyze import analyze

        return analyze(arguments, interrupts)
    if arguments.command == "up":
        from motus_client.cli.up import up

        return up(arguments, interrupts)
    with Client(*connection_of(arguments)) as client:
        if arguments.command == "watch":
            from motus_client.cli.watch import watch

            return watch(client, arguments, interrupts)
        words = (arguments.command, getattr(arguments, "sub_command", ""))
        _QUERIES[" ".join(filter(None, words))](client, arguments)
    return 0


def connection_of(arguments: Namespace) -> tuple[str, Access]:
    """Whom to call and how: a server that is named, else the running stack, else what is where `motus up` would be."""
    if arguments.server:
        return str(arguments.server), given_access(arguments)
    layout = Layout(data_folder())
    running = running_stack(layout)
    if running and running.address:
        return running.address, Access(token_file=layout.token)
    return f"127.0.0.1:{DEFAULT_PORT}", given_access(arguments)
