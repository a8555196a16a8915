"""every stage's questionnaire, answered as pages or as a chat, and what comes of it"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from outreach.migrations.protection import guard_tenant_table

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
    _pin_by_campaign()
    op.create_table(
        "supported_version",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("pupil_id", sa.Uuid(), nullable=False),
        sa.Column("chosen_by", sa.Uuid(), nullable=True),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"],
            ["pupil.school_id", "pupil.id"],
            name=op.f("fk_supported_version_school_id_pupil_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_supported_version_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "pupil_id", name=op.f("pk_supported_version")),
    )
    guard_tenant_table("campaign_questionnaire")
    guard_tenant_table("supported_version")


def _pin_by_campaign() -> None:
    """What a campaign gave to everybody so far it gives to pupils of every year."""
    op.create_table(
        "campaign_questionnaire",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("questionnaire", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("years", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("is_supported", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "campaign_id"],
            ["campaign.school_id", "campaign.id"],
            name=op.f("fk_campaign_questionnaire_school_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_campaign_questionnaire_school_id")
        ),
        sa.PrimaryKeyConstraint(
            "school_id", "campaign_id", "questionnaire", name=op.f("pk_campaign_questionnaire")
        ),
    )
    op.execute("ALTER TABLE campaign NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "INSERT INTO campaign_questionnaire "
        "(school_id, campaign_id, questionnaire, version, sha256, years, is_supported) "
        "SELECT school_id, id, questionnaire, version, sha256, '{}', false FROM campaign"
    )
    op.execute("ALTER TABLE campaign FORCE ROW LEVEL SECURITY")
    op.drop_column("campaign", "version")
    op.drop_column("campaign", "sha256")
