"""The contract's page says what the code does."""

import re
from pathlib import Path

from google.protobuf import descriptor_pool

from motus.bus.v1 import checkpoint_pb2, control_pb2, frame_pb2, landmarks_pb2, samples_pb2  # noqa: F401  (registers the messages)
from motus_runtime import topics

PAGE = (Path(__file__).resolve().parents[2] / "protos/README.md").read_text()
ROWS = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("| `")]


def test_every_kind_of_subject_has_its_row() -> None:
    """What the runtime can address is in the table, and nothing else is."""
    session = "abcd"
    made = {
        make(session).replace(f".{topics.partition(session)}.{session}", ".<p>.<s>")
        for make in (
            topics.frames,
            topics.invitations,
            topics.landmarks,
            topics.live,
            topics.samples,
            topics.commands,
        )
    }
    made.add(topics.events(session, "pose").replace(f".{topics.partition(session)}.{session}.pose", ".<p>.<s>.<stage>"))
    made.add(topics.dead_letters("<service>", topics.samples(session)).replace(session, "<s>"))
    made.add(topics.spec_key("abcd").replace("abcd", "<s>"))
    made.add(topics.checkpoint_key("<s>", "<participant>"))
    made |= {topics.member_key("<worker>"), topics.owner_key("<stage>", "<unit>")}

    assert {row[0].strip().strip("`") for row in ROWS} == made


def test_every_message_named_exists() -> None:
    """The table names only messages that the protos have."""
    names = re.findall(r"`(motus\.(?:bus\.)?v1\.[A-Z]\w+)`", PAGE)

    assert names
    for name in names:
        assert descriptor_pool.Default().FindMessageTypeByName(name)


def test_every_stream_named_is_provisioned() -> None:
    """The table's streams are those that the provisioner makes."""
    named = set(re.findall(r"`(MOTUS_[A-Z]+)`", PAGE))

    assert named == {spec.name for spec in topics.STREAMS if not spec.per_key}
