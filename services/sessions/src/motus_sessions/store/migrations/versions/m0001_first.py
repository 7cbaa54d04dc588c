"""The first schema: sessions, what happened in them, and chunks of samples and landmarks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "meta",
    "directory",
    "sessions",
    "participants",
    "events",
    "reps",
    "cues",
    "stage_reports",
    "fences",
    "sample_chunks",
    "landmark_chunks",
)


def upgrade() -> None:
    """Make all tables."""
    _create_sessions()
    _create_events()
    _create_chunks()


def downgrade() -> None:
    """Remove all tables, and what is in them."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_sessions() -> None:
    op.create_table(
        "meta",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
    )
    op.create_table(
        "directory",
        sa.Column("session", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("session", name="pk_directory"),
    )
    op.create_table(
        "sessions",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("session", sa.String, nullable=False),
        sa.Column("source_uri", sa.String, nullable=False),
        sa.Column("pacing", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("mirrored", sa.Boolean, nullable=False),
        sa.Column("exercise", sa.String, nullable=False),
        sa.Column("muted", sa.Boolean, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("landmarks_retention_s", sa.Double),
        sa.Column("measures_retention_s", sa.Double),
        sa.Column("group_name", sa.String, nullable=False),
        sa.Column("create_time_ns", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("request_id", sa.String),
        sa.Column("request_digest", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("start_time_ns", sa.BigInteger),
        sa.Column("end_time_ns", sa.BigInteger),
        sa.Column("outcome_failed", sa.Boolean),
        sa.Column("outcome_reason", sa.String),
        sa.Column("outcome_t_s", sa.Double),
        sa.PrimaryKeyConstraint("tenant", "session", name="pk_sessions"),
    )
    op.create_index("ix_sessions_tenant_create_time_ns_session", "sessions", ["tenant", "create_time_ns", "session"])
    op.create_index("ix_sessions_tenant_request_id", "sessions", ["tenant", "request_id"], unique=True)
    op.create_index("ix_sessions_tenant_state", "sessions", ["tenant", "state"])
    op.create_table(
        "participants",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("session", sa.String, nullable=False),
        sa.Column("participant", sa.String, nullable=False),
        sa.Column("place", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("athlete", sa.String, nullable=False),
        sa.Column("display_name", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "session", "participant", name="pk_participants"),
    )
    op.create_index("ix_participants_tenant_athlete", "participants", ["tenant", "athlete"])


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("session", sa.String, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("revision", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("participant", sa.String, nullable=False),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "session", "event", "revision", name="pk_events"),
    )
    op.create_index("ix_events_tenant_session_sequence", "events", ["tenant", "session", "sequence"])
    op.create_table(
        "reps",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("session", sa.String, nullable=False),
        sa.Column("rep", sa.String, nullable=False),
        sa.Column("participant", sa.String, nullable=False),
        sa.Column("ordinal", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("counted", sa.Boolean, nullable=False),
        sa.Column("start_s", sa.Double, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "session", "rep", name="pk_reps"),
    )
    op.create_index("ix_reps_tenant_session_start_s", "reps", ["tenant", "session", "start_s"])
    op.create_table(
        "cues",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("session", sa.String, nullable=False),
        sa.Column("cue", sa.String, nullable=False),
        sa.Column("participant", sa.String, nullable=False),
        sa.Column("revision", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("t_s", sa.Double, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "session", "cue", name="pk_cues"),
    )
    op.create_index("ix_cues_tenant_session_t_s", "cues", ["tenant", "session", "t_s"])
    op.create_table(
        "stage_reports",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("session", sa.String, nullable=False),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("sequence", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "session", "stage", name="pk_stage_reports"),
    )
    op.create_table(
        "fences",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("session", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("epoch", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "session", "kind", "stage", name="pk_fences"),
    )


def _create_chunks() -> None:
    op.create_table(
        "sample_chunks",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("session", sa.String, nullable=False),
        sa.Column("participant", sa.String, nullable=False),
        sa.Column("start_us", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("piece", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("end_us", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "session", "participant", "start_us", "piece", name="pk_sample_chunks"),
    )
    op.create_table(
        "landmark_chunks",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("session", sa.String, nullable=False),
        sa.Column("participant", sa.String, nullable=False),
        sa.Column("start_us", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("piece", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("end_us", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "session", "participant", "start_us", "piece", name="pk_landmark_chunks"),
    )
