"""Athletes, and what was learnt of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "athletes",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("athlete", sa.String, nullable=False),
        sa.Column("display_name", sa.String, nullable=False),
        sa.Column("stature_m", sa.Double),
        sa.Column("mass_kg", sa.Double),
        sa.Column("sex", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("level", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("camera_mirrored", sa.Boolean, nullable=False),
        sa.Column("create_time_ns", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("update_time_ns", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("profile", sa.LargeBinary, nullable=False),
        sa.Column("learn_time_ns", sa.BigInteger),
        sa.PrimaryKeyConstraint("tenant", "athlete", name="pk_athletes"),
    )


def downgrade() -> None:
    """Remove it, and who is in it."""
    op.drop_table("athletes")
