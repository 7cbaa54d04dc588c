"""The supervisor: starts the whole stack, keeps every part of it running, and leaves nothing behind."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from motus_client.access import Access
from motus_client.stack.admission import admit_holder
from motus_client.stack.child import Child, Program
from motus_client.stack.keeper import Keeper
from motus_client.stack.layout import Layout
from motus_client.stack.libraries import missing_packages
from motus_client.stack.programs import Ports, Programs, programs
from motus_client.stack.readiness import free_port, nats_fault, service_fault

_START_S = 120.0
_GRACE_S = 8.0
_TICK_S = 0.05


class StackError(Exception):
    """The stack did not start, or a part of it cannot be kept running.

    Attributes:
        message: one plain sentence.
        details: the last lines that the part printed; may be empty.
        logs: where the rest lies.
    """

    def __init__(self, message: str, *, details: str, logs: Path) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.logs = logs

    @property
    def hint(self) -> str:
        """What to do about it."""
        packages = missing_packages(self.details)
        if packages:
            return f"install what is missing: apt-get install -y {' '.join(packages)}"
        return f"its log lies in {self.logs}"


class _StopWanted(Exception):
    """`stop` was called while the stack was starting."""


class Supervisor:
    """A stack on this machine. All processes are started, watched and ended by one thread that lives as long as they.

    Args:
        layout: the data folder; its lock must be held by this process.
        roots: folders whose videos may be read.
        port: port of the session service, 0 for any.
        ingest_port: port for what clients push, 0 for any.
        http_port: port of its HTTP API, 0 for none.
        own_store: keep the store in the data folder even where the environment names another.
        tell: gets one line for people when a part had to be started again.
    """

    def __init__(
        self,
        layout: Layout,
        roots: Sequence[Path],
        *,
        port: int = 0,
        ingest_port: int = 0,
        http_port: int = 0,
        own_store: bool = False,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._layout, self._roots, self._own_store, self._tell = layout, tuple(roots), own_store, tell
        self._port, self._http_port = port or free_port(), http_port
        self._ingest_port = ingest_port or free_port()
        self._logs = layout.logs
        self._nats: Keeper | None = None
        self._services: tuple[Keeper, ...] = ()
        self._error: Exception | None = None
        self._settled, self._stopping, self._hurry = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._live, name="supervisor", daemon=True)

    @property
    def address(self) -> str:
        """`host:port` of the session service."""
        return f"127.0.0.1:{self._port}"

    @property
    def ingest(self) -> str:
        """`host:port` that takes what clients push."""
        return f"127.0.0.1:{self._ingest_port}"

    @property
    def url(self) -> str:
        """Of its HTTP API; empty where there is none."""
        return f"http://127.0.0.1:{self._http_port}" if self._http_port else ""

    @property
    def access(self) -> Access:
        """How to be let in there."""
        return Access(token_file=self._layout.token)

    @property
    def logs(self) -> Path:
        """Folder of this run's logs."""
        return self._logs

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of what runs now, by name."""
        children = [keeper.child for keeper in self._keepers()]
        return {child.program.name: child.pid for child in children if child is not None}

    @property
    def failure(self) -> StackError | None:
        """Set while a part ends again and again; it is tried on, with pauses."""
        hopeless = next((keeper for keeper in self._keepers() if keeper.trouble.hopeless), None)
        return self._failure(f"{hopeless.program.name} does not stay up", hopeless.last_words) if hopeless else None

    def start(self) -> None:
        """Start everything and wait until it is ready.

        Raises:
            StackError: a part does not come up; everything is stopped again.
        """
        self._thread.start()
        self._settled.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error

    def stop(self) -> None:
        """End everything and wait for it: services first, then the bus. Harmless when nothing runs."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def hurry(self) -> None:
        """End everything without grace; for a second Ctrl-C."""
        self._hurry.set()
        self._stopping.set()

    def _keepers(self) -> tuple[Keeper, ...]:
        return (*self._services, self._nats) if self._nats else self._services

    def _live(self) -> None:
        try:
            self._bring_up()
            self._settled.set()
            while not self._stopping.wait(_TICK_S):
                self._step()
        except _StopWanted:
            pass
        except Exception as error:
            self._error = error
        finally:
            self._bring_down()
            self._settled.set()

    def _bring_up(self) -> None:
        self._logs = self._layout.begin_run()
        admit_holder(self._layout)
        nats_port = free_port()
        ports = Ports(nats_port, self._port, self._ingest_port, self._http_port)
        wanted = programs(self._layout, self._logs, self._roots, ports, own_store=self._own_store)
        self._nats = Keeper(wanted.nats, lambda: None, lambda: nats_fault(nats_port), self._tell)
        self._until(lambda: not self._faults())
        self._services = (self._service(wanted, wanted.provision),)
        self._until(lambda: not self._faults())
        self._services += tuple(self._service(wanted, program) for program in wanted.services)
        self._until(lambda: not self._faults())

    def _service(self, wanted: Programs, program: Program) -> Keeper:
        port_file = wanted.health_files[program.name]
        return Keeper(program, lambda: port_file.unlink(missing_ok=True), lambda: service_fault(port_file), self._tell)

    def _until(self, done: Callable[[], bool]) -> None:
        """Keep what was started running until `done`; a part that does not come up is the error."""
        deadline = time.monotonic() + _START_S
        while True:
            self._step()
            if done():
                return
            if self._stopping.wait(_TICK_S):
                raise _StopWanted
            self._give_up_hopeless(time.monotonic())
            if time.monotonic() > deadline:
                faults = "; ".join(f"{name}: {fault}" for name, fault in self._faults().items())
                raise self._failure(f"not ready after {_START_S:.0f} s: {faults}", "")

    def _give_up_hopeless(self, now: float) -> None:
        for keeper in self._keepers():
            if keeper.trouble.hopeless:
                raise self._failure(f"{keeper.program.name} does not start: it {keeper.fault}", keeper.last_words)
            if keeper.stuck(now):
                raise self._failure(f"{keeper.program.name} does not get ready: {keeper.fault}", "")

    def _step(self) -> None:
        for keeper in self._keepers():
            keeper.step(time.monotonic())

    def _faults(self) -> dict[str, str]:
        return {keeper.program.name: keeper.fault for keeper in self._keepers() if keeper.fault}

    def _failure(self, message: str, details: str) -> StackError:
        return StackError(message, details=details, logs=self._logs)

    def _bring_down(self) -> None:
        """The bus last, so that what the services have in hand still gets there."""
        self._end([keeper.child for keeper in self._services if keeper.child is not None])
        self._end([self._nats.child] if self._nats and self._nats.child else [])
        self._services, self._nats = (), None

    def _end(self, children: Sequence[Child]) -> None:
        for child in children:
            child.terminate()
        deadline = time.monotonic() + _GRACE_S
        while any(child.exit_code() is None for child in children) and time.monotonic() < deadline:
            if self._hurry.wait(_TICK_S):
                break
        for child in children:
            child.kill()
