"""What the rules of the protos cannot say of a request about athletes."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from motus.v1 import athlete_service_pb2
from motus_register import EXERCISES, MEASURES
from motus_sessions.names import MOVEMENT_ID
from motus_sessions.projection.athletes import AthleteRecord
from motus_sessions.requests import TAUGHT, Faults

CHANGEABLE = ("display_name", "stature_m", "mass_kg", "sex", "level", "language", "camera_mirrored")
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
    for field in _SET_BY_SERVER:
        faults.unless(field not in given, f"athlete.{field}", "is set by the server; leave it empty")
    faults.refuse()
    values = _values(request.athlete, CHANGEABLE)
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
    faults.refuse()
    return _values(request.athlete, paths) | {"update_time_ns": now_ns}


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
    faults.refuse()
    return exercise, measures or USUAL_MEASURES


def _values(athlete: athlete_service_pb2.Athlete, fields: Iterable[str]) -> dict[str, Any]:
    """The values of some fields; None for a figure that is absent."""
    absent = {field for field in ("stature_m", "mass_kg") if not athlete.HasField(field)}
    return {field: None if field in absent else getattr(athlete, field) for field in fields}
