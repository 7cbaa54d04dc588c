"""What is asked of a store. The tenant is an argument of every call that touches what a tenant owns.

Every call may raise motus_runtime's UnavailableError: the database does not answer, nothing was changed.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from motus_sessions.projection.athletes import AthleteRecord
from motus_sessions.projection.audit import AuditEntry
from motus_sessions.projection.life import State
from motus_sessions.projection.records import Batch, CueRecord, EventRecord, Known, RepRecord, SessionRecord, Wishes
from motus_sessions.projection.rollup import Summary
from motus_sessions.projection.table import Table


class AthleteStore(Protocol):
    """Athletes; all ids are bare."""

    async def create(self, tenant: str, record: AthleteRecord) -> AthleteRecord:
        """Keep a new athlete.

        Raises:
            AlreadyExistsError: the id is taken.
        """

    async def some(self, tenant: str, athletes: Collection[str]) -> list[AthleteRecord]:
        """Those of the athletes that there are."""

    async def page(self, tenant: str, *, after: str, limit: int) -> list[AthleteRecord]:
        """Athletes behind an id, in its order."""

    async def change(self, tenant: str, athlete: str, new: Mapping[str, Any]) -> AthleteRecord | None:
        """Change fields of an athlete; None when there is none such."""

    async def reps(self, tenant: str, athlete: str, limit: int) -> Sequence[tuple[str, int, bytes]]:
        """Session, its creation time and message of an athlete's latest counted repetitions, newest session first."""


class AuditStore(Protocol):
    """Who read or erased what. Entries are added, and removed when they have grown old; none is ever changed."""

    async def write(self, tenant: str, entries: Sequence[AuditEntry]) -> None:
        """Write entries down, each once however often it is given."""

    async def page(self, tenant: str, *, after: tuple[int, int], limit: int) -> list[AuditEntry]:
        """Entries behind a time and number, oldest first."""

    async def trim(self, tenant: str, before_ns: int) -> None:
        """Remove entries from before a time."""

    async def tenants(self) -> list[str]:
        """Everyone of whom there is an entry."""


class ErasureStore(Protocol):
    """Erasure, each with the audit log's entry for it in the same transaction."""

    async def session(self, tenant: str, session: str, entry: AuditEntry) -> bool:
        """Erase a session but for its id, which is not given again; false, and no entry, when there was none."""

    async def participants(
        self, tenant: str, session: str, participants: Collection[str], entries: Sequence[AuditEntry]
    ) -> None:
        """Erase what a session has of some of its participants, who are none any more."""

    async def athlete(self, tenant: str, athlete: str, entry: AuditEntry) -> bool:
        """Erase an athlete; false, and nothing is, while there is a session that names them."""


class RetentionStore(Protocol):
    """Removal of what sessions do not keep any longer; the sessions themselves stay."""

    async def expire(self, tenant: str, kind: str, default_s: float | None, now_ns: int) -> int:
        """Remove a batch of rows of LANDMARKS, or of MEASURES, everything else, that have expired; how many they were.

        They do when their session has been over for as long as it keeps them, or for `default_s` when it does not say;
        None: then they never do.
        """


