"""The coach on a real bus: measured repetitions in, cues out, each once however often it is started anew."""

import json
import time

import pytest

from motus.bus.v1 import control_pb2, frame_pb2, samples_pb2
from motus.v1 import event_pb2, measure_pb2, movement_pb2, session_service_pb2
from motus_coach.app import CoachApp, fault_table
from motus_coach.policy.step import PolicyConfig
from motus_coach.session import SessionCoach
from motus_coach.settings import CoachSettings
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.errors import FailedPreconditionError
from motus_runtime.follow import follow

SHALLOW, DEEP = 55.0, 105.0
KINEMATICS = event_pb2.STAGE_KINEMATICS


@pytest.fixture
def coaching(serve):
    """Runs a coach as its service does, until the block is left."""
    table = fault_table("")
    return lambda settings=None: serve("coach", lambda context: CoachApp(context, settings or CoachSettings(), table))


class Source:
    """Plays kinematics for one session of squats."""

    def __init__(self, bus: Bus, session: str) -> None:
        self.bus, self.session = bus, session

    async def begin(self, *, muted: bool = False, pacing: str = "PACING_FAST") -> None:
        """Put the session's spec into the bucket."""
        spec = control_pb2.SessionSpec(
            session=self.session,
            exercise="squat",
            participants=[control_pb2.ParticipantSpec(id="p1")],
            coach=session_service_pb2.CoachSettings(muted=muted),
            source=session_service_pb2.Source(uri="file:///x.mp4", pacing=session_service_pb2.Pacing.Value(pacing)),
        )
        await self.bus.store(topics.spec_key(self.session), spec)

    async def close(self) -> None:
        """Take the spec away, as sessions does."""
        await self.bus.store_raw(topics.spec_key(self.session), b"", {"KV-Operation": "DEL"})

    async def rep(
        self,
        ordinal: int,
        knee_deg: float = DEEP,
        *,
        epoch: int = 5,
        revision: int = 1,
        state: movement_pb2.RepState.ValueType = movement_pb2.REP_STATE_CONFIRMED,
        ingest_time_ns: int | None = None,
    ) -> None:
        """A repetition with this knee flexion."""
        measures = [
            measure_pb2.Measure(name=name, value=value, grade=measure_pb2.GRADE_HIGH)
            for name, value in (("peak_knee_flexion_left_deg", knee_deg), ("eccentric_s", 1.2))
        ]
        measures.append(measure_pb2.Measure(name="trunk_lean_peak_deg", absence=measure_pb2.ABSENCE_REASON_VIEW))
        rep = movement_pb2.Rep(
            name=f"sessions/{self.session}/reps/p1-{ordinal:04d}",
            participant=f"sessions/{self.session}/participants/p1",
            ordinal=ordinal,
            set_ordinal=1,
            exercise="squat",
            state=state,
            revision=revision,
            start_s=ordinal * 3.0 - 2.5,
            end_s=ordinal * 3.0,
            measures=measures,
        )
        event = self.event(f"rep-p1-{ordinal}", ordinal * 3.0, revision)
        event.rep.CopyFrom(rep)
        await self.publish(event, epoch, ingest_time_ns)

    async def end(self, *, failed: bool = False, reason: str = "", epoch: int = 5) -> None:
        """Kinematics is through."""
        event = self.event("end-session-1", 60.0, 1)
        event.end.CopyFrom(event_pb2.StageEnd(stage=KINEMATICS, failed=failed, reason=reason))
        await self.publish(event, epoch)

    def event(self, event_id: str, t_s: float, revision: int) -> event_pb2.Event:
        """An event of kinematics without its detail."""
        name = f"sessions/{self.session}/events/kinematics-{event_id}"
        return event_pb2.Event(name=name, stage=KINEMATICS, t_s=t_s, revision=revision)

    async def publish(self, event: event_pb2.Event, epoch: int, ingest_time_ns: int | None = None) -> None:
        """Store an event as its stage would, deduplicated or not as the test says."""
        ref = frame_pb2.FrameRef(session=self.session, t_s=event.t_s, ingest_time_ns=ingest_time_ns or time.time_ns())
        envelope = samples_pb2.EventEnvelope(session=self.session, epoch=epoch, ref=ref, event=event)
        await self.bus.store(topics.events(self.session, "kinematics"), envelope)

    async def said(self, until: str) -> list[event_pb2.Event]:
        """The coach's events so far; waits for one with that detail (`end`) or cue code."""
        found: list[event_pb2.Event] = []
        async for stored in follow(self.bus, topics.EVENTS_STREAM, topics.events(self.session, "coach")):
            event = decode(samples_pb2.EventEnvelope, stored.body).event
            found.append(event)
            if until in (event.WhichOneof("detail"), event.cue.cue_code):
                return found
        raise AssertionError


