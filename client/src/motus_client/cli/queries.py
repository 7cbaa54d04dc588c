"""The commands that are one plain call each: list, show, reps, series, cues, events, stop."""

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from motus.v1 import event_pb2, movement_pb2
from motus_client.cli.problem import print_json
from motus_client.cli.summary import cues_table, latency_table, reps_table
from motus_client.cli.tables import NONE, table
from motus_client.client import Client
from motus_client.names import athlete_name, last_part, source_words, value_name
from motus_client.outcome import cue_json, event_json, rep_json, session_json


def list_sessions(client: Client, arguments: Namespace) -> None:
    """`motus sessions list`."""
    wanted = client.list_sessions(
        athlete=athlete_name(arguments.athlete) if arguments.athlete else "",
        created_from=arguments.since,
        created_before=arguments.before,
        oldest_first=arguments.oldest_first,
    )
    found = [session_json(session) for session in wanted]
    if arguments.json:
        print_json({"sessions": found})
        return
    rows = [
        (
            item["session"],
            _state(item),
            item["exercise"],
            str(item["rep_count"]),
            _moment(item["create_time"]),
            source_words(item["source"]),
        )
        for item in found
    ]
    print(
        table(("session", "state", "exercise", "reps", "created (UTC)", "source"), rows) if rows else "no sessions yet"
    )


def _state(session: Mapping[str, Any]) -> str:
    """Where a session stands, with its place in the line while it waits for free workers."""
    place = session["queue_position"]
    return f"{session['state']}, place {place}" if place else str(session["state"])


def show_session(client: Client, arguments: Namespace) -> None:
    """`motus sessions show`."""
    session = session_json(client.get_session(arguments.session))
    if arguments.json:
        print_json(session)
        return
    frames = session["frames"]
    people = ", ".join(
        person["name"] or person["athlete"] or person["participant"] for person in session["participants"]
    )
    lines = {
        "session": session["session"],
        "state": _state(session) + (f" ({session['reason']})" if session["reason"] else ""),
        "source": source_words(session["source"]),
        "exercise": session["exercise"],
        "participants": people,
        "created (UTC)": _moment(session["create_time"]),
        "ended (UTC)": _moment(session["end_time"]),
        "reps": str(session["rep_count"]),
        "frames": f"{frames['in']} in, {frames['with_pose']} with a pose, {frames['dropped']} dropped",
    }
    print("\n".join(f"{name:<13} {value}" for name, value in lines.items()))
    if session["latency_ms"]:
        print(f"\n{latency_table(session['latency_ms'])}")


def show_reps(client: Client, arguments: Namespace) -> None:
    """`motus reps`."""
    reps = list(client.list_reps(arguments.session, include_uncounted=arguments.all))
    if arguments.json:
        print_json({"session": last_part(arguments.session), "reps": [rep_json(rep) for rep in reps]})
    else:
        print(reps_table(reps) or "no reps")


def show_cues(client: Client, arguments: Namespace) -> None:
    """`motus cues`."""
    cues = list(client.list_cues(arguments.session))
    if arguments.json:
        print_json({"session": last_part(arguments.session), "cues": [cue_json(cue) for cue in cues]})
    else:
        print(cues_table(cues) or "no cues")


def show_events(client: Client, arguments: Namespace) -> None:
    """`motus events`."""
    events = list(client.list_events(arguments.session))
    if arguments.json:
        print_json({"session": last_part(arguments.session), "events": [event_json(event) for event in events]})
        return
    rows = [
        (
            f"{event.t_s:.2f}",
            value_name(event_pb2.Stage, event.stage).lower(),
            event.WhichOneof("detail") or NONE,
            last_part(event.participant) or NONE,
            str(event.revision),
            _words(event),
        )
        for event in events
    ]
    print(table(("at s", "stage", "what", "who", "revision", "in words"), rows) if rows else "no events")


def show_series(client: Client, arguments: Namespace) -> None:
    """`motus series`: one row per moment, columns with tabs between them."""
    series = client.get_series(arguments.session, arguments.channel, max_points=arguments.max_points)
    if arguments.json:
        absences = {name: {str(row): why for row, why in rows.items()} for name, rows in series.absences.items()}
        print_json(
            {
                "session": last_part(arguments.session),
                "participant": last_part(series.participant),
                "t_s": series.t_s,
                "channels": series.channels,
                "absences": absences,
                "grades": series.grades,
            }
        )
        return
    print("\t".join(("t_s", *series.channels)))
    for t_s, *values in zip(series.t_s, *series.channels.values(), strict=True):
        print("\t".join((f"{t_s:.3f}", *(NONE if value is None else f"{value:.2f}" for value in values))))


def stop_session(client: Client, arguments: Namespace) -> None:
    """`motus stop`."""
    session = session_json(client.stop_session(arguments.session, reason=arguments.reason))
    if arguments.json:
        print_json(session)
    else:
        print(f"session {session['session']} is asked to end; its state now is {session['state']}")


def _moment(time: str | None) -> str:
    """`2026-03-01 14:05:09` of `2026-03-01T14:05:09.123456789Z`."""
    return time[:19].replace("T", " ") if time else NONE


def _words(event: event_pb2.Event) -> str:
    """The gist of an event."""
    detail = event.WhichOneof("detail")
    if detail == "rep":
        state = value_name(movement_pb2.RepState, event.rep.state).lower()
        what = f"rep {event.rep.ordinal}" if event.rep.ordinal else "attempt"
        return f"{what} {state}, {event.rep.start_s:.2f} to {event.rep.end_s:.2f} s"
    if detail == "phase":
        return value_name(movement_pb2.PhaseKind, event.phase.kind).lower()
    if detail == "set":
        return f"set {event.set.ordinal}: {event.set.reps} reps"
    if detail == "exercise":
        return f"{event.exercise.exercise} ({event.exercise.confidence:.2f})"
    if detail == "state":
        return value_name(event_pb2.SessionState, event.state.current) + (
            f": {event.state.reason}" if event.state.reason else ""
        )
    texts = {"cue": event.cue.text, "notice": event.notice.text, "end": event.end.reason}
    return texts.get(detail or "", "")
