"""The service on a real bus: landmarks in, samples and events out, the same ones after a restart."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from motus.bus.v1 import control_pb2, frame_pb2, landmarks_pb2, samples_pb2
from motus.v1 import event_pb2, movement_pb2
from motus_kinematics.app import KinematicsApp
from motus_kinematics.core.profile import decode as decode_profile
from motus_kinematics.settings import KinematicsSettings
from motus_runtime import topics
from motus_runtime.bus import decode


@pytest.fixture
def measuring(serve):
    """Runs a worker as its service does, until the block is left."""
    return lambda: serve("kinematics", lambda context: KinematicsApp(context, KinematicsSettings()))


def of_kind(said, kind):
    """The events of one kind."""
    return [envelope.event for envelope in said if envelope.event.WhichOneof("detail") == kind]


async def test_a_session_is_measured_from_its_first_frame_to_its_end(measuring, make_pose, lab):
    """Reps with measures and phases, a set, the final report and, last of all, the end with its reason."""
    moves = lab.regular(2)
    pose = make_pose()
    frames = list(lab.film(moves, 6.5))

    async with measuring():
        await pose.begin()
        for seq, frame in enumerate(frames):
            await pose.say(frame, seq)
        await pose.end(frames[-1].t_s, len(frames), failed=True, reason="The camera was unplugged.")
        said = await pose.events()

    confirmed = [e.rep for e in of_kind(said, "rep") if e.rep.state == movement_pb2.REP_STATE_CONFIRMED]
    assert [rep.name for rep in confirmed] == [f"sessions/{pose.session}/reps/p1-000{i}" for i in (1, 2)]
    assert [rep.turn_s for rep in confirmed] == pytest.approx([m.turn_s for m in moves], abs=0.1)
    assert confirmed[0].participant == f"sessions/{pose.session}/participants/p1"
    assert {m.name: m.value for m in confirmed[0].measures}["peak_knee_flexion_right_deg"] == pytest.approx(100, abs=3)
    assert [e.phase.kind for e in of_kind(said, "phase")] == [
        movement_pb2.PHASE_KIND_ECCENTRIC,
        movement_pb2.PHASE_KIND_CONCENTRIC,
    ] * 2
    assert [e.set.reps for e in of_kind(said, "set")] == [0, 2]
    (report,) = of_kind(said, "report")
    assert report.report.final
    assert report.report.counts["frames_in"] == len(frames)
    assert report.report.counts["samples"] == len(frames)
    assert report.report.counts["reps"] == 2
    end = said[-1].event
    assert (end.end.stage, end.end.failed) == (event_pb2.STAGE_KINEMATICS, True)
    assert end.end.reason == "The camera was unplugged."


async def test_every_frame_is_stored_once_in_chunks(measuring, make_pose, lab):
    """The chunks of a session hold one row per frame, in order, without a gap or an overlap."""
    pose = make_pose()
    frames = [lab.hidden(f) if 2.0 < f.t_s < 3.0 else f for f in lab.film(lab.regular(1), 5.0)]

    async with measuring():
        await pose.play(frames)
        stored = await pose.stored(topics.SAMPLES_STREAM, topics.samples(pose.session))

    chunks = [decode(samples_pb2.SampleChunk, message.body) for message in stored]
    times = np.concatenate([np.frombuffer(chunk.series.t_s_f64, "<f8") for chunk in chunks])
    assert times.tolist() == [frame.t_s for frame in frames]
    assert [chunk.first.frame_seq for chunk in chunks[1:]] == [chunk.last.frame_seq + 1 for chunk in chunks[:-1]]


async def test_live_samples_carry_the_phase_and_the_count(bus, measuring, make_pose, lab):
    """A watcher sees each new frame's channels as it comes."""
    pose, seen = make_pose(), asyncio.Queue()
    stop = await bus.listen(topics.live(pose.session), lambda message: seen.put_nowait(message.data))
    frames = list(lab.film(lab.regular(1), 4.0))

    async with measuring():
        await pose.play(frames)
    await stop()

    messages = [decode(samples_pb2.Live, seen.get_nowait()) for _ in range(seen.qsize())]
    samples = [message.sample for message in messages if message.WhichOneof("item") == "sample"]
    assert samples[-1].reps == 1
    assert movement_pb2.PHASE_KIND_ECCENTRIC in {sample.phase for sample in samples}
    assert len(samples[-1].channels) == len(samples[-1].values) == len(samples[-1].grades)


