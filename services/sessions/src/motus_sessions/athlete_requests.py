"""Requests about athletes checked against the contract, the fields at fault named at once."""

import math
import secrets
from collections.abc import Sequence
from typing import Any

from motus.v1 import athlete_service_pb2
from motus_register import EXERCISES, MEASURES
from motus_sessions.names import ATHLETE_ID, MOVEMENT_ID
from motus_sessions.projection.athletes import AthleteRecord
from motus_sessions.requests import TAUGHT, Faults, check_text, is_language

CHANGEABLE = ("display_name", "stature_m", "mass_kg", "sex", "level", "language", "camera_mirrored")
STATURES_M, MASSES_KG = (0.5, 2.5), (10.0, 400.0)
MOST_MEASURES = 16
USUAL_MEASURES = (
    "range_of_motion_deg",
    "concentric_mean_velocity_deg_s",
    "concentric_peak_velocity_deg_s",
    "rep_duration_s",
    "eccentric_s",
    "concentric_s",
)
_SET_BY_SERVER = ("name", "create_time", "update_time", "learn_time")


def new_athlete(request: athlete_service_pb2.CreateAthleteRequest, now_ns: int) -> AthleteRecord:
    """The athlete that a request asks for.

    Raises:
        InvalidArgumentError: naming the fields at fault.
    """
    faults, given = Faults(), {descriptor.name for descriptor, _ in request.athlete.ListFields()}
    faults.unless(ATHLETE_ID.fullmatch(request.athlete_id or "auto"), "athlete_id", f"must be {ATHLETE_ID.pattern}")
    for field in _SET_BY_SERVER:
        faults.unless(field not in given, f"athlete.{field}", "is set by the server; leave it empty")
    values = _values(request.athlete, CHANGEABLE, faults)
    faults.refuse()
    athlete = request.athlete_id or secrets.token_hex(6)
    return AthleteRecord(athlete, **values, create_time_ns=now_ns, update_time_ns=now_ns)


def changes(request: athlete_service_pb2.UpdateAthleteRequest, now_ns: int) -> dict[str, Any]:
    """The fields that a request changes, with their new values.

    Raises:
        InvalidArgumentError: naming the fields at fault.
    """
    faults, paths = Faults(), request.update_mask.paths
    faults.unless(paths, "update_mask", "must name at least one of " + ", ".join(CHANGEABLE))
    faults.unless(set(paths) <= set(CHANGEABLE), "update_mask", "may name only " + ", ".join(CHANGEABLE))
    values = _values(request.athlete, [path for path in paths if path in CHANGEABLE], faults)
    faults.refuse()
    return values | {"update_time_ns": now_ns}


def trend_of(request: athlete_service_pb2.GetTrendsRequest) -> tuple[str, Sequence[str]]:
    """Exercise and measures that a request asks for.

    Raises:
        InvalidArgumentError: naming the fields at fault.
    """
    faults, exercise, measures = Faults(), request.exercise, list(request.measures)
    taught = exercise.startswith(TAUGHT) and MOVEMENT_ID.fullmatch(exercise.removeprefix(TAUGHT))
    faults.unless(exercise in EXERCISES or taught, "exercise", f"must be one of {', '.join(EXERCISES)}, or {TAUGHT}…")
    unknown = [name for name in measures if name not in MEASURES]
    faults.unless(not unknown, "measures", "no measures of a repetition: " + ", ".join(unknown[:5])[:200])
    faults.unless(len(set(measures)) == len(measures), "measures", "names one twice")
    faults.unless(len(measures) <= MOST_MEASURES, "measures", f"must be at most {MOST_MEASURES}")
    faults.refuse()
    return exercise, measures or USUAL_MEASURES


def _values(athlete: athlete_service_pb2.Athlete, fields: Sequence[str], faults: Faults) -> dict[str, Any]:
    """The values of some fields, checked; None for a figure that is absent."""
    check_text(athlete.display_name, 80, "athlete.display_name", faults)
    faults.unless(is_language(athlete.language), "athlete.language", "must be empty or BCP-47, as en")
    faults.unless(athlete.sex in athlete_service_pb2.Sex.values(), "athlete.sex", "is not known")
    faults.unless(athlete.level in athlete_service_pb2.Level.values(), "athlete.level", "is not known")
    values = {field: getattr(athlete, field) for field in fields}
    for field, (low, high) in (("stature_m", STATURES_M), ("mass_kg", MASSES_KG)):
        if not athlete.HasField(field):  # type: ignore[arg-type]
            values |= {field: None} if field in values else {}
        else:
            value = getattr(athlete, field)
            faults.unless(math.isfinite(value) and low <= value <= high, f"athlete.{field}", f"must be {low} to {high}")
    return values
