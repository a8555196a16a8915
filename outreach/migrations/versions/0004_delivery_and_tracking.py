"""mail that is paced, reminded, traced and accounted for"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    _campaign_page()


def _campaign_page() -> None:
    """Addresses that staff give, and when a result was written, for the pupil's timeline."""
    op.add_column("pupil_address", sa.Column("given_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("pupil_address", sa.Column("given_by", sa.Uuid(), nullable=True))
    op.add_column("pupil_address", sa.Column("instead_of", sa.LargeBinary(), nullable=True))
    op.add_column(
        "invitation", sa.Column("written_back_at", sa.DateTime(timezone=True), nullable=True)
    )
    for table in ("invitation", "response"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE invitation SET written_back_at = response.written_back_at FROM response "
        "WHERE response.school_id = invitation.school_id "
        "AND response.invitation_id = invitation.id AND invitation.state = 'written_back' "
        "AND response.superseded_at IS NULL"
    )
    for table in ("invitation", "response"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