async def test_a_worker_that_takes_over_says_the_same_again_and_the_bus_drops_it(measuring, make_pose, lab):
    """Killed in the middle of a repetition, its successor counts that one once and goes on."""
    pose = make_pose()
    frames = list(lab.film(lab.regular(3), 9.5))
    middle = next(i for i, frame in enumerate(frames) if frame.t_s > 4.5)

    async with measuring():
        await pose.begin()
        for seq, frame in enumerate(frames[:middle]):
            await pose.say(frame, seq)
        await pose.events(until="phase")
    async with measuring():
        for seq, frame in enumerate(frames[middle:], start=middle):
            await pose.say(frame, seq)
        await pose.end(frames[-1].t_s, len(frames))
        said = await pose.events()

    names = [f"{envelope.event.name}@{envelope.event.revision}" for envelope in said]
    assert len(set(names)) == len(names)
    confirmed = [e.rep.ordinal for e in of_kind(said, "rep") if e.rep.state == movement_pb2.REP_STATE_CONFIRMED]
    assert confirmed == [1, 2, 3]
    whole = lab.play(frames, "squat").reps
    last = {e.rep.ordinal: e.rep for e in of_kind(said, "rep")}
    assert [last[i].turn_s for i in (1, 2, 3)] == pytest.approx([r.record.cycle.turn_s for r in whole], abs=0.02)


async def test_poison_goes_to_the_dead_letters_and_the_session_goes_on(bus, measuring, make_pose, lab):
    """Bytes that are no landmarks are buried with the reason; frames of a replaced worker are left out."""
    pose = make_pose()
    frames = list(lab.film((), 1.0))
    bad = landmarks_pb2.Landmarks(ref=pose.ref(0.5, 3))
    bad.persons.add(participant="p1").landmarks.image_f32 = b"short"

    async with measuring():
        await pose.begin()
        for seq, frame in enumerate(frames):
            await pose.say(frame, seq, pose_epoch=2)
        await bus.store(topics.landmarks(pose.session), bad)
        await pose.say(lab.retimed(frames[0], 1.5), 99, pose_epoch=1)
        await pose.say(frames[3], 3, pose_epoch=2)
        end = landmarks_pb2.Landmarks(ref=pose.ref(1.6, 100), pose_epoch=2, end=frame_pb2.End())
        await bus.store(topics.landmarks(pose.session), end)
        said = await pose.events()
        letters = await pose.stored(topics.DEAD_LETTER_STREAM, topics.dead_letters_of(bus.service))

    counts = of_kind(said, "report")[0].report.counts
    assert (counts["messages_bad"], counts["frames_stale"], counts["frames_repeated"]) == (1, 1, 1)
    assert counts["frames_in"] == len(frames)
    assert decode(control_pb2.DeadLetter, letters[-1].body).subject == topics.landmarks(pose.session)


async def test_left_and_right_of_a_mirrored_source_are_those_of_the_athlete(measuring, make_pose, lab):
    """The knee that bends less is the other one when the picture is a mirror image."""
    frames = list(lab.film(lab.regular(1), 4.0, far=lab.Pose(knee=(70.0, 100.0), hip=(80.0, 95.0), lean=30.0)))
    peaks = {}
    async with measuring():
        for mirrored in (False, True):
            pose = make_pose()
            pose.spec.source.mirrored = mirrored
            rep = of_kind(await pose.play(frames), "rep")[-1].rep
            figures = {m.name: m.value for m in rep.measures}
            peaks[mirrored] = [figures[f"peak_knee_flexion_{side}_deg"] for side in ("left", "right")]

    assert peaks[True] == pytest.approx(peaks[False][::-1], abs=5.0)
    assert peaks[False][0] < peaks[False][1] - 15.0


async def test_what_was_learnt_of_an_athlete_comes_with_the_end_and_serves_the_next_session(measuring, make_pose, lab):
    """A movement taught in one session is counted in another that was given the profile, whose limbs have two sessions.

    Nothing learnt, no profile.
    """
    rest = replace(lab.standing, elbow=(140.0, 140.0), shoulder=(30.0, 30.0))
    far = replace(lab.squatting, elbow=(10.0, 10.0), shoulder=(120.0, 120.0))
    frames = list(lab.film(lab.regular(3), 9.5, rest=rest, far=far))
    first, second = make_pose(), make_pose()
    teach = control_pb2.Teach(participant="p1", movement="thruster", reps=[1, 2, 3])

    async with measuring():
        await first.command(9.4, teach=teach)
        *_, ended = await first.play(frames)
        second.spec.exercise = "taught/thruster"
        second.spec.participants[0].profile = ended.profiles["p1"]
        said = await second.play(frames)
        limbs = [decode_profile(each.profiles["p1"]).limbs for each in (ended, said[-1])]
        (*_, plain) = await make_pose().play(frames[:30])

    assert {e.rep.exercise for e in of_kind(said, "rep")} == {"taught/thruster"}
    assert {e.rep.ordinal for e in of_kind(said, "rep")} == {1, 2, 3}
    assert [each["thigh"].sessions for each in limbs] == [1, 2]
    assert not plain.profiles
