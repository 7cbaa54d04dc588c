"""The RPCs of AthleteService: check the request, ask the store, answer."""

import time
from typing import Any

from google.protobuf.empty_pb2 import Empty

from motus.v1 import athlete_service_pb2, athlete_service_pb2_grpc
from motus_runtime.errors import NotFoundError
from motus_runtime.rpc.call import caller
from motus_sessions.answers import athlete_message, trend_message
from motus_sessions.athlete_requests import changes, new_athlete, trend_of
from motus_sessions.erasing import Erasing
from motus_sessions.histories import past_reps
from motus_sessions.names import last_part
from motus_sessions.projection.athletes import AthleteRecord
from motus_sessions.requests import page_size
from motus_sessions.store.port import AthleteStore
from motus_sessions.tokens import Tokens


class AthleteServicer(athlete_service_pb2_grpc.AthleteServiceServicer):
    """Serves athletes, to each caller those of their tenant."""

    def __init__(self, store: AthleteStore, erasing: Erasing, tokens: Tokens) -> None:
        self._store, self._erasing, self._tokens = store, erasing, tokens

    async def CreateAthlete(
        self, request: athlete_service_pb2.CreateAthleteRequest, context: Any
    ) -> athlete_service_pb2.Athlete:
        """Keep a new athlete."""
        return athlete_message(await self._store.create(caller().tenant, new_athlete(request, time.time_ns())))

    async def GetAthlete(
        self, request: athlete_service_pb2.GetAthleteRequest, context: Any
    ) -> athlete_service_pb2.Athlete:
        """One athlete."""
        return athlete_message(await self._find(request.name))

    async def ListAthletes(
        self, request: athlete_service_pb2.ListAthletesRequest, context: Any
    ) -> athlete_service_pb2.ListAthletesResponse:
        """A page of athletes."""
        tenant = caller().tenant
        size, question = page_size(request.page_size), ("athletes", tenant)
        place = self._tokens.read(question, request.page_token, "page_token") if request.page_token else [""]
        found = await self._store.page(tenant, after=str(place[0]), limit=size + 1)
        more = len(found) > size
        return athlete_service_pb2.ListAthletesResponse(
            athletes=map(athlete_message, found[:size]),
            next_page_token=self._tokens.write(question, [found[size - 1].athlete]) if more else "",
        )

    async def UpdateAthlete(
        self, request: athlete_service_pb2.UpdateAthleteRequest, context: Any
    ) -> athlete_service_pb2.Athlete:
        """Change an athlete."""
        new, athlete = changes(request, time.time_ns()), last_part(request.athlete.name)
        record = await self._store.change(caller().tenant, athlete, new)
        if record is None:
            raise _unknown(request.athlete.name)
        return athlete_message(record)

    async def DeleteAthlete(self, request: athlete_service_pb2.DeleteAthleteRequest, context: Any) -> Empty:
        """Erase an athlete."""
        found = await self._erasing.athlete(caller().tenant, last_part(request.name))
        if not found and not request.allow_missing:
            raise _unknown(request.name)
        return Empty()

    async def GetTrends(
        self, request: athlete_service_pb2.GetTrendsRequest, context: Any
    ) -> athlete_service_pb2.GetTrendsResponse:
        """From session to session."""
        exercise, measures = trend_of(request)
        record = await self._find(request.name)
        reps = [
            rep for rep in await past_reps(self._store, caller().tenant, record.athlete) if rep.exercise == exercise
        ]
        return athlete_service_pb2.GetTrendsResponse(trends=[trend_message(reps, measure) for measure in measures])

    async def _find(self, name: str) -> AthleteRecord:
        found = await self._store.some(caller().tenant, [last_part(name)])
        if not found:
            raise _unknown(name)
        return found[0]


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(f"no athlete {name}", reason="ATHLETE_NOT_FOUND")
