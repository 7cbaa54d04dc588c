"""The words of commands that change things, and of those about athletes, measures and files."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FORMATS = ("parquet", "csv", "trc", "mot")
SEXES = ("female", "male")
LEVELS = ("beginner", "intermediate", "advanced")
_ATHLETE = "the athlete's id, with or without `athletes/`"

Add = Callable[[Any, str, str], argparse.ArgumentParser]


def session_words(sessions: Any, commands: Any, query: Add, session: Add, exercise: Callable[[str], str]) -> None:
    """What changes sessions or takes something out of them."""
    delete = session(sessions, "delete", "erase a session and all that was recorded of it, for ever")
    delete.add_argument("--allow-missing", action="store_true", help="no error when there is none")
    update = session(commands, "update", "change a running session: exercise, sets, what the coach may say")
    update.add_argument("--exercise", metavar="ID", type=exercise, help="what is done from now on")
    _either(update, "muted", "--mute", "the coach says nothing from now on", "--unmute", "the coach speaks again")
    _either(update, "in_set", "--begin-set", "a set begins now", "--end-set", "the set ends now")
    rep = query(commands, "rep", "show one repetition: why it counted, its measures and curve")
    rep.add_argument("rep", metavar="REP", help="its name, as sessions/SESSION/reps/REP; `motus reps --json` has them")
    assign = session(commands, "assign", "say who is in view, as when athletes take turns before one camera")
    assign.add_argument("participant", metavar="PARTICIPANT", help="the participant's id, as p2")
    assign.add_argument("--tap", nargs=2, type=float, metavar=("X", "Y"), help="where, fractions of the picture")
    teach = session(commands, "teach", "teach a movement by two or three of the latest repetitions")
    teach.add_argument("movement", metavar="MOVEMENT", help="its id; it is then known as taught/MOVEMENT")
    teach.add_argument("reps", metavar="ORDINAL", nargs="+", type=int, help="two or three ordinals of `motus reps`")
    teach.add_argument("--participant", default="p1", metavar="ID", help="who shows it; default: p1")
    export = session(commands, "export", "write a session's series to a file")
    export.add_argument("--format", choices=FORMATS, default="parquet", help="of the file; default: parquet")
    export.add_argument("--participant", default="", metavar="ID", help="whose; default: the only one's")
    export.add_argument("--out", type=Path, metavar="FILE", help="default: as the server calls it, in this folder")
    query(commands, "measures", "list every channel and measure with its unit and definition")


def cue_words(commands: Any, query: Add) -> None:
    """What athletes think of cues."""
    cue = commands.add_parser("cue", help="dismiss or rate a cue").add_subparsers(
        dest="sub_command", required=True, metavar="COMMAND"
    )
    dismiss = query(cue, "dismiss", "have a cue not said again")
    rate = query(cue, "rate", "say how much a cue helped")
    for command in (dismiss, rate):
        command.add_argument("cue", metavar="CUE", help="its name, as sessions/SESSION/cues/CUE")
    rate.add_argument("rating", type=int, choices=range(1, 6), help="1, of no use, to 5, just right")


def athlete_words(commands: Any, query: Add, exercise: Callable[[str], str]) -> None:
    """About athletes."""
    athletes = commands.add_parser("athletes", help="list athletes, show, create, change or erase one").add_subparsers(
        dest="sub_command", required=True, metavar="COMMAND"
    )
    query(athletes, "list", "list athletes by their id")
    for name, what in (
        ("show", "show one athlete"),
        ("create", "keep a new athlete"),
        ("update", "change an athlete; what is not named stays"),
        ("delete", "erase an athlete and all that is known of them, for ever"),
    ):
        command = query(athletes, name, what)
        command.add_argument("athlete", metavar="ATHLETE", help=_ATHLETE)
        if name in ("create", "update"):
            _profile(command)
        if name == "delete":
            command.add_argument("--allow-missing", action="store_true", help="no error when there is none")
    trends = query(commands, "trends", "show how an athlete's measures of an exercise went from session to session")
    trends.add_argument("athlete", metavar="ATHLETE", help=_ATHLETE)
    trends.add_argument("exercise", type=exercise, metavar="EXERCISE", help="id of the exercise")
    trends.add_argument("--measure", action="append", default=[], metavar="NAME", help="may be given again")


def list_words(command: argparse.ArgumentParser) -> None:
    """Which sessions."""
    command.add_argument("--athlete", default="", metavar="ATHLETE", help=_ATHLETE)
    command.add_argument("--from", dest="since", type=_moment, metavar="TIME", help="created then or later, ISO 8601")
    command.add_argument("--before", type=_moment, metavar="TIME", help="created before; without a zone: UTC")
    command.add_argument("--oldest-first", action="store_true", help="in the other order")


def _profile(command: argparse.ArgumentParser) -> None:
    command.add_argument("--name", dest="display_name", metavar="NAME", help="how a screen shows them")
    command.add_argument("--stature-m", type=float, metavar="METRES", help="0.5 to 2.5")
    command.add_argument("--mass-kg", type=float, metavar="KG", help="10 to 400")
    command.add_argument("--sex", choices=SEXES, help="for tables of body segments")
    command.add_argument("--level", choices=LEVELS, help="how long they have trained")
    command.add_argument("--language", metavar="TAG", help="that they are spoken to in, as de")
    _either(
        command, "camera_mirrored", "--mirrored", "their camera shows a mirror image", "--not-mirrored", "it does not"
    )


def _either(command: argparse.ArgumentParser, name: str, yes: str, yes_help: str, no: str, no_help: str) -> None:
    both = command.add_mutually_exclusive_group()
    both.add_argument(yes, dest=name, action="store_true", default=None, help=yes_help)
    both.add_argument(no, dest=name, action="store_false", default=None, help=no_help)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("must be a time as 2026-03-01T14:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
