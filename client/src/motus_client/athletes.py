# Written from aio/athletes.py by `make client`.
"""Calls of AthleteService."""

from collections.abc import Iterable, Iterator, Sequence

from google.protobuf import field_mask_pb2

from motus.v1 import athlete_service_pb2
from motus_client.calls import PAGE
from motus_client.connection import Connection
from motus_client.names import athlete_name


class AthleteCalls(Connection):
    """Athletes are named with or without `athletes/`; every call may raise `ApiError`."""

    def create_athlete(
        self, athlete: athlete_service_pb2.Athlete, *, athlete_id: str = ""
    ) -> athlete_service_pb2.Athlete:
        """Keep a new athlete, by an id of the server's where none is wished."""
        request = athlete_service_pb2.CreateAthleteRequest(athlete=athlete, athlete_id=athlete_id)
        return self._call(self._athletes.CreateAthlete, request)

    def get_athlete(self, athlete: str) -> athlete_service_pb2.Athlete:
        """One athlete."""
        request = athlete_service_pb2.GetAthleteRequest(name=athlete_name(athlete))
        return self._call(self._athletes.GetAthlete, request)

    def list_athletes(self) -> Iterator[athlete_service_pb2.Athlete]:
        """Athletes by their id."""
        request = athlete_service_pb2.ListAthletesRequest(page_size=PAGE)
        return self._pages(self._athletes.ListAthletes, request, "athletes")

    def update_athlete(
        self, athlete: athlete_service_pb2.Athlete, fields: Iterable[str]
    ) -> athlete_service_pb2.Athlete:
        """Change the fields of an athlete, known by its `name`, to the values given; one that is absent is cleared."""
        request = athlete_service_pb2.UpdateAthleteRequest(
            athlete=athlete, update_mask=field_mask_pb2.FieldMask(paths=list(fields))
        )
        return self._call(self._athletes.UpdateAthlete, request)

    def delete_athlete(self, athlete: str, *, allow_missing: bool = False) -> None:
        """Erase an athlete and all that is known of them; with `allow_missing` one who is not there is no error."""
        request = athlete_service_pb2.DeleteAthleteRequest(name=athlete_name(athlete), allow_missing=allow_missing)
        self._call(self._athletes.DeleteAthlete, request)

    def get_trends(
        self, athlete: str, exercise: str, measures: Iterable[str] = ()
    ) -> Sequence[athlete_service_pb2.Trend]:
        """How measures of an exercise went from session to session, and what is usual; no measures: the usual ones."""
        request = athlete_service_pb2.GetTrendsRequest(
            name=athlete_name(athlete), exercise=exercise, measures=list(measures)
        )
        return (self._call(self._athletes.GetTrends, request)).trends
