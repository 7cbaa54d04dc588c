"""The ingest service: claims the sessions that the specs name and plays each; takes what clients push into theirs."""

import asyncio

from motus.bus.v1 import control_pb2
from motus_ingest.push.caretaker import Caretaker
from motus_ingest.push.hold import Holds
from motus_ingest.push.server import PushServer, push_server
from motus_ingest.push.settings import PushSettings
from motus_ingest.session import play
from motus_ingest.settings import IngestSettings
from motus_runtime.bus import Bus
from motus_runtime.lease import Leases
from motus_runtime.ownership import SessionOwner, Specs
from motus_runtime.pushed import is_pushed
from motus_runtime.service import Context
from motus_runtime.settings import load


class IngestApp:
    """Plays the sessions of one worker.

    Args:
        bus: the bus.
        leases: the worker's leases.
        specs: the sessions that live now.
        settings: the service's settings.
        bounds: of what is pushed.

    Attributes:
        holds: the sessions that are pushed into here.
        server: takes what is pushed; None: nobody does here.
    """

    def __init__(
        self, bus: Bus, leases: Leases, specs: Specs, settings: IngestSettings, bounds: PushSettings | None = None
    ) -> None:
        self._bus, self._settings = bus, settings
        leases.capacity = settings.capacity
        # What clients push is owned by whoever holds their call.
        self._owner = SessionOwner(leases, specs, self._run_session, wants=lambda spec: not is_pushed(spec))
        self.holds = Holds(leases, specs)
        self.server: PushServer | None = None
        abandoned_s = (bounds or PushSettings()).abandoned_s
        self._caretaker = Caretaker(bus, self.holds, specs, settings, abandoned_s)

    async def run(self) -> None:
        """Play sessions until cancelled. A session that is cut short gets no end: the next owner goes on with it."""
        async with asyncio.TaskGroup() as group:
            for part in (self._owner, self._caretaker, self.server):
                if part is not None:
                    group.create_task(part.run())

    async def drain(self) -> None:
        """Break off who pushes. Frames under way are sent again by the next owner."""
        if self.server is not None:
            await self.server.stop()

    async def _run_session(self, spec: control_pb2.SessionSpec, epoch: int) -> None:
        await play(self._bus, self._settings, spec, epoch)


async def build(context: Context) -> IngestApp:
    """Make the service from its settings.

    Raises:
        SettingsError: a variable is wrong.
        UnavailableError: the port of what is pushed is taken.
    """
    settings, bounds = load(IngestSettings, "MOTUS_INGEST"), load(PushSettings, "MOTUS_INGEST_PUSH")
    app = IngestApp(context.bus, context.leases, context.specs, settings, bounds)
    app.server = push_server(context, app.holds, settings, bounds)
    return app
