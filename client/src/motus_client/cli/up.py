"""`motus up`: starts the stack and keeps it running until it is told to end."""

import os
import sys
import time
from argparse import Namespace
from pathlib import Path

from motus_client.cli.arguments import DEFAULT_HTTP_PORT, DEFAULT_INGEST_PORT
from motus_client.cli.interrupts import Interrupted, Interrupts
from motus_client.cli.problem import Problem, print_json
from motus_client.stack.layout import Layout, data_folder
from motus_client.stack.presence import StackInfo, StackLock, running_stack
from motus_client.stack.readiness import free_port, is_free
from motus_client.stack.supervisor import Supervisor


def up(arguments: Namespace, interrupts: Interrupts) -> int:
    """Run a stack for everybody on this machine; returns the exit code."""
    layout = Layout(data_folder())
    roots = [_root(root) for root in arguments.root or [Path()]]
    lock = StackLock(layout)
    if not lock.acquire():
        raise _taken(layout)
    try:
        ports = {
            "--port": arguments.port,
            "--http-port": arguments.http_port,
            "--ingest-port": arguments.ingest_port,
        }
        for option, port in ports.items():
            if port and not is_free(port):
                raise Problem("PORT_TAKEN", f"port {port} is in use", f"choose another with {option}")
        _serve(layout, lock, roots, arguments, interrupts)
    finally:
        lock.release()
    return 0


def _serve(layout: Layout, lock: StackLock, roots: list[Path], arguments: Namespace, interrupts: Interrupts) -> None:
    http_port = _port(arguments.http_port, DEFAULT_HTTP_PORT)
    ingest_port = _port(arguments.ingest_port, DEFAULT_INGEST_PORT)
    supervisor = Supervisor(
        layout, roots, port=arguments.port, ingest_port=ingest_port, http_port=http_port, tell=_note
    )
    interrupts.hurry = supervisor.hurry
    info = StackInfo(os.getpid(), "up", "", tuple(str(root) for root in roots))
    lock.publish(info)
    try:
        _note("starting the stack ...")
        supervisor.start()
        lock.publish(StackInfo(info.pid, info.kind, supervisor.address, info.roots, supervisor.ingest))
        _announce(supervisor, layout, roots, as_json=arguments.json)
        _wait_for_interrupt()
    finally:
        with interrupts.held():
            supervisor.stop()
    _note("stopped")


def _port(wanted: int, usual: int) -> int:
    return wanted or (usual if is_free(usual) else free_port())


def _wait_for_interrupt() -> None:
    """Here Ctrl-C is the proper end and no failure."""
    try:
        while True:
            time.sleep(3600)
    except Interrupted:
        _note("stopping ...")


def _announce(supervisor: Supervisor, layout: Layout, roots: list[Path], *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "address": supervisor.address,
                "http": supervisor.url,
                "ingest": supervisor.ingest,
                "pid": os.getpid(),
                "data": str(layout.root),
                "token_file": str(layout.token),
                "logs": str(supervisor.logs),
                "roots": [str(root) for root in roots],
            }
        )
    else:
        print(f"Motus answers at {supervisor.address} (gRPC) and {supervisor.url}/v1 (HTTP); Ctrl-C ends it")
        print(f"  pushed frames, landmarks and videos are taken at {supervisor.ingest} (gRPC)")
        print(f"  token  in {layout.token}")
        print(f"  data   {layout.root}\n  logs   {supervisor.logs}\n  videos {', '.join(map(str, roots))}")
    sys.stdout.flush()


def root_fault(root: Path) -> str:
    """Why a folder cannot be a root; empty when it can."""
    if not root.is_dir():
        return f"{root} is not a folder"
    if os.pathsep in str(root):
        return f"the path of {root} holds a {os.pathsep!r}, which separates folders: rename or link it"
    return ""


def _root(root: Path) -> Path:
    if fault := root_fault(root.resolve()):
        raise Problem("BAD_ROOT", fault, "choose a folder of videos with --root", exit_code=2)
    return root.resolve()


def _taken(layout: Layout) -> Problem:
    running = running_stack(layout)
    who = f"process {running.pid}" if running else "another process"
    where = f" and answers at {running.address}" if running and running.address else ""
    hint = "use it, or end it with Ctrl-C where it was started, or choose another data folder with MOTUS_DATA_DIR"
    return Problem("ALREADY_RUNNING", f"a stack runs already in {layout.root}: it is {who}{where}", hint)


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
