"""The shell of kinematics: claims the partitions of the sessions that live and measures each of those sessions."""

from motus.bus.v1 import control_pb2
from motus_kinematics.session import MeasuredSession
from motus_kinematics.settings import KinematicsSettings
from motus_runtime import topics
from motus_runtime.ownership import SessionOwner, run_reporting
from motus_runtime.service import App, Context
from motus_runtime.settings import load


async def build(context: Context) -> App:
    """The service, given the loop's context."""
    return KinematicsApp(context, load(KinematicsSettings, "MOTUS_KINEMATICS"))


class KinematicsApp:
    """Measures every session whose partition this worker owns.

    Args:
        context: bus, leases and specs.
        settings: the service's own.
    """

    def __init__(self, context: Context, settings: KinematicsSettings) -> None:
        self._bus, self._settings = context.bus, settings
        context.leases.capacity = settings.capacity
        self._owner = SessionOwner(context.leases, context.specs, self._measure, unit_of=topics.partition_unit)

    async def run(self) -> None:
        """Claim and measure until cancelled; the next owner goes on from the checkpoints."""
        await self._owner.run()

    async def drain(self) -> None:
        """Nothing is left to finish: what was measured is stored, the rest is in the streams."""

    async def _measure(self, spec: control_pb2.SessionSpec, epoch: int) -> None:
        measured = MeasuredSession(self._bus, epoch, spec, self._settings)
        await run_reporting(self._bus, spec.session, measured, self._settings.report_s)
