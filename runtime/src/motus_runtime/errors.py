"""The errors of Motus, each with a verdict that the loops obey.

MotusError
├── RetryableError          the same message may succeed later: nak with delay
│   ├── UnavailableError    a part we need is away: gRPC UNAVAILABLE with RetryInfo
│   └── TooManyRequestsError    a caller is faster than their limit: RESOURCE_EXHAUSTED with RetryInfo
└── PermanentError          it will never succeed: terminate and dead-letter
    ├── InvalidArgumentError    with the fields at fault
    ├── UnauthenticatedError    nobody knows who calls
    ├── PermissionDeniedError   who calls may not
    ├── NotFoundError
    ├── AlreadyExistsError
    ├── FailedPreconditionError
    └── ResourceExhaustedError
Anything else is a bug: the service crashes and is restarted.
"""


class MotusError(Exception):
    """Base of all expected errors.

    Args:
        message: one plain sentence that a user may see.
        reason: UPPER_SNAKE name that clients can switch on (AIP-193), at most 63 characters.
        metadata: the variables of the message, by name.
    """

    reason = "INTERNAL"

    def __init__(self, message: str, *, reason: str = "", metadata: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or type(self).reason
        self.metadata = metadata or {}


class RetryableError(MotusError):
    """The same message may succeed later, after `retry_after_s` seconds or so."""

    reason = "TRY_AGAIN"
    retry_after_s = 1.0


class UnavailableError(RetryableError):
    """A part that is needed is away."""

    reason = "UNAVAILABLE"


class TooManyRequestsError(RetryableError):
    """A caller is faster than their limit.

    Args:
        message: which limit.
        reason: its UPPER_SNAKE name.
        retry_after_s: when the next request fits, seconds from now.
    """

    reason = "RATE_LIMITED"

    def __init__(self, message: str, *, reason: str = "", retry_after_s: float) -> None:
        super().__init__(message, reason=reason)
        self.retry_after_s = retry_after_s


class PermanentError(MotusError):
    """The message will never succeed."""

    reason = "PERMANENT"


class InvalidArgumentError(PermanentError):
    """A request's fields are at fault.

    Args:
        violations: what is wrong, by field path.
    """

    reason = "INVALID_ARGUMENT"

    def __init__(self, violations: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {text}" for field, text in violations.items()))
        self.violations = violations


class UnauthenticatedError(PermanentError):
    """Nobody knows who calls."""

    reason = "TOKEN_INVALID"


class PermissionDeniedError(PermanentError):
    """Who calls may not do this."""

    reason = "PERMISSION_DENIED"


class NotFoundError(PermanentError):
    """What was named does not exist."""

    reason = "NOT_FOUND"


class AlreadyExistsError(PermanentError):
    """What was to be made exists."""

    reason = "ALREADY_EXISTS"


class FailedPreconditionError(PermanentError):
    """The state of things forbids it."""

    reason = "FAILED_PRECONDITION"


class ResourceExhaustedError(PermanentError):
    """A limit is reached."""

    reason = "RESOURCE_EXHAUSTED"
