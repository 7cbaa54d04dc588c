"""Who read or erased what, as plain values."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AuditEntry:
    """One call.

    Attributes:
        time_ns: when, Unix nanoseconds.
        entry: a random number that tells calls of the same moment apart.
        subject: who called, as their token says.
        method: what they called, as `GetSession`.
        resource: name of what they read or erased, as `sessions/abcd`.
    """

    time_ns: int
    entry: int
    subject: str
    method: str
    resource: str
