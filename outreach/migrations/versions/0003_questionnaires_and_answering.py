"""every stage's questionnaire, answered as pages or as a chat, and what comes of it"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from outreach.migrations.protection import allow_values, grant_table, guard_tenant_table

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
    _own_questionnaires()
    _answering_again()
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
    _results_for_staff()
    _personal_codes()
    _open_text()
    _feedback()
    _answers_seen_by_response()


def _answering_again() -> None:
    """All questionnaires so far are of one family, and nobody was let answer again."""
    for table in ("campaign_questionnaire", "invitation"):
        op.add_column(
            table, sa.Column("family", sa.Text(), server_default="future_skills", nullable=False)
        )
    op.add_column("invitation", sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "response", sa.Column("replaceable_since", sa.DateTime(timezone=True), nullable=True)
    )
    op.drop_index("uq_response_current", table_name="response")
    op.create_index(
        "uq_response_current",
        "response",
        ["school_id", "invitation_id"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL AND replaceable_since IS NULL"),
    )


def _results_for_staff() -> None:
    """Whoever was asked before is taken to have been in the year that the roster has now."""
    op.add_column("invitation", sa.Column("pupil_year", sa.Integer(), nullable=True))
    for table in ("invitation", "pupil"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE invitation SET pupil_year = pupil.year FROM pupil "
        "WHERE pupil.school_id = invitation.school_id AND pupil.id = invitation.pupil_id"
    )
    for table in ("invitation", "pupil"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.alter_column("invitation", "pupil_year", nullable=False)
    op.create_table(
        "reporting_rule",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("floor", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("floor BETWEEN 5 AND 30", name=op.f("ck_reporting_rule_floor")),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_reporting_rule_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_reporting_rule")),
    )
    guard_tenant_table("reporting_rule")
    _counted_responses()


def _counted_responses() -> None:
    """What was in everybody's figures so far stays in them."""
    op.create_table(
        "counted_response",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "response_id"],
            ["response.school_id", "response.id"],
            name=op.f("fk_counted_response_school_id_response_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_counted_response_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "response_id", name=op.f("pk_counted_response")),
    )
    op.execute("ALTER TABLE response NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "INSERT INTO counted_response (school_id, response_id, counted_at) "
        "SELECT school_id, id, now() FROM response "
        "WHERE written_back_at IS NOT NULL AND superseded_at IS NULL"
    )
    op.execute("ALTER TABLE response FORCE ROW LEVEL SECURITY")
    guard_tenant_table("counted_response")


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


def _own_questionnaires() -> None:
    op.create_table(
        "school_questionnaire",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("questionnaire", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=True),
        sa.Column("base_version", sa.Integer(), nullable=True),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stands_in", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_school_questionnaire_school_id")
        ),
        sa.PrimaryKeyConstraint(
            "school_id", "questionnaire", "version", name=op.f("pk_school_questionnaire")
        ),
    )
    op.create_index(
        "uq_school_questionnaire_stands_in",
        "school_questionnaire",
        ["school_id", "base"],
        unique=True,
        postgresql_where=sa.text("stands_in"),
    )
    guard_tenant_table("school_questionnaire")


def _personal_codes() -> None:
    for table, column in (("link", "arrives_by"), ("answering_session", "arrived_by")):
        kind = sa.Enum(
            "link",
            "code",
            "staff",
            name="arrivedby",
            native_enum=False,
            create_constraint=True,
            length=40,
        )
        op.add_column(table, sa.Column(column, kind, server_default="link", nullable=False))
    op.add_column("link", sa.Column("opened_by", sa.Uuid(), nullable=True))
    op.add_column("answering_session", sa.Column("staff_id", sa.Uuid(), nullable=True))
    op.create_table(
        "personal_code",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "link_id"],
            ["link.school_id", "link.id"],
            name=op.f("fk_personal_code_school_id_link_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_personal_code_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "link_id", name=op.f("pk_personal_code")),
        sa.UniqueConstraint(
            "school_id", "code_hash", name=op.f("uq_personal_code_school_id_code_hash")
        ),
    )
    op.create_table(
        "code_lookup",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_code_lookup_school_id")
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_code_lookup")),
    )
    op.create_index(op.f("ix_code_lookup_school_id"), "code_lookup", ["school_id"])
    op.create_table(
        "code_try",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_hash", sa.LargeBinary(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_try")),
    )
    for columns in (["network_hash", "at"], ["browser_hash", "at"], ["at"]):
        name = op.f(f"ix_code_try_{'_'.join(columns)}")
        op.create_index(name, "code_try", columns)
    guard_tenant_table("personal_code")
    grant_table("code_lookup")
    grant_table("code_try")


