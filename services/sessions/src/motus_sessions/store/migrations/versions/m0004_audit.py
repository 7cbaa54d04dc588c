"""Who read or erased what."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_REFUSE = "audit_is_append_only"
_ON_SQLITE = f"""
CREATE TRIGGER {_REFUSE} BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
"""
_ON_POSTGRESQL = (
    f"""
    CREATE FUNCTION {_REFUSE}() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$
    """,
    f"CREATE TRIGGER {_REFUSE} BEFORE UPDATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION {_REFUSE}()",
)


def upgrade() -> None:
    """Make the table, whose rows nobody changes."""
    op.create_table(
        "audit",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("time_ns", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("entry", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("method", sa.String, nullable=False),
        sa.Column("resource", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "time_ns", "entry", name="pk_audit"),
    )
    for statement in _ON_POSTGRESQL if op.get_bind().dialect.name == "postgresql" else (_ON_SQLITE,):
        op.execute(statement)


def downgrade() -> None:
    """Remove it, and what is in it."""
    op.drop_table("audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION {_REFUSE}()")
