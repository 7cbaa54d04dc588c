"""`motus analyze`: plays a video through a stack, shows what is measured, and writes the report."""

import hashlib
import json
import re
import sys
import unicodedata
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from motus.v1 import session_service_pb2
from motus_client.cli.arguments import given_access
from motus_client.cli.display import display_for
from motus_client.cli.following import end_session, follow_session
from motus_client.cli.interrupts import Interrupts
from motus_client.cli.problem import Problem, print_json
from motus_client.cli.session_stack import stack_for
from motus_client.cli.summary import summary
from motus_client.cli.upload import VIDEO, Upload
from motus_client.client import Client
from motus_client.names import last_part
from motus_client.outcome import Outcome, outcome_json, read_outcome
from motus_client.report.material import Material, read_material
from motus_client.report.page import report_page

_ATHLETES = "athletes/"


def analyze(arguments: Namespace, interrupts: Interrupts) -> int:
    """Analyze one video; returns the exit code, 0 only when the session ended as it should."""
    video = _existing(arguments.video)
    if arguments.out is not None:
        _made(arguments.out)
    access = given_access(arguments)
    with (
        stack_for(video, arguments.server, arguments.ingest_server, access, interrupts, _note) as stack,
        Client(stack.address, stack.access, ingest=stack.ingest) as client,
    ):
        uri = VIDEO if stack.ingest else video.as_uri()
        session = client.create_session(wanted_session(uri, arguments)).name
        upload = Upload(client, session, video) if stack.ingest else None
        check = upload.check if upload else stack.check
        _follow(client, session, check, video.name, interrupts, as_json=arguments.json)
        outcome = read_outcome(client, session)
        material = read_material(client, outcome, video) if outcome.frames.read else None
    report = _write(outcome, material, video, arguments.out) if material else None
    if arguments.json:
        print_json(outcome_json(outcome, report))
    else:
        print(summary(outcome, report))
    return 0 if outcome.ended else 1


def wanted_session(uri: str, arguments: Namespace) -> session_service_pb2.Session:
    """The session to create for a source."""
    pacing = session_service_pb2.PACING_FAST if arguments.fast else session_service_pb2.PACING_REALTIME
    session = session_service_pb2.Session(
        source=session_service_pb2.Source(uri=uri, pacing=pacing), exercise=arguments.exercise
    )
    if arguments.athlete or arguments.lane:
        athlete, lane = arguments.athlete, arguments.lane
        session.participants.add(
            athlete=athlete_name(athlete) if athlete else "",
            display_name=athlete[:80],
            lane=session_service_pb2.Lane(left=lane[0], right=lane[1]) if lane else None,
        )
    return session


def athlete_name(name: str) -> str:
    """The resource name for a person's name: the same one always gives the same.

    `Ana Díaz` gives `athletes/ana-diaz`; a name without Latin letters gives a short hash of it.
    """
    if name.startswith(_ATHLETES):
        return name
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
    return _ATHLETES + (slug if len(slug) >= 2 else f"a-{hashlib.sha256(name.encode()).hexdigest()[:12]}")


def _follow(
    client: Client, session: str, check: Callable[[], None], title: str, interrupts: Interrupts, *, as_json: bool
) -> None:
    display = display_for(title, as_json=as_json)
    try:
        follow_session(client, session, display, check)
    except BaseException:
        display.close()
        with interrupts.held():
            end_session(client, session, "the user ended the run")
        raise
    display.close()


def _write(outcome: Outcome, material: Material, video: Path, out: Path | None) -> str:
    folder = _made(out or Path("motus-out") / f"{video.stem}-{last_part(outcome.session.name)}")
    report = folder / "report.html"
    report.write_text(report_page(outcome, material, video.name), encoding="utf-8")
    result = outcome_json(outcome, str(report.absolute()))
    (folder / "result.json").write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return str(report.absolute())


def _existing(video: Path) -> Path:
    if not video.exists():
        raise Problem("NO_SUCH_FILE", f"there is no file {video}", "give the path of a video file", exit_code=2)
    if not video.is_file():
        raise Problem("NOT_A_FILE", f"{video} is not a file", "give the path of a video file", exit_code=2)
    return video.resolve()


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem("BAD_OUT", f"{folder} cannot be made: {error.strerror}", "choose another with --out") from None
    return folder


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
