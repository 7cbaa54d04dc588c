"""A worker that takes a session over goes on from its checkpoint as if nothing had happened."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from motus.bus.v1 import checkpoint_pb2, samples_pb2
from motus_kinematics.checkpoints import Checkpoints
from motus_kinematics.commands import Commands
from motus_kinematics.session import MeasuredSession
from motus_kinematics.settings import KinematicsSettings
from motus_runtime import topics
from motus_runtime.bus import decode
from motus_runtime.errors import UnavailableError
from motus_runtime.follow import follow

AT_EACH_FRAME = KinematicsSettings(checkpoint_s=0.0)
TOMORROWS = checkpoint_pb2.Checkpoint(sequence=10, state=b"what tomorrow's version writes").SerializeToString()
BUCKET = f"KV_{topics.CHECKPOINTS}"


@asynccontextmanager
async def owner(bus, pose, epoch, settings=AT_EACH_FRAME):
    """A worker that measures a session until the block is left; then it vanishes without a word."""
    task = asyncio.create_task(MeasuredSession(bus, epoch, pose.spec, settings).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def listening(commands):
    """Commands that take in what is stored, until the block is left."""
    task = asyncio.create_task(commands.run(0))
    await commands.caught_up()
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def checkpoint(bus, pose, sequence=0):
    """The first checkpoint that stands for that place in the stream of landmarks, or for a later one."""
    key = topics.checkpoint_key(pose.session, "p1")
    async for stored in follow(bus, BUCKET, key, newest_per_subject=True):
        found = decode(checkpoint_pb2.Checkpoint, stored.body)
        if found.sequence >= sequence:
            return found
    raise AssertionError("the bucket has no end")


async def record(bus, pose, frames, first=0):
    """Say frames; returns the place of the last one in the stream."""
    for seq, frame in enumerate(frames, start=first):
        await pose.say(frame, seq)
    return (await bus.last(topics.LANDMARKS_STREAM, topics.landmarks(pose.session))).seq


def plain(pose, said):
    """What was said, without what differs between two sessions of the same athlete: names and latencies."""
    for envelope in said:
        if envelope.event.HasField("report"):
            envelope.event.report.ClearField("latency")
    return [str(envelope.event).replace(pose.session, "s") for envelope in said]


async def undisturbed(bus, pose, frames):
    """What one owner says of all frames."""
    await record(bus, pose, frames)
    await pose.end(frames[-1].t_s, len(frames))
    async with owner(bus, pose, 1, KinematicsSettings()):
        return plain(pose, await pose.events())


async def chunks(pose):
    """The samples that were stored, by the names of their chunks and without their sessions'."""
    stored = await pose.stored(topics.SAMPLES_STREAM, topics.samples(pose.session))
    found = [decode(samples_pb2.SampleChunk, message.body) for message in stored]
    return [(c.id.removeprefix(pose.session), c.last.frame_seq, list(c.series.columns)) for c in found]


async def test_killed_in_mid_rep_its_successor_says_what_an_undisturbed_worker_would(bus, make_pose, lab):
    """The landmarks before the checkpoint are gone, so none of them is read again; every event is the same."""
    frames = list(lab.film(lab.regular(3), 9.5, noise_m=0.005))
    middle = next(i for i, frame in enumerate(frames) if frame.t_s > 4.5)
    whole, pose = make_pose(), make_pose()
    expected = await undisturbed(bus, whole, frames)

    async with owner(bus, pose, 1):
        kept = await record(bus, pose, frames[:middle])
        await checkpoint(bus, pose, kept)
    await bus.jetstream.purge_stream(topics.LANDMARKS_STREAM, subject=topics.landmarks(pose.session), seq=kept + 1)
    async with owner(bus, pose, 2):
        await record(bus, pose, frames[middle:], first=middle)
        await pose.end(frames[-1].t_s, len(frames))
        said = await pose.events()

    assert plain(pose, said) == expected
    assert await chunks(pose) == await chunks(whole)


