"""every stage's questionnaire, answered as pages or as a chat, and what comes of it"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "answering_session",
        sa.Column(
            "mode",
            sa.Enum(
                "pages",
                "chat",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="pages",
            nullable=False,
        ),
    )
    op.add_column(
        "answering_session",
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
    )
