"""Media servers that tests and benches start: LiveKit's, and our small one for RTSP; `make tools` builds them."""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from servers.ports import LOOPBACK, free_port, free_udp_pair
from servers.process import ServerProcess

_BIN = Path(__file__).resolve().parents[2] / ".tools/bin"
LIVEKIT, RTSP = _BIN / "livekit-server", _BIN / "rtsp-server"
MISSING = "run `make tools` (needs Go)"
_READY_S = 20.0

# Nothing but loopback is opened. Without a STUN server of ours clients are handed public ones and look them up; nothing
# need listen there.
_CONFIGURATION = """\
port: {port}
bind_addresses: ["{host}"]
rtc:
  tcp_port: 0
  udp_port: {udp_port}
  node_ip: {host}
  use_external_ip: false
  stun_servers: ["{host}:3478"]
  enable_loopback_candidate: true
  interfaces: {{includes: [lo]}}
keys: {{{key}: {secret}}}
logging: {{level: warn}}
"""


def missing(*programs: Path) -> str:
    """Why media servers cannot be started; empty when they can."""
    return "" if all(program.is_file() for program in programs) else MISSING


class MediaServer(ServerProcess):
    """A server with ports of its own, which it keeps when it is started again.

    Args:
        command: what runs it.
        port: where it listens for TCP on loopback.
        log: a file for what it says.
    """

    def __init__(self, command: Sequence[str], port: int, log: Path) -> None:
        super().__init__(command, log)
        self.port = port

    def start(self) -> None:
        """Start it; returns once it takes connections."""
        super().start()
        end = time.monotonic() + _READY_S
        while not _answers(self.port):
            if not self.runs or time.monotonic() > end:
                raise RuntimeError(f"{self._command[0]} did not start:\n{self._log.read_text()}")
            time.sleep(0.02)

    def stop(self, within_s: float = 30.0) -> None:
        """End it, if it runs. It has nothing to put in order, and LiveKit's would wait for seconds."""
        if self.runs:
            self.kill()


@dataclass(frozen=True)
class LiveKit:
    """A LiveKit server: where it is, and a key that it knows."""

    server: MediaServer
    key: str
    secret: str

    @property
    def url(self) -> str:
        """Its address for clients."""
        return f"ws://{LOOPBACK}:{self.server.port}"


@dataclass(frozen=True)
class Rtsp:
    """An RTSP server, which has no path until somebody publishes to it."""

    server: MediaServer
    scheme: str
    user: str
    password: str

    def url(self, path: str, *, secret: bool = True) -> str:
        """The address of a path, with name and password where the server asks for them unless told otherwise."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@" if self.user and secret else ""
        return f"{self.scheme}://{login}{LOOPBACK}:{self.server.port}/{path}"


@contextmanager
def livekit_server(folder: Path) -> Iterator[LiveKit]:
    """Run a LiveKit server within the block; its log and configuration go into the folder."""
    port, key, secret = free_port(), "devkey", "secret_of_at_least_thirty_two_characters"
    text = _CONFIGURATION.format(host=LOOPBACK, port=port, udp_port=free_port(udp=True), key=key, secret=secret)
    configuration = folder / f"livekit-{port}.yaml"
    configuration.write_text(text)
    server = MediaServer([str(LIVEKIT), "--config", str(configuration)], port, folder / f"livekit-{port}.log")
    with _running(server):
        yield LiveKit(server, key, secret)


@contextmanager
def rtsp_server(
    folder: Path, *, udp: bool = False, login: tuple[str, str] = ("", ""), tls: tuple[Path, Path] | None = None
) -> Iterator[Rtsp]:
    """Run an RTSP server within the block.

    Args:
        folder: where its log goes.
        udp: whether packets may go over UDP too; not together with TLS.
        login: name and password that readers and publishers must give; empty: nobody is asked.
        tls: PEM files of a certificate and its key.
    """
    port = free_port()
    command = [str(RTSP), "-listen", f"{LOOPBACK}:{port}", "-user", login[0], "-pass", login[1]]
    if udp:
        even = free_udp_pair()
        command += ["-udp-rtp", str(even), "-udp-rtcp", str(even + 1)]
    if tls is not None:
        command += ["-tls-cert", str(tls[0]), "-tls-key", str(tls[1])]
    server = MediaServer(command, port, folder / f"rtsp-{port}.log")
    with _running(server):
        yield Rtsp(server, "rtsp" if tls is None else "rtsps", *login)


@contextmanager
def _running(server: MediaServer) -> Iterator[None]:
    server.start()
    try:
        yield
    finally:
        server.stop()


def _answers(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), 1).close()
    except OSError:
        return False
    return True
