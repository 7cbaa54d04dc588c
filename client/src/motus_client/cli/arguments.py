"""The command line: what there is to say, with help for each word of it."""

import argparse
import difflib
import os
from pathlib import Path
from typing import Any, NoReturn

from motus_client.access import Access
from motus_client.cli.more_arguments import athlete_words, cue_words, list_words, session_words
from motus_register import CHANNELS, EXERCISES

DEFAULT_PORT, DEFAULT_INGEST_PORT, DEFAULT_HTTP_PORT = 7443, 7444, 7480
_JSON_HELP = "print one JSON object on stdout and nothing else there"
_SESSION_HELP = "the session's id, with or without `sessions/`"


class UsageError(Exception):
    """The command line is wrong; `usage` shows how it is meant."""

    def __init__(self, message: str, usage: str) -> None:
        super().__init__(message)
        self.usage = usage


class _Parser(argparse.ArgumentParser):
    """Raises instead of leaving, so that the error can be said in JSON too."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"{self.format_usage().strip()}\nsee `{self.prog} --help`")


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command; the chosen one is in `command`."""
    top = _Parser(prog="motus", description="Live video of athletes in, measured movement and coaching cues out.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _analyze(commands)
    _up(commands)
    sessions = commands.add_parser("sessions", help="list sessions, show or erase one").add_subparsers(
        dest="sub_command", required=True, metavar="COMMAND"
    )
    list_words(_query(sessions, "list", "list sessions, newest first"))
    _session(sessions, "show", "show one session with its frames and latencies")
    _watch(commands)
    reps = _session(commands, "reps", "list a session's repetitions with their measures")
    reps.add_argument("--all", action="store_true", help="withdrawn, partial and rejected ones too")
    _series(commands)
    _session(commands, "cues", "list what was said in a session")
    _session(commands, "events", "list everything that happened in a session")
    stop = _session(commands, "stop", "end a running session; what was seen is kept")
    stop.add_argument("--reason", default="", help="why; shown in the session")
    session_words(sessions, commands, _query, _session, _exercise)
    cue_words(commands, _query)
    athlete_words(commands, _query, _exercise)
    _query(commands, "workers", "list who works at what: the workers that live, and what each owns")
    return top


def _analyze(commands: Any) -> None:
    analyze = commands.add_parser(
        "analyze",
        help="analyze a video: reps, angles, cues and a report",
        description="Plays a video through the whole stack and shows what is measured. Uses the stack of `motus up` "
        "when one runs, else starts a private one; a server that is named is sent the video. Exit code 0 only when the "
        "session came to its end.",
    )
    analyze.add_argument("video", type=Path, metavar="VIDEO", help="the video file")
    analyze.add_argument(
        "--exercise",
        type=_exercise,
        default="unknown",
        metavar="ID",
        help=f"what is done; default: unknown, to have it recognised. One of {', '.join(EXERCISES)}",
    )
    analyze.add_argument("--athlete", default="", metavar="NAME", help="who does it; default: nobody in particular")
    analyze.add_argument(
        "--lane",
        type=_lane,
        metavar="LEFT:RIGHT",
        help="part of the picture's width in which they begin, as 0.3:0.7; default: whoever appears first",
    )
    pace = analyze.add_mutually_exclusive_group()
    pace.add_argument("--realtime", dest="fast", action="store_false", default=False, help="play at its pace (default)")
    pace.add_argument("--fast", dest="fast", action="store_true", help="as fast as it goes; no frame is dropped")
    analyze.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for report.html and result.json; default: motus-out/VIDEO-SESSION",
    )
    analyze.add_argument(
        "--ingest-server",
        default=os.environ.get("MOTUS_INGEST_SERVER", ""),
        metavar="HOST:PORT",
        help="what takes the video for --server; default: $MOTUS_INGEST_SERVER, else the same",
    )
    _common(analyze)