def _open_text() -> None:
    """No campaign so far asks for free text: no published questionnaire did."""
    roles = ("admin", "careers_leader", "viewer", "data_protection", "it", "safeguarding")
    allow_values("staff_member", "role", "role", roles)
    mails = ("reset", "test_send", "sharing_receipt", "safeguarding")
    allow_values("account_mail", "kind", "accountmailkind", mails)
    works = ("launch", "deliver", "write_back", "account_mail", "close", "sync", "delete_held")
    newer = ("forget_uploads", "safeguarding", "forget_codes")
    allow_values("due_work", "kind", "work", (*works, *newer))
    allow_values("message", "step", "messagestep", ("invite", "copy"))
    op.add_column("message", sa.Column("response_id", sa.Uuid(), nullable=True))
    op.add_column(
        "campaign_questionnaire",
        sa.Column("asks_open_text", sa.Boolean(), server_default="false", nullable=False),
    )
    op.create_table(
        "safeguarding_flag",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Text(), nullable=False),
        sa.Column("is_urgent", sa.Boolean(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("call_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "response_id"],
            ["response.school_id", "response.id"],
            name=op.f("fk_safeguarding_flag_school_id_response_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_safeguarding_flag_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_safeguarding_flag")),
        sa.UniqueConstraint(
            "school_id",
            "response_id",
            "question_id",
            name=op.f("uq_safeguarding_flag_school_id_response_id_question_id"),
        ),
    )
    op.create_index(
        "ix_safeguarding_flag_unread",
        "safeguarding_flag",
        ["school_id", "opens_at"],
        postgresql_where=sa.text("seen_at IS NULL"),
    )
    guard_tenant_table("safeguarding_flag")
    moment = sa.DateTime(timezone=True)
    _beside_flag(
        "safeguarding_earlier_text",
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("written_at", moment, nullable=False),
        sa.Column("replaced_at", moment, nullable=False),
    )
    _beside_flag(
        "safeguarding_act",
        sa.Column("written_at", moment, nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("at", moment, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
    )


def _beside_flag(table: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        table,
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["school_id", "flag_id"],
            ["safeguarding_flag.school_id", "safeguarding_flag.id"],
            name=op.f(f"fk_{table}_school_id_flag_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f(f"fk_{table}_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_school_id_flag_id"), table, ["school_id", "flag_id"])
    guard_tenant_table(table)


def _feedback() -> None:
    op.add_column(
        "response", sa.Column("gave_feedback", sa.Boolean(), server_default="false", nullable=False)
    )

    op.create_table(
        "feedback",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("shown", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "campaign_id"],
            ["campaign.school_id", "campaign.id"],
            name=op.f("fk_feedback_school_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_feedback_school_id")),
        sa.PrimaryKeyConstraint("school_id", "campaign_id", name=op.f("pk_feedback")),
    )
    guard_tenant_table("feedback")


def _answers_seen_by_response() -> None:
    """Who might see answers so far might see those of the one response there was."""
    op.add_column("answering_session", sa.Column("response_id", sa.Uuid(), nullable=True))
    for table in ("answering_session", "response"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE answering_session SET response_id = response.id FROM response "
        "WHERE response.school_id = answering_session.school_id "
        "AND response.invitation_id = answering_session.invitation_id "
        "AND response.superseded_at IS NULL AND answering_session.may_see_answers"
    )
    for table in ("answering_session", "response"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.drop_column("answering_session", "may_see_answers")
