"""The tables. The tenant heads every key but those of `directory`, which tells whose a session is, and `meta`."""

import sqlalchemy as sa

METADATA = sa.MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, primary_key=True)


def _number(name: str, *, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=key, autoincrement=False, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


def _real(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _body(name: str = "body") -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


META = sa.Table("meta", METADATA, _key("name"), _body("value"))

DIRECTORY = sa.Table("directory", METADATA, _key("session"), _text("tenant"))

SESSIONS = sa.Table(
    "sessions",
    METADATA,
    _key("tenant"),
    _key("session"),
    _text("source_uri"),
    _number("pacing"),
    _flag("mirrored"),
    _text("exercise"),
    _flag("muted"),
    _text("language"),
    sa.Column("landmarks_retention_s", sa.Double),
    sa.Column("measures_retention_s", sa.Double),
    _text("group_name"),
    _number("create_time_ns"),
    sa.Column("request_id", sa.String),
    _body("request_digest"),
    _number("state"),
    _text("reason"),
    sa.Column("start_time_ns", sa.BigInteger),
    sa.Column("end_time_ns", sa.BigInteger),
    sa.Column("outcome_failed", sa.Boolean),
    sa.Column("outcome_reason", sa.String),
    sa.Column("outcome_t_s", sa.Double),
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("wished_exercise", sa.String),
    sa.Column("in_set", sa.Boolean),
    sa.Index(None, "tenant", "create_time_ns", "session"),
    sa.Index(None, "tenant", "state"),
    sa.Index(None, "tenant", "request_id", unique=True),
)

PARTICIPANTS = sa.Table(
    "participants",
    METADATA,
    _key("tenant"),
    _key("session"),
    _key("participant"),
    _number("place"),
    _text("athlete"),
    _text("display_name"),
    sa.Column("lane_left", sa.Double),
    sa.Column("lane_right", sa.Double),
    sa.Index(None, "tenant", "athlete"),
)

ATHLETES = sa.Table(
    "athletes",
    METADATA,
    _key("tenant"),
    _key("athlete"),
    _text("display_name"),
    sa.Column("stature_m", sa.Double),
    sa.Column("mass_kg", sa.Double),
    _number("sex"),
    _number("level"),
    _text("language"),
    _flag("camera_mirrored"),
    _number("create_time_ns"),
    _number("update_time_ns"),
    _body("profile"),
    sa.Column("learn_time_ns", sa.BigInteger),
)

EVENTS = sa.Table(
    "events",
    METADATA,
    _key("tenant"),
    _key("session"),
    _key("event"),
    _number("revision", key=True),
    _number("sequence"),
    _number("epoch"),
    _text("participant"),
    _text("stage"),
    _body(),
    sa.Index(None, "tenant", "session", "sequence"),
)

REPS = sa.Table(
    "reps",
    METADATA,
    _key("tenant"),
    _key("session"),
    _key("rep"),
    _text("participant"),
    _number("ordinal"),
    _number("revision"),
    _flag("counted"),
    _real("start_s"),
    _body(),
    sa.Index(None, "tenant", "session", "start_s"),
)

CUES = sa.Table(
    "cues",
    METADATA,
    _key("tenant"),
    _key("session"),
    _key("cue"),
    _text("participant"),
    _number("revision"),
    _real("t_s"),
    _body(),
    sa.Column("dismissed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("rating", sa.BigInteger),
    sa.Index(None, "tenant", "session", "t_s"),
)

STAGE_REPORTS = sa.Table(
    "stage_reports", METADATA, _key("tenant"), _key("session"), _key("stage"), _number("sequence"), _body()
)

FENCES = sa.Table(
    "fences",
    METADATA,
    _key("tenant"),
    _key("session"),
    _key("kind"),
    _key("stage"),
    _number("epoch"),
    _number("since"),
)


AUDIT = sa.Table(
    "audit",
    METADATA,
    _key("tenant"),
    _number("time_ns", key=True),
    _number("entry", key=True),
    _text("subject"),
    _text("method"),
    _text("resource"),
)


def _chunks(name: str) -> sa.Table:
    """Piece 0 is the packed chunk of its ten seconds; other pieces wait to be packed and bear random numbers."""
    return sa.Table(
        name,
        METADATA,
        _key("tenant"),
        _key("session"),
        _key("participant"),
        _number("start_us", key=True),
        _number("piece", key=True),
        _number("end_us"),
        _body(),
    )


SAMPLE_CHUNKS = _chunks("sample_chunks")
LANDMARK_CHUNKS = _chunks("landmark_chunks")
SAMPLE_ROLLUPS = _chunks("sample_rollups")
