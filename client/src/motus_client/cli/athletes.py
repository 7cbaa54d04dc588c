"""The commands about athletes: list, show, create, update, delete, trends."""

from argparse import Namespace
from typing import Any

from motus.v1 import athlete_service_pb2
from motus_client.cli.problem import Problem, print_json
from motus_client.cli.tables import NONE, figure, table
from motus_client.client import Client
from motus_client.names import athlete_name, last_part, value_name

FIELDS = ("display_name", "stature_m", "mass_kg", "sex", "level", "language", "camera_mirrored")


def list_athletes(client: Client, arguments: Namespace) -> None:
    """`motus athletes list`."""
    found = [athlete_json(athlete) for athlete in client.list_athletes()]
    if arguments.json:
        print_json({"athletes": found})
        return
    rows = [
        (
            one["athlete"],
            one["display_name"] or NONE,
            figure(one["stature_m"], 2),
            figure(one["mass_kg"]),
            one["level"] or NONE,
        )
        for one in found
    ]
    print(table(("athlete", "name", "m", "kg", "level"), rows) if rows else "no athletes yet")


def show_athlete(client: Client, arguments: Namespace) -> None:
    """`motus athletes show`."""
    _tell(client.get_athlete(arguments.athlete), arguments)


def create_athlete(client: Client, arguments: Namespace) -> None:
    """`motus athletes create`."""
    athlete, _ = _given(arguments)
    _tell(client.create_athlete(athlete, athlete_id=last_part(arguments.athlete)), arguments)


def update_athlete(client: Client, arguments: Namespace) -> None:
    """`motus athletes update`."""
    athlete, fields = _given(arguments)
    if not fields:
        raise Problem("NOTHING_TO_CHANGE", "say what to change", "see `motus athletes update --help`", exit_code=2)
    athlete.name = athlete_name(arguments.athlete)
    _tell(client.update_athlete(athlete, fields), arguments)


def delete_athlete(client: Client, arguments: Namespace) -> None:
    """`motus athletes delete`."""
    client.delete_athlete(arguments.athlete, allow_missing=arguments.allow_missing)
    athlete = last_part(arguments.athlete)
    if arguments.json:
        print_json({"athlete": athlete, "deleted": True})
    else:
        print(f"athlete {athlete} is erased")


def show_trends(client: Client, arguments: Namespace) -> None:
    """`motus trends`."""
    trends = client.get_trends(arguments.athlete, arguments.exercise, arguments.measure)
    if arguments.json:
        found = {trend.measure: _trend_json(trend) for trend in trends}
        print_json({"athlete": last_part(arguments.athlete), "exercise": arguments.exercise, "trends": found})
        return
    rows = [
        (trend.measure, last_part(point.session), figure(point.median, 2), figure(point.spread, 2), str(point.count))
        for trend in trends
        for point in trend.points
    ]
    print(table(("measure", "session", "median", "spread", "reps"), rows) if rows else "nothing measured yet")


def athlete_json(athlete: athlete_service_pb2.Athlete) -> dict[str, Any]:
    """An athlete as plain values; what is not known is null, or empty where it is a text."""
    return {
        "athlete": last_part(athlete.name),
        "display_name": athlete.display_name,
        "stature_m": athlete.stature_m if athlete.HasField("stature_m") else None,
        "mass_kg": athlete.mass_kg if athlete.HasField("mass_kg") else None,
        "sex": value_name(athlete_service_pb2.Sex, athlete.sex).lower() if athlete.sex else "",
        "level": value_name(athlete_service_pb2.Level, athlete.level).lower() if athlete.level else "",
        "language": athlete.language,
        "camera_mirrored": athlete.camera_mirrored,
        "create_time": athlete.create_time.ToJsonString(),
        "learn_time": athlete.learn_time.ToJsonString() if athlete.HasField("learn_time") else None,
    }


def _trend_json(trend: athlete_service_pb2.Trend) -> dict[str, Any]:
    baseline = trend.baseline
    return {
        "points": [
            {
                "session": last_part(point.session),
                "time": point.time.ToJsonString(),
                "median": point.median,
                "spread": point.spread,
                "count": point.count,
            }
            for point in trend.points
        ],
        "baseline": {
            "median": baseline.median,
            "robust_cv": baseline.robust_cv,
            "count": baseline.count,
            "standard_error": baseline.standard_error if baseline.HasField("standard_error") else None,
        }
        if trend.HasField("baseline")
        else None,
    }


def _given(arguments: Namespace) -> tuple[athlete_service_pb2.Athlete, list[str]]:
    """The athlete that the command line describes, and which fields it names."""
    values = {name: getattr(arguments, name) for name in FIELDS if getattr(arguments, name) is not None}
    fields = list(values)
    for name in {"sex", "level"} & set(values):
        values[name] = f"{name}_{values[name]}".upper()
    return athlete_service_pb2.Athlete(**values), fields


def _tell(athlete: athlete_service_pb2.Athlete, arguments: Namespace) -> None:
    values = athlete_json(athlete)
    if arguments.json:
        print_json(values)
    else:
        print("\n".join(f"{name:<16} {NONE if value in (None, '') else value}" for name, value in values.items()))