async def dismiss(bus: Bus, session: str, cue: str) -> None:
    """A client dismisses a cue, as sessions tells the stages."""
    feedback = control_pb2.CueFeedback(cue=cue, dismissed=True)
    command = control_pb2.Command(id=f"feedback-{cue}", session=session, time_ns=5, cue_feedback=feedback)
    await bus.store(topics.commands(session), command, message_id=command.id)


def cues(events: list[event_pb2.Event]) -> list[movement_pb2.Cue]:
    """The cues among events."""
    return [event.cue for event in events if event.WhichOneof("detail") == "cue"]


async def test_repetitions_become_cues_a_summary_a_report_and_the_end(bus: Bus, coaching) -> None:
    """A shallow squat is corrected, a deep one praised, the session summed up; the end comes last."""
    source = Source(bus, "coach-flow")
    await source.begin()
    async with coaching():
        for ordinal, knee_deg in enumerate((DEEP, SHALLOW, DEEP), 1):
            await source.rep(ordinal, knee_deg)
        await source.end()
        events = await source.said("end")
    await source.close()

    correction, praise, summary = cues(events)
    assert [c.cue_code for c in cues(events)] == [
        "squat_depth_shallow",
        "squat_depth_shallow_mended",
        "session_summary",
    ]
    assert correction.name == "sessions/coach-flow/cues/p1-rep-0002"
    assert (correction.final, correction.revision, correction.severity) == (True, 1, movement_pb2.SEVERITY_ADVICE)
    assert correction.evidence[0].rep == "sessions/coach-flow/reps/p1-0002"
    assert (correction.evidence[0].value, correction.evidence[0].threshold) == (SHALLOW, 80.0)
    assert not correction.HasField("speak_at")
    assert (correction.t_s, praise.t_s) == (6.0, 9.0)
    assert summary.text.startswith("Three reps in all.")
    assert [event.WhichOneof("detail") for event in events[-2:]] == ["report", "end"]
    assert events[-2].report.final
    assert events[-2].report.counts["cues"] == 3
    assert events[-2].report.latency.count == 3
    assert events[-1].end == event_pb2.StageEnd(stage=event_pb2.STAGE_COACH)


async def test_failure_and_reason_pass_on_as_they_came(bus: Bus, coaching) -> None:
    """Why a source failed reaches the user unchanged."""
    source = Source(bus, "coach-failed")
    await source.begin()
    async with coaching():
        await source.end(failed=True, reason="The file has no video.")
        events = await source.said("end")
    await source.close()

    assert [event.WhichOneof("detail") for event in events] == ["report", "end"]
    assert (events[-1].end.failed, events[-1].end.reason) == (True, "The file has no video.")


async def test_a_restarted_coach_says_nothing_twice_and_goes_on(bus: Bus, coaching) -> None:
    """Each run knows what the ones before said, and goes on from there."""
    source = Source(bus, "coach-restart")
    await source.begin()
    async with coaching():
        await source.rep(1, SHALLOW)
        await source.said("squat_depth_shallow")
    async with coaching():
        await source.rep(2, DEEP)
        await source.said("squat_depth_shallow_mended")
    async with coaching():
        await source.end()
        events = await source.said("end")
    await source.close()

    names = [(event.name, event.revision) for event in events]
    assert len(set(names)) == len(names)
    assert [c.cue_code for c in cues(events)] == [
        "squat_depth_shallow",
        "squat_depth_shallow_mended",
        "session_summary",
    ]
    assert events[-2].report.counts["cues"] == 3


async def test_what_happened_while_no_coach_ran_is_answered(bus: Bus, coaching) -> None:
    """A recording that was through before the coach came still gets its cues and its end."""
    source = Source(bus, "coach-late")
    await source.begin()
    await source.rep(1, SHALLOW)
    await source.end()
    async with coaching():
        events = await source.said("end")
    await source.close()

    assert [c.cue_code for c in cues(events)] == ["squat_depth_shallow", "session_summary"]


