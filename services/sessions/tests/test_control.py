"""Steering a session over the API: changes, taught movements, what athletes think of cues."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from motus.bus.v1 import control_pb2
from motus.v1 import measure_pb2, movement_pb2, session_service_pb2
from motus_register import CHANNELS, MEASURES, PHASE_MEASURES, SET_MEASURES
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.follow import follow

Coach = session_service_pb2.CoachSettings


async def update(running: Any, session: str, *paths: str, **fields: object) -> session_service_pb2.Session:
    """UpdateSession with new values and the paths to change."""
    wished = session_service_pb2.Session(name=f"sessions/{session}", **fields)
    request = session_service_pb2.UpdateSessionRequest(session=wished, update_mask=FieldMask(paths=paths))
    return await running.stub.UpdateSession(request, timeout=10)


async def commands(bus: Bus, session: str) -> list[control_pb2.Command]:
    """What the stages were told."""
    found = []
    async for message in follow(bus, topics.COMMANDS_STREAM, topics.commands(session)):
        found.append(decode(control_pb2.Command, message.body))
        if message.pending == 0:
            return found
    raise AssertionError("the stream does not end")


async def spec(bus: Bus, session: str) -> control_pb2.SessionSpec:
    """What the stages begin with."""
    last = await bus.last(f"KV_{topics.SPECS}", topics.spec_key(session))
    return decode(control_pb2.SessionSpec, last.data)


async def refused(call: Any) -> grpc.StatusCode:
    """The code of a call that must fail."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code()


async def test_a_change_is_kept_and_told_to_the_stages(running: Any, bus: Bus) -> None:
    """Only what the mask names changes; the stages get it as a command, and the spec keeps what replays begin with."""
    await running.create("change-me", exercise="squat")

    changed = await update(running, "change-me", "exercise", "in_set", exercise="lunge", in_set=True)
    muted = await update(running, "change-me", "coach.muted", coach=Coach(muted=True), exercise="press")

    assert (changed.exercise, changed.in_set, changed.coach.muted) == ("lunge", True, False)
    assert (muted.exercise, muted.in_set, muted.coach.muted) == ("lunge", True, True)
    assert muted == await running.get("change-me")
    first, second = [command.update for command in await commands(bus, "change-me")]
    assert (first.exercise, first.in_set, first.HasField("coach_muted")) == ("lunge", True, False)
    assert (second.coach_muted, second.HasField("exercise"), second.HasField("in_set")) == (True, False, False)
    told = await spec(bus, "change-me")
    assert (told.revision, told.coach.muted, told.exercise) == (3, True, "squat")


async def test_a_taught_movement_can_be_given_and_an_empty_exercise_means_recognise_it(running: Any) -> None:
    """`taught/<movement>` is an exercise like any other."""
    await running.create("give-taught", exercise="squat")

    assert (await update(running, "give-taught", "exercise", exercise="taught/thruster")).exercise == "taught/thruster"
    assert (await update(running, "give-taught", "exercise")).exercise == "unknown"


@pytest.mark.parametrize(
    ("paths", "fields"),
    [
        ((), {}),
        (("source",), {}),
        (("exercise",), {"exercise": "juggling"}),
        (("exercise",), {"exercise": "taught/No Way"}),
        (("in_set",), {}),
    ],
)
async def test_a_change_that_means_nothing_is_refused(running: Any, paths: tuple[str, ...], fields: Any) -> None:
    """No mask, a field that cannot change, an exercise nobody knows, a mark without a value."""
    await running.create("bad-change")

    assert await refused(update(running, "bad-change", *paths, **fields)) is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_session_that_is_over_cannot_be_changed(running: Any, stages: Callable[[str], Any]) -> None:
    """FAILED_PRECONDITION, and NOT_FOUND for what never was."""
    await running.create("over-now")
    await stages("over-now").finish(1.0)
    await running.until_over("over-now")
    teach = session_service_pb2.TeachMovementRequest(
        participant="sessions/over-now/participants/p1", movement="thruster", reps=[1, 2]
    )

    assert await refused(update(running, "over-now", "in_set", in_set=True)) is grpc.StatusCode.FAILED_PRECONDITION
    assert await refused(running.stub.TeachMovement(teach, timeout=10)) is grpc.StatusCode.FAILED_PRECONDITION
    assert await refused(update(running, "never-was", "in_set", in_set=True)) is grpc.StatusCode.NOT_FOUND