@pytest.mark.parametrize(
    "body", [b"\xff\xff", b"", checkpoint_pb2.Checkpoint(state=b"of tomorrow").SerializeToString()]
)
async def test_a_checkpoint_that_cannot_be_read_means_replay(bus, make_pose, lab, body):
    """Damaged, deleted or of an unknown version: the session is read from its first landmark, to the same end."""
    frames = list(lab.film(lab.regular(1), 4.0))
    pose = make_pose()
    expected = await undisturbed(bus, make_pose(), frames)

    async with owner(bus, pose, 1):
        await checkpoint(bus, pose, await record(bus, pose, frames[:80]))
    await bus.store_raw(topics.checkpoint_key(pose.session, "p1"), body, {})
    async with owner(bus, pose, 2):
        await record(bus, pose, frames[80:], first=80)
        await pose.end(frames[-1].t_s, len(frames))
        said = await pose.events()

    assert plain(pose, said) == expected


async def test_an_older_owner_never_replaces_a_newer_ones_checkpoint(bus, make_pose):
    """Whoever lost the lease without knowing it is told so when it writes, and when it begins."""
    session = make_pose().session
    older, newer = Checkpoints(bus, session, 4), Checkpoints(bus, session, 5)
    for owner in (older, newer):
        await owner.load("p1")

    await older.save("p1", checkpoint_pb2.Checkpoint(sequence=10))
    await newer.save("p1", checkpoint_pb2.Checkpoint(sequence=11))
    await newer.save("p1", checkpoint_pb2.Checkpoint(sequence=12))

    with pytest.raises(UnavailableError):
        await older.save("p1", checkpoint_pb2.Checkpoint(sequence=13))
    with pytest.raises(UnavailableError):
        await older.load("p1")
    assert (await newer.load("p1")).sequence == 12


async def test_a_session_that_is_over_leaves_no_checkpoint(bus, make_pose, lab):
    """The last event is said first; then what was kept is deleted."""
    pose, frames = make_pose(), list(lab.film((), 1.0))
    session = MeasuredSession(bus, 1, pose.spec, AT_EACH_FRAME)

    await record(bus, pose, frames)
    await pose.end(frames[-1].t_s, len(frames))
    await session.run()

    last = await bus.last(BUCKET, topics.checkpoint_key(pose.session, "p1"))
    assert last.headers["KV-Operation"] == "DEL"


RENAMED = ((1, "squat"), (2, "squat"), (3, "hinge"))


async def wishes(pose):
    """A user's wishes: a set begins after the first repetition, other exercise, the set ends."""
    await pose.wish(3.4, in_set=True)
    await pose.wish(6.1, exercise="hinge")
    await pose.wish(8.9, in_set=False)


async def test_commands_are_obeyed_before_the_same_frame_by_every_owner(bus, make_pose, lab):
    """Sets begin and end and the exercise changes when the user said so, whoever measures and however often."""
    frames = list(lab.film(lab.regular(3), 9.5))
    whole, pose = make_pose(), make_pose()
    await wishes(whole)
    expected = await undisturbed(bus, whole, frames)

    await wishes(pose)
    async with owner(bus, pose, 1):
        await checkpoint(bus, pose, await record(bus, pose, frames[:120]))
    async with owner(bus, pose, 2):
        await record(bus, pose, frames[120:], first=120)
        await pose.end(frames[-1].t_s, len(frames))
        said = await pose.events()

    sets = [envelope.event.set for envelope in said if envelope.event.HasField("set")]
    assert [(each.ordinal, each.exercise) for each in sets] == [(i, name) for i, name in RENAMED for _ in range(2)]
    assert sets[2].start_s == pytest.approx(3.4, abs=1e-6)
    assert plain(pose, said) == expected


async def test_a_command_that_came_late_keeps_its_appointment(bus, make_pose):
    """The first owner obeyed it before the frame at place 70, so the next one does too, whatever its time."""
    pose = make_pose()
    own = await pose.wish(1.0, exercise="hinge")
    first, second = Commands(bus, pose.session), Commands(bus, pose.session)
    async with listening(first):
        assert first.due(69, pose.ref(1.0, 0).ingest_time_ns) == []
        (wish,) = first.due(70, pose.ref(1.1, 0).ingest_time_ns)

    second.appointments.update(first.appointments)
    async with listening(second):
        assert second.due(69, pose.ref(2.0, 0).ingest_time_ns) == []
        assert second.due(70, pose.ref(2.0, 0).ingest_time_ns) == [wish]

    assert (wish.sequence, wish.command.update.exercise) == (own, "hinge")