async def test_what_was_said_before_the_server_forgot_its_id_is_not_said_again(bus: Bus, coaching) -> None:
    """The stream itself is the memory: the coach's own cue in it is enough."""
    source = Source(bus, "coach-memory")
    await source.begin()
    await source.rep(1, SHALLOW)
    name = "sessions/coach-memory/cues/p1-rep-0001"
    said = event_pb2.Event(name="sessions/coach-memory/events/coach-cue-p1-rep-0001", stage=event_pb2.STAGE_COACH)
    said.cue.CopyFrom(movement_pb2.Cue(name=name, cue_code="squat_depth_shallow", revision=1, final=True))
    envelope = samples_pb2.EventEnvelope(session="coach-memory", epoch=1, event=said)
    await bus.store(topics.events("coach-memory", "coach"), envelope)
    await source.end()
    async with coaching():
        events = await source.said("end")
    await source.close()

    assert [c.cue_code for c in cues(events)] == ["squat_depth_shallow", "session_summary"]
    assert events[-2].report.counts["cues"] == 2


async def test_a_session_that_is_through_is_left_alone(bus: Bus, coaching) -> None:
    """Started anew after its own end, the coach adds nothing."""
    source = Source(bus, "coach-through")
    await source.begin()
    await source.rep(1, SHALLOW)
    await source.end()
    async with coaching():
        before = await source.said("end")
    spec = control_pb2.SessionSpec(session="coach-through", exercise="squat")
    config = PolicyConfig(fault_table(""), cooldown_s=0)
    await SessionCoach(bus, "coach-through", 99, lambda: spec, config, CoachSettings(), None).run()
    subject = topics.events("coach-through", "coach")
    info = await bus.jetstream.stream_info(topics.EVENTS_STREAM, subjects_filter=subject)
    await source.close()

    assert info.state.subjects == {subject: len(before)}


async def test_repeated_and_outdated_messages_change_nothing(bus: Bus, coaching) -> None:
    """What a new owner of the partition repeats, and what an earlier one still says, are dropped."""
    source = Source(bus, "coach-fenced")
    await source.begin()
    async with coaching():
        await source.rep(1, DEEP)
        await source.rep(1, state=movement_pb2.REP_STATE_WITHDRAWN, revision=2)
        await source.rep(1, DEEP, epoch=6)
        await source.rep(2, SHALLOW, epoch=5)
        await source.rep(2, DEEP, epoch=6)
        await source.rep(3, DEEP, epoch=6)
        await source.end(epoch=6)
        events = await source.said("end")
    await source.close()

    (summary,) = cues(events)
    assert summary.text.startswith("Two reps in all.")


async def test_poison_does_not_stop_the_coach(bus: Bus, coaching) -> None:
    """Bytes that are no event are passed over."""
    source = Source(bus, "coach-poison")
    await source.begin()
    await bus.store_raw(topics.events("coach-poison", "kinematics"), b"\xff\xff\xff", {})
    await source.rep(1, SHALLOW)
    await source.end()
    async with coaching():
        events = await source.said("end")
    await source.close()

    assert len(cues(events)) == 2


async def test_a_muted_session_is_only_followed(bus: Bus, coaching) -> None:
    """No cue, but a report and an end."""
    source = Source(bus, "coach-muted")
    await source.begin(muted=True)
    async with coaching():
        await source.rep(1, SHALLOW)
        await source.end()
        events = await source.said("end")
    await source.close()

    assert [event.WhichOneof("detail") for event in events] == ["report", "end"]


async def test_in_real_time_a_cue_that_comes_too_late_is_dropped_and_counted(bus: Bus, coaching) -> None:
    """Nobody is told about a squat of a minute ago; a fresh one is answered with its expiry."""
    source = Source(bus, "coach-expired")
    await source.begin(pacing="PACING_REALTIME")
    await source.rep(1, SHALLOW, ingest_time_ns=time.time_ns() - 60 * 10**9)
    await source.rep(9, SHALLOW)
    async with coaching():
        await source.said("squat_depth_shallow")
        await source.end()
        events = await source.said("end")
    await source.close()

    assert [c.name.rsplit("/", 1)[1] for c in cues(events)] == ["p1-rep-0009", "p1-session"]
    assert cues(events)[0].HasField("expire_time")
    assert events[-2].report.counts["cues_expired"] == 1


async def test_a_models_words_come_as_the_second_and_final_revision(bus: Bus, coaching, endpoint) -> None:
    """The rule's cue is out at once with the moment to speak; the model's checked words follow."""
    source = Source(bus, "coach-model")
    await source.begin()
    settings = CoachSettings(base_url=endpoint.url, model="tiny", cue_deadline_s=4.0, timeout_s=4.0)
    async with coaching(settings):
        await source.rep(1, SHALLOW)
        await source.end()
        events = await source.said("end")
    await source.close()

    first, second = [c for c in cues(events) if c.cue_code == "squat_depth_shallow"]
    assert (first.revision, first.final, first.source) == (1, False, movement_pb2.CUE_SOURCE_RULE)
    assert first.HasField("speak_at")
    assert (second.revision, second.final, second.source) == (2, True, movement_pb2.CUE_SOURCE_MODEL)
    assert (second.text, second.model) == ("Sink deeper, then drive up.", "tiny")
    assert second.name == first.name
    assert second.model_latency_ms > 0
    assert events[-2].report.counts["cues_from_model"] == 1