async def test_teaching_reaches_the_stages(running: Any, bus: Bus) -> None:
    """The wish names participant, movement and repetitions; what cannot be learnt is refused at once."""
    await running.create("teach-me")

    async def teach(**fields: Any) -> session_service_pb2.TeachMovementResponse:
        request = session_service_pb2.TeachMovementRequest(participant="sessions/teach-me/participants/p1", **fields)
        return await running.stub.TeachMovement(request, timeout=10)

    await teach(movement="thruster", reps=[3, 4])

    (command,) = await commands(bus, "teach-me")
    assert command.teach == control_pb2.Teach(participant="p1", movement="thruster", reps=[3, 4])
    for wrong in (
        {"movement": "Über", "reps": [1, 2]},
        {"movement": "x", "reps": [1]},
        {"movement": "x", "reps": [1, 1]},
    ):
        assert await refused(teach(**wrong)) is grpc.StatusCode.INVALID_ARGUMENT


async def test_who_is_in_view_reaches_the_stages(running: Any, bus: Bus) -> None:
    """By the participant's id, with the point that was touched or without; nobody else's, and no point outside."""
    await running.create("assign-me", participants=[{}, {}])

    async def assign(participant: str, **fields: Any) -> session_service_pb2.AssignParticipantResponse:
        request = session_service_pb2.AssignParticipantRequest(
            participant=f"sessions/assign-me/participants/{participant}", **fields
        )
        return await running.stub.AssignParticipant(request, timeout=10)

    await assign("p2")
    await assign("p1", tap={"x": 0.25, "y": 0.5})

    first, second = [command.assign for command in await commands(bus, "assign-me")]
    assert first == control_pb2.Assign(participant="p2")
    assert second == control_pb2.Assign(participant="p1", tap=control_pb2.TapPoint(x=0.25, y=0.5))
    assert await refused(assign("p3")) is grpc.StatusCode.NOT_FOUND
    assert await refused(assign("p1", tap={"x": 1.5, "y": 0.5})) is grpc.StatusCode.INVALID_ARGUMENT


async def test_what_an_athlete_thinks_of_a_cue_stays_when_it_is_reworded(
    running: Any, bus: Bus, stages: Callable[[str], Any]
) -> None:
    """Dismissed and rated, the cue says so in every list, also after its next revision; coach is told."""
    await running.create("think-of-cues")
    say, name = stages("think-of-cues"), "sessions/think-of-cues/cues/p1-1"
    await say.see(0.0)
    await say.cue(1, "Deeper.")
    await _until_heard(running, name)

    await running.stub.DismissCue(session_service_pb2.DismissCueRequest(name=name), timeout=10)
    rated = await running.stub.RateCue(session_service_pb2.RateCueRequest(name=name, rating=4), timeout=10)
    await say.cue(1, "Go deeper.", revision=2)
    await say.finish(2.0)
    await running.until_over("think-of-cues")

    assert (rated.dismissed, rated.rating, rated.text) == (True, 4, "Deeper.")
    listed = await running.stub.ListCues(
        session_service_pb2.ListCuesRequest(parent="sessions/think-of-cues"), timeout=10
    )
    assert [(cue.text, cue.dismissed, cue.rating) for cue in listed.cues] == [("Go deeper.", True, 4)]
    feedback = [command.cue_feedback for command in await commands(bus, "think-of-cues")]
    assert [(each.cue, each.dismissed, each.rating) for each in feedback] == [("p1-1", True, 0), ("p1-1", True, 4)]
    for wrong, code in (
        (session_service_pb2.RateCueRequest(name=name, rating=6), grpc.StatusCode.INVALID_ARGUMENT),
        (session_service_pb2.RateCueRequest(name=f"{name}0", rating=1), grpc.StatusCode.NOT_FOUND),
        (session_service_pb2.RateCueRequest(name="cues/1", rating=1), grpc.StatusCode.INVALID_ARGUMENT),
    ):
        assert await refused(running.stub.RateCue(wrong, timeout=10)) is code