def _watch(commands: Any) -> None:
    watch = commands.add_parser(
        "watch",
        help="watch a session until it has ended, or a camera until Ctrl-C",
        description="Shows a session until it has ended. Given a live source, as rtsp://camera.example/one, it begins "
        "a session on it, which Ctrl-C ends; MOTUS_INGEST_HOSTS of the server says which hosts may be watched.",
    )
    watch.add_argument("session", metavar="SESSION|URI", help=_SESSION_HELP + "; or a live source's URI")
    watch.add_argument(
        "--exercise", type=_exercise, default="unknown", metavar="ID", help="what is done, for a live source"
    )
    _common(watch)


def _up(commands: Any) -> None:
    up = commands.add_parser(
        "up",
        help="start the stack and keep it running until Ctrl-C",
        description="Starts a NATS server and the five services on this machine and keeps them running until Ctrl-C.",
    )
    up.add_argument(
        "--root",
        type=Path,
        action="append",
        metavar="DIR",
        help="folder whose videos may be read; may be given again; default: the current folder",
    )
    up.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help=f"of the session service on 127.0.0.1; default: {DEFAULT_PORT}"
    )
    up.add_argument(
        "--http-port",
        type=_port,
        default=0,
        help=f"of its HTTP API on 127.0.0.1; default: {DEFAULT_HTTP_PORT} where that is free, else any",
    )
    up.add_argument(
        "--ingest-port",
        type=_port,
        default=0,
        help=f"for what clients push, on 127.0.0.1; default: {DEFAULT_INGEST_PORT} where that is free, else any",
    )
    up.add_argument("--json", action="store_true", help=_JSON_HELP)


def _series(commands: Any) -> None:
    series = _session(commands, "series", "print channels over time, tab separated")
    series.add_argument(
        "--channel",
        action="append",
        required=True,
        type=_channel,
        metavar="NAME",
        help="as knee_flexion_left_deg; may be given again",
    )
    series.add_argument(
        "--max-points",
        type=_count,
        default=0,
        metavar="N",
        help="thin to at most so many rows, keeping lowest and highest values; 0: all (default)",
    )


def _session(commands: Any, name: str, help: str) -> argparse.ArgumentParser:
    command = _query(commands, name, help)
    command.add_argument("session", metavar="SESSION", help=_SESSION_HELP)
    return command


def _query(commands: Any, name: str, help: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help.capitalize() + ".")
    _common(command)
    return command


def _common(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--server",
        default=os.environ.get("MOTUS_SERVER", ""),
        metavar="HOST:PORT",
        help="the session service; default: $MOTUS_SERVER, else the running stack's",
    )
    for name, what in (
        ("token", "bearer token for --server, else in $MOTUS_TOKEN"),
        ("ca", "authority of its certificate, PEM"),
    ):
        default = os.environ.get(f"MOTUS_{name.upper()}_FILE")
        command.add_argument(
            f"--{name}-file",
            type=Path,
            default=Path(default) if default else None,
            metavar="FILE",
            help=f"{what}; default: $MOTUS_{name.upper()}_FILE",
        )
    command.add_argument("--json", action="store_true", help=_JSON_HELP)


def given_access(arguments: argparse.Namespace) -> Access:
    """How to be let in at a server that was named: a file's token goes before `$MOTUS_TOKEN`."""
    token = "" if arguments.token_file else os.environ.get("MOTUS_TOKEN", "").strip()
    return Access(token=token, token_file=arguments.token_file, ca_file=arguments.ca_file)


def _exercise(text: str) -> str:
    return _known(text, EXERCISES, "exercise")


def _channel(text: str) -> str:
    return _known(text, tuple(CHANNELS), "channel")


def _known(text: str, names: tuple[str, ...], what: str) -> str:
    if text in names:
        return text
    near = difflib.get_close_matches(text, names, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
    raise argparse.ArgumentTypeError(f"no {what} {text!r}: {hint}")


def _lane(text: str) -> tuple[float, float]:
    try:
        left, right = map(float, text.split(":"))
    except ValueError:
        left, right = 1.0, 0.0
    if not 0 <= left < right <= 1:
        raise argparse.ArgumentTypeError("must be two fractions of the picture's width, as 0.3:0.7")
    return left, right


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("must be from 1 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError("must be a whole number, not negative")
    return int(text)
