"""Landmarks that are refused: by whom they come, how they are, when, how many."""

from typing import Any

import grpc
import pytest

from motus.v1 import ingest_service_pb2 as api
from motus_ingest.push.settings import PushSettings
from motus_runtime import topics
from services.ingest.tests.push.conftest import DEADLINE_S, TIMES, Pushing, messages, moment, refused, start

SERVICE = api.DESCRIPTOR.services_by_name["IngestService"]


async def test_a_session_is_pushed_into_by_its_own_tenant_alone(pushing: Pushing, session: str) -> None:
    """Another's is told as what is not there; without the scope, or a token, nobody may."""
    await pushing.announce(session, "push:landmarks")

    answers = {
        token: await refused(pushing.stub(token).PushLandmarks(iter(messages(session, TIMES)), timeout=DEADLINE_S))
        for token in ("stranger", "reader", "nobody")
    }
    missing = await refused(pushing.stub().PushLandmarks(iter(messages("never-was", TIMES)), timeout=DEADLINE_S))

    assert answers["stranger"][:2] == (grpc.StatusCode.NOT_FOUND, "SESSION_NOT_FOUND")
    assert missing[:2] == answers["stranger"][:2]
    assert answers["reader"][:2] == (grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING")
    assert answers["nobody"][:2] == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID")
    assert await pushing.bus.last(topics.LANDMARKS_STREAM, topics.landmarks(session)) is None


@pytest.mark.parametrize("method", [each.name for each in SERVICE.methods])
async def test_no_method_takes_anything_from_a_stranger(pushing: Pushing, method: str) -> None:
    """Without a token that somebody made, or with another scope: each the same refusal, before a message is read."""
    for token, answer in (
        ("nobody", (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID")),
        ("reader", (grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING")),
    ):
        call = getattr(pushing.stub(token), method)
        assert (await refused(call(iter(()), timeout=DEADLINE_S)))[:2] == answer


def _with(t_s: float, **points_fields: Any) -> api.PushLandmarksRequest:
    bad = moment(t_s)
    for name, value in points_fields.items():
        setattr(bad.frame.landmarks, name, value)
    return bad


@pytest.mark.parametrize(
    ("call", "field"),
    [
        ([moment(0.0)], "start"),
        ([], "start"),
        ([start("SESSION"), start("SESSION")], "start"),
        ([start("SESSION", width=0)], "start.width"),
        ([start("SESSION"), moment(0.1), moment(0.1)], "frame.t_s"),
        ([start("SESSION"), moment(0.2), moment(0.1)], "frame.t_s"),
        ([start("SESSION"), moment(float("nan"))], "frame.t_s"),
        ([start("SESSION"), moment(-1.0)], "frame.t_s"),
        ([start("SESSION"), moment(0.0, participant="sessions/SESSION/participants/eve")], "frame.participant"),
        ([start("SESSION"), _with(0.0, image_f32=b"\0" * 656)], "frame.landmarks.image_f32"),
        ([start("SESSION"), _with(0.0, image_f32=b"\0\0\xc0\x7f" * 165)], "frame.landmarks.image_f32"),
        ([start("SESSION"), _with(0.0, world_f32=b"\0\0\x80\x7f" * 99)], "frame.landmarks.world_f32"),
        ([start("SESSION"), _with(0.0, presence_mask=2**33)], "frame.landmarks.presence_mask"),
        ([start("SESSION"), api.PushLandmarksRequest()], "item"),
    ],
)
async def test_what_breaks_the_rules_is_refused_by_its_field(
    pushing: Pushing, session: str, call: list[api.PushLandmarksRequest], field: str
) -> None:
    """The session stays open: whoever mends it goes on."""
    await pushing.announce(session, "push:landmarks")
    call = [_named(message, session) for message in call]

    code, reason, fields = await refused(pushing.stub().PushLandmarks(iter(call), timeout=DEADLINE_S))
    await pushing.is_free(session)

    assert (code, reason, fields) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT", {field})


def _named(message: api.PushLandmarksRequest, session: str) -> api.PushLandmarksRequest:
    """The message with the test's session in its names."""
    copy = api.PushLandmarksRequest()
    copy.CopyFrom(message)
    if copy.HasField("start"):
        copy.start.session = copy.start.session.replace("SESSION", session)
    if copy.HasField("frame"):
        copy.frame.participant = copy.frame.participant.replace("SESSION", session)
    return copy


async def test_more_per_second_than_allowed_or_for_longer_is_refused(pushing: Pushing, session: str) -> None:
    """By the client's own clock; 66 in a second pass where 60 are allowed, 90 do not."""
    await pushing.announce(session, "push:landmarks")
    stub = pushing.stub()

    fast = await refused(stub.PushLandmarks(iter(messages(session, [n / 90 for n in range(180)])), timeout=DEADLINE_S))
    long = await refused(stub.PushLandmarks(iter(messages(session, [3.0, 20_000.0])), timeout=DEADLINE_S))

    assert fast[:2] == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_FRAMES")
    assert long[:2] == (grpc.StatusCode.RESOURCE_EXHAUSTED, "SESSION_TOO_LONG")


async def test_one_call_at_a_time_pushes_into_a_session(pushing: Pushing, run_worker: Any, session: str) -> None:
    """A second one is refused by the same worker and by another one, and disturbs the first in nothing."""
    await pushing.announce(session, "push:landmarks")
    first = pushing.stub().PushLandmarks(timeout=DEADLINE_S)
    for message in messages(session, TIMES[:5], end=False):
        await first.write(message)
    await pushing.has(session, 5)

    here = await refused(pushing.stub().PushLandmarks(iter(messages(session, TIMES)), timeout=DEADLINE_S))
    async with run_worker(PushSettings()) as other:
        there = await refused(other.stub().PushLandmarks(iter(messages(session, TIMES)), timeout=DEADLINE_S))
    for message in messages(session, TIMES[5:])[1:]:
        await first.write(message)
    answer = await first

    assert here[:2] == there[:2] == (grpc.StatusCode.FAILED_PRECONDITION, "PUSHED_ALREADY")
    assert answer.counts.sent == 30


async def test_a_session_of_another_kind_or_over_is_not_pushed_into(pushing: Pushing, session: str) -> None:
    """A file's session is no place for landmarks, and behind an end nothing follows."""
    await pushing.announce(f"{session}-file", "push:video")
    await pushing.announce(session, "push:landmarks")
    await pushing.stub().PushLandmarks(iter(messages(session, TIMES)), timeout=DEADLINE_S)

    other = await refused(pushing.stub().PushLandmarks(iter(messages(f"{session}-file", TIMES)), timeout=DEADLINE_S))
    over = await refused(pushing.stub().PushLandmarks(iter(messages(session, TIMES)), timeout=DEADLINE_S))

    assert other[:2] == (grpc.StatusCode.FAILED_PRECONDITION, "OTHER_SOURCE")
    assert over[:2] == (grpc.StatusCode.FAILED_PRECONDITION, "SESSION_OVER")
