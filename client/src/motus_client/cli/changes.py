"""The commands that change a session, take a file of it, or look at one thing of it."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict

from motus.v1 import measure_pb2, movement_pb2, session_service_pb2
from motus_client.cli.problem import Problem, print_json
from motus_client.cli.tables import NONE, figure, table
from motus_client.client import Client
from motus_client.names import last_part, session_name, value_name
from motus_client.outcome import cue_json, rep_json, session_json


def update_session(client: Client, arguments: Namespace) -> None:
    """`motus update`."""
    wishes = {name: getattr(arguments, name) for name in ("exercise", "muted", "in_set")}
    if all(wish is None for wish in wishes.values()):
        raise Problem("NOTHING_TO_CHANGE", "say what to change", "see `motus update --help`", exit_code=2)
    session = session_json(client.update_session(arguments.session, **wishes))
    _tell(arguments, session, f"session {session['session']} is changed: exercise {session['exercise']}")


def delete_session(client: Client, arguments: Namespace) -> None:
    """`motus sessions delete`."""
    client.delete_session(arguments.session, allow_missing=arguments.allow_missing)
    session = last_part(arguments.session)
    _tell(arguments, {"session": session, "deleted": True}, f"session {session} is erased")


def teach(client: Client, arguments: Namespace) -> None:
    """`motus teach`."""
    participant = f"{session_name(arguments.session)}/participants/{arguments.participant}"
    client.teach_movement(participant, arguments.movement, arguments.reps)
    session = last_part(arguments.session)
    answer = {"session": session, "movement": arguments.movement, "reps": arguments.reps}
    _tell(arguments, answer, f"taught/{arguments.movement} is on its way; `motus events {session}` tells the outcome")


def assign(client: Client, arguments: Namespace) -> None:
    """`motus assign`."""
    session = last_part(arguments.session)
    participant = f"{session_name(session)}/participants/{last_part(arguments.participant)}"
    client.assign_participant(participant, tap=tuple(arguments.tap) if arguments.tap else None)
    answer = {"session": session, "participant": last_part(participant)}
    _tell(arguments, answer, f"the wish is on its way; `motus events {session}` tells the outcome")


def dismiss_cue(client: Client, arguments: Namespace) -> None:
    """`motus cue dismiss`."""
    cue = cue_json(client.dismiss_cue(arguments.cue))
    _tell(arguments, cue, f"not to be said again: {cue['text']}")


def rate_cue(client: Client, arguments: Namespace) -> None:
    """`motus cue rate`."""
    cue = cue_json(client.rate_cue(arguments.cue, arguments.rating))
    _tell(arguments, cue, f"rated {arguments.rating} of 5: {cue['text']}")


def export(client: Client, arguments: Namespace) -> None:
    """`motus export`: a file that is there whole or not at all."""
    session = session_name(arguments.session)
    participant = f"{session}/participants/{arguments.participant}" if arguments.participant else ""
    kind = session_service_pb2.ExportFormat.Value(f"EXPORT_FORMAT_{arguments.format.upper()}")
    parts = client.export_session(session, kind, participant=participant)
    first = next(parts)
    target = arguments.out or Path(Path(first.filename).name)
    partial = target.with_name(f"{target.name}.part")
    try:
        with partial.open("wb") as file:
            for part in (first, *parts):
                file.write(part.data)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    answer = {"file": str(target), "media_type": first.media_type, "bytes": target.stat().st_size}
    _tell(arguments, answer, f"{target}: {answer['bytes']} bytes")


def show_rep(client: Client, arguments: Namespace) -> None:
    """`motus rep`."""
    rep = client.get_rep(arguments.rep)
    if arguments.json:
        curve = {"channel": rep.curve.channel, "values": list(rep.curve.values)}
        print_json(rep_json(rep) | {"curve": curve, "thresholds": dict(rep.thresholds), "why": rep.reason})
        return
    state = value_name(movement_pb2.RepState, rep.state).lower()
    print(f"rep {rep.ordinal or NONE} of {rep.exercise}, {state}, {rep.start_s:.2f} to {rep.end_s:.2f} s")
    if rep.reason:
        print(rep.reason)
    rows = [
        (
            measure.name,
            figure(measure.value if measure.HasField("value") else None, 2),
            value_name(measure_pb2.Grade, measure.grade).lower(),
        )
        for measure in rep.measures
    ]
    print(table(("measure", "value", "grade"), rows))


def list_measures(client: Client, arguments: Namespace) -> None:
    """`motus measures`."""
    register = client.list_measures()
    if arguments.json:
        print_json(MessageToDict(register, preserving_proto_field_name=True))
        return
    rows = [
        (one.name, value_name(measure_pb2.MeasureScope, one.scope).lower(), one.unit, one.definition)
        for one in register.measures
    ]
    print(table(("name", "of", "unit", "what it is"), rows))


def _tell(arguments: Namespace, answer: dict[str, Any], words: str) -> None:
    if arguments.json:
        print_json(answer)
    else:
        print(words, file=sys.stdout)