@pytest.mark.parametrize(
    ("mode", "content", "reason"),
    [
        ("500", None, "server_error"),
        ("429", None, "rate_limited"),
        ("stall", None, "timeout"),
        ("drip", None, "timeout"),
        ("truncated", None, "connection"),
        ("normal", "no json", "json"),
        ("normal", json.dumps({"cue_code": "squat_depth_shallow", "text": "Deeper, to 133 degrees."}), "number"),
    ],
)
async def test_whatever_the_endpoint_does_the_cue_is_out_and_the_reason_counted(
    bus: Bus, coaching, endpoint, mode: str, content: str | None, reason: str
) -> None:
    """Both revisions carry the rule's words, and the second is final."""
    endpoint.mode = mode
    endpoint.content = content or endpoint.content
    source = Source(bus, f"coach-{mode}-{reason.replace('_', '-')}")
    await source.begin()
    slow = 0.2 if reason == "timeout" else 4.0
    settings = CoachSettings(base_url=endpoint.url, cue_deadline_s=slow, timeout_s=slow)
    async with coaching(settings):
        await source.rep(1, SHALLOW)
        await source.end()
        events = await source.said("end")
    await source.close()

    first, second = [c for c in cues(events) if c.cue_code == "squat_depth_shallow"]
    assert (second.revision, second.final, second.source) == (2, True, movement_pb2.CUE_SOURCE_RULE)
    assert first.text == second.text
    assert events[-2].report.counts[f"fallbacks_{reason}"] >= 1
    assert events[-1].WhichOneof("detail") == "end"


async def test_a_wording_that_was_cut_off_is_made_final_by_the_next_run(bus: Bus, coaching, endpoint) -> None:
    """Killed while the model was asked: no cue is said twice and none stays open."""
    endpoint.mode = "stall"
    source = Source(bus, "coach-cut-off")
    await source.begin()
    async with coaching(CoachSettings(base_url=endpoint.url, cue_deadline_s=4.0)):
        await source.rep(1, SHALLOW)
        await source.said("squat_depth_shallow")
    async with coaching():
        await source.end()
        events = await source.said("end")
    await source.close()

    first, second, _ = cues(events)
    assert (first.name, first.final, first.revision) == (second.name, False, 1)
    assert (second.text, second.final, second.revision) == (first.text, True, 2)


def test_a_wrong_table_of_faults_is_refused_with_its_path(tmp_path) -> None:
    """The service does not start with half a table."""
    table = tmp_path / "mine.toml"
    table.write_text("[[fault]]\ncode = 'x'\n")

    with pytest.raises(FailedPreconditionError, match=r"mine\.toml"):
        fault_table(str(table))


async def test_a_dismissed_cue_is_obeyed_and_told_and_a_restart_keeps_to_it(bus: Bus, coaching) -> None:
    """Once in the log at one place, whoever coaches; a cue that nobody said, and commands of others, change nothing."""
    source = Source(bus, "coach-dismissed")
    await source.begin()
    async with coaching(CoachSettings(cooldown_s=0.0)):
        await source.rep(1, SHALLOW)
        await source.said("squat_depth_shallow")
        await bus.store_raw(topics.commands(source.session), b"\xff\xff", {})
        await bus.store(topics.commands(source.session), control_pb2.Command(id="x", stop=control_pb2.Stop()))
        await dismiss(bus, source.session, "p1-rep-0099")
        await dismiss(bus, source.session, "p1-rep-0001")
        feedback = (await source.said("feedback"))[-1]
        await source.rep(2, SHALLOW)
    async with coaching(CoachSettings(cooldown_s=0.0)):
        await source.rep(3, SHALLOW)
        await source.end()
        events = await source.said("end")
    await source.close()

    assert feedback.feedback == event_pb2.CueFeedback(cue="sessions/coach-dismissed/cues/p1-rep-0001", dismissed=True)
    assert (feedback.participant, feedback.t_s) == ("sessions/coach-dismissed/participants/p1", 3.0)
    assert [event.WhichOneof("detail") for event in events].count("feedback") == 1
    assert [cue.cue_code for cue in cues(events)] == ["squat_depth_shallow", "session_summary"]
