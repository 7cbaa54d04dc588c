"""The coach's shell: claims the partitions of the sessions that live and runs one coach for each of those sessions."""

import logging
from pathlib import Path

from motus.bus.v1 import control_pb2
from motus_coach.model import ModelClient
from motus_coach.policy.faults import FaultTable, FaultTableError, builtin_faults, parse_faults
from motus_coach.policy.step import PolicyConfig
from motus_coach.session import SessionCoach
from motus_coach.settings import CoachSettings
from motus_runtime import topics
from motus_runtime.errors import FailedPreconditionError
from motus_runtime.ownership import SessionOwner, run_reporting
from motus_runtime.service import Context
from motus_runtime.settings import load

log = logging.getLogger("motus.coach")


class CoachApp:
    """Coaches every session whose partition this worker owns.

    Args:
        context: what the service loop gives.
        settings: the coach's own.
        table: the faults.
    """

    def __init__(self, context: Context, settings: CoachSettings, table: FaultTable) -> None:
        self._bus, self._specs = context.bus, context.specs
        self._settings = settings
        context.leases.capacity = settings.capacity
        self._config = PolicyConfig(table, cooldown_s=settings.cooldown_s, budget_per_minute=settings.budget_per_minute)
        self._model = ModelClient(settings) if settings.asks_model else None
        self._owner = SessionOwner(context.leases, context.specs, self._coach, unit_of=topics.partition_unit)

    async def run(self) -> None:
        """Claim and coach until cancelled; what runs then is cancelled too, and the next owner goes on from the log."""
        await self._owner.run()

    async def drain(self) -> None:
        """Close the model's connections."""
        if self._model:
            await self._model.close()

    async def _coach(self, first: control_pb2.SessionSpec, epoch: int) -> None:
        session = first.session
        coach = SessionCoach(
            self._bus,
            session,
            epoch,
            lambda: self._specs.current.get(session, first),
            self._config,
            self._settings,
            self._model,
        )
        await run_reporting(self._bus, session, coach)


def fault_table(path: str) -> FaultTable:
    """The built-in table, or that of a file.

    Raises:
        FailedPreconditionError: the file is missing or wrong.
    """
    try:
        return parse_faults(Path(path).read_text(encoding="utf-8")) if path else builtin_faults()
    except (OSError, UnicodeDecodeError, FaultTableError) as error:
        raise FailedPreconditionError(f"table of faults {path}: {error}") from None


async def build(context: Context) -> CoachApp:
    """Make the app from its settings; whether a model can be reached is not part of being ready."""
    settings = load(CoachSettings, "MOTUS_COACH")
    app = CoachApp(context, settings, fault_table(settings.faults))
    log.info("words by %s", f"rules and the model {settings.model}" if settings.asks_model else "rules alone")
    return app
