"""The ingest service: claims the sessions that the specs name and plays each."""

from motus.bus.v1 import control_pb2
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
    """

    def __init__(self, bus: Bus, leases: Leases, specs: Specs, settings: IngestSettings) -> None:
        self._bus, self._settings = bus, settings
        leases.capacity = settings.capacity
        # What clients push is owned by whoever holds their call.
        self._owner = SessionOwner(leases, specs, self._run_session, wants=lambda spec: not is_pushed(spec))

    async def run(self) -> None:
        """Play sessions until cancelled. A session that is cut short gets no end: the next owner goes on with it."""
        await self._owner.run()

    async def drain(self) -> None:
        """Nothing is left to do: frames under way are sent again by the next owner."""

    async def _run_session(self, spec: control_pb2.SessionSpec, epoch: int) -> None:
        await play(self._bus, self._settings, spec, epoch)


async def build(context: Context) -> IngestApp:
    """Make the service from its settings.

    Raises:
        SettingsError: a variable is wrong.
    """
    return IngestApp(context.bus, context.leases, context.specs, load(IngestSettings, "MOTUS_INGEST"))