class SessionStore(Protocol):
    """Sessions and what they measured; all ids are bare. The athletes that a session names come to be with it."""

    @property
    def athletes(self) -> AthleteStore:
        """The athletes."""

    @property
    def audit(self) -> AuditStore:
        """The audit log."""

    @property
    def erasure(self) -> ErasureStore:
        """Erasure."""

    @property
    def retention(self) -> RetentionStore:
        """Retention."""

    async def close(self) -> None:
        """Give the connections back."""

    async def ping(self) -> None:
        """Ask the database for a sign of life."""

    async def token_key(self) -> bytes:
        """The key that page and resume tokens are signed with; made once, the same for all who share the database."""

    async def tenants(self) -> list[str]:
        """Everyone who has a session."""

    async def tenant_of(self, session: str) -> str | None:
        """Whose a session is, or was: the bus names sessions alone, so their ids are unique over all tenants."""

    async def create(self, tenant: str, record: SessionRecord) -> SessionRecord:
        """Keep a new session, or return that of the same request.

        Raises:
            AlreadyExistsError: the id is taken, or the request id belongs to another request.
        """

    async def of_request(self, tenant: str, record: SessionRecord) -> SessionRecord | None:
        """The session of the same request as that of a new one; None when there is none.

        Raises:
            AlreadyExistsError: the request id belongs to another request.
        """

    async def session(self, tenant: str, session: str) -> SessionRecord | None:
        """One session, None when there is none."""

    async def sessions(
        self,
        tenant: str,
        *,
        limit: int,
        states: Sequence[State] = (),
        athlete: str = "",
        created: tuple[int | None, int | None] = (None, None),
        oldest_first: bool = False,
        behind: tuple[int, str] | None = None,
    ) -> list[SessionRecord]:
        """Sessions newest first, or oldest first.

        `created` is the span of their creation, its end left out, in Unix nanoseconds; `behind` is creation time and
        id of the last one seen.
        """

    async def change(self, tenant: str, session: str, wishes: Wishes) -> SessionRecord | None:
        """Change a session that is not terminal; None when there is none such."""

    async def unfinished(
        self, tenant: str, *, states: Sequence[State] = (State.PENDING, State.RUNNING)
    ) -> list[SessionRecord]:
        """Sessions that are not terminal, or are in one of some states."""

    async def known(self, tenant: str, sessions: Sequence[str]) -> Known:
        """What `record` would give to its step, only to look at."""

    async def record(self, tenant: str, sessions: Sequence[str], step: Callable[[Known], Batch]) -> Batch:
        """Read what is known of sessions, let `step` say what changes, and store all of it or nothing.

        Nobody else writes these sessions meanwhile. What was stored before is stored once: events by id and revision,
        reps and cues in their highest revision, rows of tables by time.
        """

    async def pack(self, tenant: str, session: str, kind: str, before_us: int | None) -> None:
        """Pack the pieces of a session that begin before a time into chunks; None: all of them."""

    async def events(
        self,
        tenant: str,
        session: str,
        *,
        after: int,
        limit: int,
        participant: str = "",
        newest_only: bool = False,
    ) -> list[EventRecord]:
        """Events behind a sequence, in its order; `newest_only` leaves out what a later revision replaced."""

    async def revisions(self, tenant: str, session: str, up_to: int) -> set[tuple[str, int]]:
        """Event ids and revisions up to and with a sequence."""

    async def reps(
        self,
        tenant: str,
        session: str,
        *,
        limit: int,
        after: tuple[float, str] | None = None,
        participant: str = "",
        include_uncounted: bool = False,
    ) -> list[RepRecord]:
        """Reps in order of start and id, behind a start and id."""

    async def rep(self, tenant: str, session: str, rep: str) -> RepRecord | None:
        """One rep, whether it counts or not."""

    async def cues(
        self,
        tenant: str,
        session: str,
        *,
        limit: int,
        after: tuple[float, str] | None = None,
        participant: str = "",
    ) -> list[CueRecord]:
        """Cues in order of time and id, behind a time and id."""

    async def judge_cue(
        self, tenant: str, session: str, cue: str, *, dismissed: bool | None = None, rating: int | None = None
    ) -> CueRecord | None:
        """Keep what the athlete thinks of a cue, None leaves it; None when there is no such cue."""

    async def extent(self, tenant: str, session: str, participant: str, kind: str) -> tuple[int, int] | None:
        """Times of the first and the last row of a kind of series, in microseconds; None when there is no row."""

    async def series(
        self,
        tenant: str,
        session: str,
        participant: str,
        columns: Sequence[str],
        start_us: int | None,
        end_us: int | None,
    ) -> Table:
        """Columns of the samples from a time up to and without another."""

    async def summary(
        self,
        tenant: str,
        session: str,
        participant: str,
        columns: Sequence[str],
        start_us: int | None,
        end_us: int | None,
        max_points: int,
    ) -> Summary:
        """Columns of the samples over a span in at most so many rows; the samples themselves when they are as few."""

    async def skeleton(
        self, tenant: str, session: str, participant: str, start_us: int | None, end_us: int | None, limit: int
    ) -> Table:
        """The first `limit` rows of landmarks from a time up to and without another."""
