"""The stack that a run of `motus analyze` uses: a named server, the one of `motus up`, or a private one."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from motus.v1 import event_pb2
from motus_client.access import Access
from motus_client.cli.interrupts import Interrupts
from motus_client.cli.problem import Problem
from motus_client.cli.up import root_fault
from motus_client.client import Client
from motus_client.stack.layout import Layout, data_folder
from motus_client.stack.presence import StackInfo, StackLock, running_stack
from motus_client.stack.supervisor import Supervisor

_START_PATIENCE_S = 60.0
Tell = Callable[[str], None]


@dataclass(frozen=True)
class SessionStack:
    """A stack that answers.

    Attributes:
        address: `host:port` of its session service.
        access: how to be let in there.
        check: raises when the stack has a part that does not stay up.
        ingest: `host:port` that the video is sent to; empty: the stack reads it from the disk.
    """

    address: str
    access: Access
    check: Callable[[], None] = lambda: None
    ingest: str = ""


@contextmanager
def stack_for(
    video: Path, server: str, ingest: str, access: Access, interrupts: Interrupts, tell: Tell
) -> Iterator[SessionStack]:
    """Give a stack that may read a video, or the server if one is named; a private one is stopped at the end.

    Args:
        video: the video.
        server: `host:port` of a server that is named; empty: none is.
        ingest: what takes the video for that server; empty: itself.
        access: how to be let in there.
        interrupts: of the user.
        tell: gets lines for people.

    Raises:
        Problem: the stack that runs may not read the video.
        StackError: the stack does not start.
    """
    if server:
        yield SessionStack(server, access, ingest=ingest or _ingest_of(server))
        return
    layout = Layout(data_folder())
    lock = StackLock(layout)
    if lock.acquire():
        with _private(layout, lock, video, interrupts, tell) as stack:
            yield stack
        return
    running = _wait_until_started(layout)
    if running is not None and running.kind == "up":
        _must_allow(running, video)
        yield SessionStack(running.address, Access(token_file=layout.token))
        return
    tell(f"another run uses {layout.root}: this one's history is not kept there, its report is")
    with _temporary() as elsewhere:
        spare = StackLock(elsewhere)
        spare.acquire()
        with _private(elsewhere, spare, video, interrupts, tell, own_store=True) as stack:
            yield stack


def _ingest_of(server: str) -> str:
    """What takes videos for a server: itself by a gateway's routing, but for the stack of this machine."""
    running = running_stack(Layout(data_folder()))
    return running.ingest if running is not None and running.address == server and running.ingest else server


@contextmanager
def _private(
    layout: Layout, lock: StackLock, video: Path, interrupts: Interrupts, tell: Tell, *, own_store: bool = False
) -> Iterator[SessionStack]:
    folder = video.parent
    try:
        if fault := root_fault(folder):
            raise Problem("BAD_ROOT", fault, exit_code=2)
        supervisor = Supervisor(layout, [folder], own_store=own_store, tell=tell)
        interrupts.hurry = supervisor.hurry
        lock.publish(StackInfo(os.getpid(), "analyze", supervisor.address, (str(folder),)))
        try:
            tell("starting the stack ...")
            supervisor.start()
            _end_leftovers(supervisor)
            yield SessionStack(supervisor.address, supervisor.access, lambda: _check(supervisor))
        finally:
            with interrupts.held():
                supervisor.stop()
    finally:
        lock.release()


def _check(supervisor: Supervisor) -> None:
    if failure := supervisor.failure:
        raise failure


def _end_leftovers(supervisor: Supervisor) -> None:
    """End what an earlier run that was killed has left: it would go on beside this one."""
    live = (event_pb2.SESSION_STATE_PENDING, event_pb2.SESSION_STATE_RUNNING)
    with Client(supervisor.address, supervisor.access) as client:
        for session in client.list_sessions(states=live):
            client.stop_session(session.name, reason="the run that started it was killed")


def _wait_until_started(layout: Layout) -> StackInfo | None:
    """The stack that holds the lock, once it has an address; None when it went away or says nothing."""
    deadline = time.monotonic() + _START_PATIENCE_S
    while time.monotonic() < deadline:
        running = running_stack(layout)
        if running is None or running.address:
            return running
        time.sleep(0.1)
    return None


def _must_allow(running: StackInfo, video: Path) -> None:
    if not running.allows(video):
        raise Problem(
            "OUTSIDE_ROOTS",
            f"the running stack (process {running.pid}) may not read {video}: its folders are "
            f"{', '.join(running.roots)}",
            f"end it, and start it again with `motus up --root {video.parent}`",
        )


@contextmanager
def _temporary() -> Iterator[Layout]:
    folder = Path(tempfile.mkdtemp(prefix="motus-"))
    try:
        yield Layout(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
