"""The shell of kinematics: claims the partitions of the sessions that live and measures each of those sessions."""

import asyncio
import logging
from typing import Final

from motus.bus.v1 import control_pb2, samples_pb2
from motus_runtime import topics
from motus_runtime.errors import MotusError, RetryableError
from motus_runtime.service import App, Context
from motus_runtime.settings import load

from motus_kinematics.session import MeasuredSession
from motus_kinematics.settings import KinematicsSettings

log = logging.getLogger("motus.kinematics")

CLAIM_EVERY_S: Final = 0.5


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
        self._bus, self._leases, self._specs = context.bus, context.leases, context.specs
        self._settings = settings
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._sessions: dict[str, MeasuredSession] = {}
        self._done: set[str] = set()

    async def run(self) -> None:
        """Claim and measure until cancelled; the next owner makes everything anew from the stored landmarks."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._report())
            while True:
                self._specs.changed.clear()
                self._end_gone()
                await self._begin_new(group)
                try:
                    async with asyncio.timeout(CLAIM_EVERY_S):
                        await self._specs.changed.wait()
                except TimeoutError:
                    pass

    async def drain(self) -> None:
        """Nothing is left to finish: what was measured is stored, the rest is in the stream of landmarks."""

    def _end_gone(self) -> None:
        self._done &= set(self._specs.current)
        for session, task in self._tasks.items():
            if session not in self._specs.current or _unit(session) not in self._leases.epochs:
                task.cancel()

    async def _begin_new(self, group: asyncio.TaskGroup) -> None:
        for session, spec in list(self._specs.current.items()):
            if session in self._tasks or session in self._done:
                continue
            try:
                epoch = await self._leases.claim(_unit(session))
            except RetryableError as error:
                log.warning("cannot claim partition %s: %s", _unit(session), error.message)
                return
            if epoch is not None:
                self._tasks[session] = group.create_task(self._measure(spec, epoch), name=f"session {session}")

    async def _measure(self, first: control_pb2.SessionSpec, epoch: int) -> None:
        session = first.session
        measured = MeasuredSession(
            self._bus, epoch, first, lambda: self._specs.current.get(session, first).exercise, self._settings
        )
        self._sessions[session] = measured
        try:
            await measured.run()
            self._done.add(session)
        except RetryableError as error:
            log.warning("session %s again: %s", session, error.message)
        finally:
            self._tasks.pop(session, None)
            self._sessions.pop(session, None)

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


def _unit(session: str) -> str:
    return str(topics.partition(session))
