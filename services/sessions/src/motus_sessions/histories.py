"""What is known of an athlete from the sessions before: who they are, and what is usual for them."""

import asyncio
from collections.abc import Mapping, Sequence

from motus.v1 import measure_pb2, movement_pb2
from motus_sessions.projection.athletes import History, PastRep, baselines
from motus_sessions.projection.records import SessionRecord
from motus_sessions.store.port import AthleteStore

MOST_REPS = 1000
"""So many of the latest repetitions say what is usual."""
_GOOD = (measure_pb2.GRADE_HIGH, measure_pb2.GRADE_MEDIUM)


async def histories(store: AthleteStore, tenant: str, record: SessionRecord) -> Mapping[str, History]:
    """The histories of the athletes that a session is about, by bare id; of its exercise where one is given."""
    wanted = {one.athlete for one in record.participants if one.athlete}
    found = {}
    for athlete in await store.some(tenant, wanted) if wanted else ():
        reps = await past_reps(store, tenant, athlete.athlete)
        ours = [rep for rep in reps if record.exercise in (rep.exercise, "unknown")]
        found[athlete.athlete] = History(athlete, baselines(ours))
    return found


async def past_reps(store: AthleteStore, tenant: str, athlete: str) -> Sequence[PastRep]:
    """An athlete's latest counted repetitions with their well graded measures."""
    rows = await store.reps(tenant, athlete, MOST_REPS)
    return await asyncio.to_thread(lambda: [_past_rep(*row) for row in rows])


def _past_rep(session: str, time_ns: int, body: bytes) -> PastRep:
    rep = movement_pb2.Rep.FromString(body)
    good = {each.name: each.value for each in rep.measures if each.HasField("value") and each.grade in _GOOD}
    return PastRep(session, time_ns, rep.exercise, good)
