"""The pages for those who write clients have all that there is, and nothing else."""

import re
from pathlib import Path

import pytest
from google.api import annotations_pb2

from motus.v1 import (
    access_pb2,
    athlete_service_pb2,
    ingest_service_pb2,
    operations_service_pb2,
    session_service_pb2,
)

ROOT = Path(__file__).resolve().parents[2]
PAGE, HTTP_PAGE = ((ROOT / "docs" / name).read_text() for name in ("api.md", "http.md"))
METHODS = [
    method
    for module in (session_service_pb2, athlete_service_pb2, operations_service_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
# Streams of requests, for which HTTP has no form.
PUSHING = list(ingest_service_pb2.DESCRIPTOR.services_by_name["IngestService"].methods)
# Of the bus, and of what the protos' own tests rule out.
NOT_OF_THE_API = {"UNDECODABLE", "METHOD_CLOSED"}


def test_every_call_is_in_the_table() -> None:
    """Each method has its place in the table of calls, and each name there is a method."""
    rows = PAGE[PAGE.index("| call |") : PAGE.index("The usual way")].strip().splitlines()[2:]
    named = {name for row in rows for name in re.findall(r"\w+", row.split("|")[1])}

    assert named == {method.name for method in METHODS + PUSHING}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_call_says_its_path(method: object) -> None:
    """The row of a call has the path that its proto says, the last part at least."""
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    verb = rule.WhichOneof("pattern")
    last = re.sub(r"\{.*\}", "", getattr(rule, verb)).removeprefix("/v1/")
    row = next(line for line in PAGE.splitlines() if re.match(rf"\|[^|]*\b{method.name}\b", line))

    assert verb.upper() in row
    assert last in row


def test_every_scope_and_reason_is_explained() -> None:
    """Whatever a client can be told has a line on one of the pages."""
    options = [method.GetOptions().Extensions[access_pb2.required_scopes] for method in METHODS + PUSHING]
    scopes = {scope for needed in options for scope in needed}
    sources = [
        file.read_text()
        for folder in ("runtime/src/motus_runtime/rpc", "services/sessions/src", "services/ingest/src/motus_ingest")
        for file in (ROOT / folder).rglob("*.py")
    ]
    reasons = {reason for text in sources for reason in re.findall(r'reason="([A-Z_]+)"', text)} - NOT_OF_THE_API

    assert reasons
    assert [name for name in sorted(scopes | reasons) if f"`{name}`" not in PAGE + HTTP_PAGE] == []