async def test_what_a_watcher_has_heard_of_can_be_judged_and_got_at_once(
    running: Any, stages: Callable[[str], Any]
) -> None:
    """A cue or repetition that is on its way to the store still is waited for; one that never was is NOT_FOUND."""
    await running.create("hear-and-judge")
    say, parent = stages("hear-and-judge"), "sessions/hear-and-judge"
    for ordinal in range(1, 7):
        await say.cue(ordinal, "Deeper.")
        await _until_heard(running, f"{parent}/cues/p1-{ordinal}")
        dismiss = session_service_pb2.DismissCueRequest(name=f"{parent}/cues/p1-{ordinal}")
        assert (await running.stub.DismissCue(dismiss, timeout=10)).dismissed
        await say.count_rep(ordinal)
        rep = session_service_pb2.GetRepRequest(name=f"{parent}/reps/p1-{ordinal:04d}")
        assert (await running.stub.GetRep(rep, timeout=10)).ordinal == ordinal
    never = session_service_pb2.DismissCueRequest(name=f"{parent}/cues/p1-99")
    assert await refused(running.stub.DismissCue(never, timeout=10)) is grpc.StatusCode.NOT_FOUND


async def _until_heard(running: Any, name: str) -> None:
    """Wait for a watcher to hear of a cue."""
    request = session_service_pb2.WatchSessionRequest(name=name.partition("/cues/")[0])
    async for response in running.stub.WatchSession(request, timeout=20):
        if response.event.cue.name == name:
            return


async def test_one_repetition_comes_with_all_there_is_to_it(running: Any, stages: Callable[[str], Any]) -> None:
    """Also one that does not count; what never was is NOT_FOUND."""
    await running.create("get-a-rep")
    say = stages("get-a-rep")
    await say.count_rep(1)
    await say.count_rep(2, state="PARTIAL")
    await say.finish(5.0)
    await running.until_over("get-a-rep")

    async def get(name: str) -> movement_pb2.Rep:
        return await running.stub.GetRep(session_service_pb2.GetRepRequest(name=name), timeout=10)

    listed = await running.stub.ListReps(session_service_pb2.ListRepsRequest(parent="sessions/get-a-rep"), timeout=10)
    assert await get("sessions/get-a-rep/reps/p1-0001") == listed.reps[0]
    assert (await get("sessions/get-a-rep/reps/p1-0002")).state == movement_pb2.REP_STATE_PARTIAL
    assert await refused(get("sessions/get-a-rep/reps/p1-0003")) is grpc.StatusCode.NOT_FOUND
    assert await refused(get("sessions/get-a-rep/cues/p1-0001")) is grpc.StatusCode.INVALID_ARGUMENT


async def test_the_register_is_served_whole(running: Any) -> None:
    """Every row with its scope, unit and definition, each name once in its scope."""
    answer = await running.stub.ListMeasures(session_service_pb2.ListMeasuresRequest(), timeout=10)

    tables = (CHANNELS, MEASURES, PHASE_MEASURES, SET_MEASURES)
    assert [row.name for row in answer.measures] == [name for table in tables for name in table]
    assert all(row.scope and row.unit and row.definition for row in answer.measures)
    knee = next(row for row in answer.measures if row.name == "knee_flexion_left_deg")
    assert (knee.scope, knee.unit, knee.per_side) == (measure_pb2.MEASURE_SCOPE_CHANNEL, "deg", True)
    assert answer.exercises[-1] == "unknown"
