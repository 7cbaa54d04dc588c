"""Roll-ups of samples."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; what was packed before has none and is read from its chunks."""
    op.create_table(
        "sample_rollups",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("session", sa.String, nullable=False),
        sa.Column("participant", sa.String, nullable=False),
        sa.Column("start_us", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("piece", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("end_us", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "session", "participant", "start_us", "piece", name="pk_sample_rollups"),
    )


def downgrade() -> None:
    """Remove it: it can be made again from the samples."""
    op.drop_table("sample_rollups")
