"""Where participants begin."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; sessions from before have no lanes."""
    op.add_column("participants", sa.Column("lane_left", sa.Double))
    op.add_column("participants", sa.Column("lane_right", sa.Double))


def downgrade() -> None:
    """Remove them."""
    op.drop_column("participants", "lane_right")
    op.drop_column("participants", "lane_left")
