"""A client written from docs/api.md and the protos alone: create, watch, read the repetitions, take a file.

Arguments: address, file of the token, URI of the video. Prints one JSON object.
"""

import json
import sys
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from motus.v1 import event_pb2, session_service_pb2, session_service_pb2_grpc

UNARY_S, STREAM_S = 10, 3600


def reason(error: grpc.RpcError) -> str:
    """The reason to switch on."""
    trailers: Any = error.trailing_metadata()
    status = status_pb2.Status.FromString(dict(trailers)["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    return next(info.reason for detail in status.details if detail.Unpack(info))


def watched(stub: Any, name: str) -> list[str]:
    """The names of all events until the session has ended; the stream is left once and gone on with."""
    request, seen = session_service_pb2.WatchSessionRequest(name=name), []
    for most in (2, None):
        call = stub.WatchSession(request, timeout=STREAM_S)
        for response in call:
            request.resume_token = response.resume_token or request.resume_token
            if response.HasField("event"):
                seen.append(f"{response.event.name}@{response.event.revision}")
            if len(seen) == most:
                call.cancel()
                break
    return seen


def all_reps(stub: Any, name: str) -> list[Any]:
    """Page by page."""
    request, reps = session_service_pb2.ListRepsRequest(parent=name, page_size=2), []
    while True:
        page = stub.ListReps(request, timeout=UNARY_S)
        reps += page.reps
        request.page_token = page.next_page_token
        if not request.page_token:
            return reps


def main(address: str, token_file: str, uri: str) -> None:
    """Entry point."""
    with open(token_file) as file:
        token = grpc.access_token_call_credentials(file.read().strip())
    credentials = grpc.composite_channel_credentials(grpc.local_channel_credentials(), token)
    with grpc.secure_channel(address, credentials) as channel:
        stub = session_service_pb2_grpc.SessionServiceStub(channel)
        session = session_service_pb2.Session(
            source=session_service_pb2.Source(uri=uri, pacing=session_service_pb2.PACING_FAST), exercise="squat"
        )
        create = session_service_pb2.CreateSessionRequest(session=session, request_id="from-python")
        made, again = (stub.CreateSession(create, timeout=UNARY_S) for _ in range(2))
        events = watched(stub, made.name)
        ended = stub.GetSession(session_service_pb2.GetSessionRequest(name=made.name), timeout=UNARY_S)
        export = session_service_pb2.ExportSessionRequest(
            name=made.name, format=session_service_pb2.EXPORT_FORMAT_CSV, channels=["knee_flexion_left_deg"]
        )
        parts = list(stub.ExportSession(export, timeout=STREAM_S))
        try:
            stub.GetSession(session_service_pb2.GetSessionRequest(name="sessions/not-there"), timeout=UNARY_S)
            missing = ""
        except grpc.RpcError as error:
            missing = reason(error)
        print(
            json.dumps(
                {
                    "same": made.name == again.name,
                    "state": event_pb2.SessionState.Name(ended.state),
                    "events": events,
                    "reps": [[rep.start_s, rep.end_s] for rep in all_reps(stub, made.name)],
                    "filename": parts[0].filename,
                    "file": b"".join(part.data for part in parts).decode(),
                    "missing": missing,
                }
            )
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
