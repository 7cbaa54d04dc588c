"""The shell of kinematics: claims the partitions of the sessions that live and measures each of those sessions."""

import asyncio
import logging

from motus.bus.v1 import control_pb2, samples_pb2
from motus_kinematics.session import MeasuredSession
from motus_kinematics.settings import KinematicsSettings
from motus_runtime import topics
from motus_runtime.errors import MotusError
from motus_runtime.ownership import SessionOwner
from motus_runtime.service import App, Context
from motus_runtime.settings import load

log = logging.getLogger("motus.kinematics")


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
        self._bus, self._specs = context.bus, context.specs
        self._settings = settings
        self._sessions: dict[str, MeasuredSession] = {}
        self._owner = SessionOwner(context.leases, context.specs, self._measure, unit_of=topics.partition_unit)

    async def run(self) -> None:
        """Claim and measure until cancelled; the next owner makes everything anew from the stored landmarks."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._report())
            await self._owner.run()

    async def drain(self) -> None:
        """Nothing is left to finish: what was measured is stored, the rest is in the stream of landmarks."""

    async def _measure(self, first: control_pb2.SessionSpec, epoch: int) -> None:
        session = first.session
        measured = MeasuredSession(
            self._bus, epoch, first, lambda: self._specs.current.get(session, first).exercise, self._settings
        )
        self._sessions[session] = measured
        try:
            await measured.run()
        finally:
            del self._sessions[session]

    async def _report(self) -> None:
        """Tell those who watch how each session goes."""
        while True:
            await asyncio.sleep(self._settings.report_s)
            for session, measured in list(self._sessions.items()):
                live = samples_pb2.Live(session=session, epoch=measured.epoch, report=measured.tally.report())
                try:
                    await self._bus.publish(topics.live(session), live)
                except MotusError as error:
                    log.debug("report of %s: %s", session, error.message)
