"""What clients wish of a session while it runs, and what athletes think of cues."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("sessions", sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"))
    op.add_column("sessions", sa.Column("wished_exercise", sa.String))
    op.add_column("sessions", sa.Column("in_set", sa.Boolean))
    op.add_column("cues", sa.Column("dismissed", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("cues", sa.Column("rating", sa.BigInteger))


def downgrade() -> None:
    """Remove them."""
    for table, column in (
        ("cues", "rating"),
        ("cues", "dismissed"),
        ("sessions", "in_set"),
        ("sessions", "wished_exercise"),
        ("sessions", "revision"),
    ):
        op.drop_column(table, column)
