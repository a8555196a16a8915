"""the first tables"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from outreach.migrations.protection import APP_ROLE, grant_table, guard_tenant_table

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "account_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("subject_hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_attempt")),
        info={"global_reason": "log-in failures come before any school is known"},
    )
    op.create_index(op.f("ix_account_attempt_at"), "account_attempt", ["at"], unique=False)
    op.create_index(
        op.f("ix_account_attempt_purpose_subject_hash_at"),
        "account_attempt",
        ["purpose", "subject_hash", "at"],
        unique=False,
    )
    op.create_table(
        "school",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("urn", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school")),
        sa.UniqueConstraint("key", name=op.f("uq_school_key")),
        sa.UniqueConstraint("urn", name=op.f("uq_school_urn")),
        info={"global_reason": "found by URN or token key before any school is"},
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("password_is_proven", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("made_by_school_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["made_by_school_id"], ["school.id"], name=op.f("fk_account_made_by_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
        info={"global_reason": "a person signs in before a school is known"},
    )
    op.create_table(
        "audit_event",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "actor_kind",
            sa.Enum(
                "staff",
                "student",
                "operator",
                "system",
                name="actorkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_audit_event_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_audit_event")),
    )
    op.create_index(
        op.f("ix_audit_event_school_id_at"), "audit_event", ["school_id", "at"], unique=False
    )
    op.create_index(
        op.f("ix_audit_event_school_id_subject_id"),
        "audit_event",
        ["school_id", "subject_id"],
        unique=False,
    )
    op.create_table(
        "campaign",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("questionnaire", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "launching",
                "sending",
                "paused",
                "cancelled",
                "closed",
                name="campaignstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("years", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("groups", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("audience", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("launched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_campaign_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_campaign")),
    )
    op.create_index(
        op.f("ix_campaign_school_id_created_at"),
        "campaign",
        ["school_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "campaign_directory",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_campaign_directory_school_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_campaign_directory")),
        info={"global_reason": "finds the school of a campaign id; no content"},
    )
    op.create_table(
        "delivery_claim",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_delivery_claim_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_delivery_claim")),
    )
    op.create_table(
        "due_work",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "launch",
                "deliver",
                "write_back",
                "account_mail",
                "close",
                name="work",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_due_work_school_id")),
        sa.PrimaryKeyConstraint("school_id", "kind", name=op.f("pk_due_work")),
        info={"global_reason": "tells workers which school to look at next"},
    )
    op.create_index(op.f("ix_due_work_due_at"), "due_work", ["due_at"], unique=False)
    op.create_table(
        "pupil",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("upn", sa.Text(), nullable=True),
        sa.Column("mis_id", sa.Text(), nullable=True),
        sa.Column("admission_number", sa.Text(), nullable=True),
        sa.Column("forename", sa.Text(), nullable=False),
        sa.Column("preferred_forename", sa.Text(), nullable=True),
        sa.Column("surname", sa.Text(), nullable=False),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("leaving_date", sa.Date(), nullable=True),
        sa.Column("missing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_pupil_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_pupil")),
        sa.UniqueConstraint("school_id", "mis_id", name=op.f("uq_pupil_school_id_mis_id")),
        sa.UniqueConstraint("school_id", "upn", name=op.f("uq_pupil_school_id_upn")),
    )
    op.create_index(
        op.f("ix_pupil_school_id_year_surname_forename"),
        "pupil",
        ["school_id", "year", "surname", "forename"],
        unique=False,
    )
    op.create_table(
        "roster_group",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "registration",
                "teaching",
                "user_defined",
                name="groupkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_roster_group_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_roster_group")),
        sa.UniqueConstraint(
            "school_id", "kind", "name", name=op.f("uq_roster_group_school_id_kind_name")
        ),
    )
    op.create_table(
        "roster_import",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("is_full", sa.Boolean(), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_roster_import_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_roster_import")),
    )
    op.create_index(
        op.f("ix_roster_import_school_id_at"), "roster_import", ["school_id", "at"], unique=False
    )
    op.create_table(
        "school_contact",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("careers_name", sa.Text(), nullable=True),
        sa.Column("careers_email", sa.Text(), nullable=True),
        sa.Column("careers_phone", sa.Text(), nullable=True),
        sa.Column("protection_name", sa.Text(), nullable=True),
        sa.Column("protection_email", sa.Text(), nullable=True),
        sa.Column("protection_phone", sa.Text(), nullable=True),
        sa.Column("notice_url", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_school_contact_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_school_contact")),
    )
    op.create_table(
        "school_secret",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("address_key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_school_secret_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_school_secret")),
    )
    op.create_table(
        "sharing_agreement",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column(
            "connection",
            sa.Enum(
                "not_connected",
                "authorised",
                "paused",
                "revoked",
                name="connection",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("student_email", sa.Boolean(), nullable=False),
        sa.Column("work_email", sa.Boolean(), nullable=False),
        sa.Column("home_email", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_sharing_agreement_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_sharing_agreement")),
    )
    op.create_table(
        "suppression",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "bounced",
                "complaint",
                "staff",
                name="suppressionreason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_suppression_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "address_hash", name=op.f("pk_suppression")),
    )
    op.create_table(
        "account_mail",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "reset",
                "test_send",
                name="accountmailkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sending",
                "sent",
                "held",
                "failed",
                "unknown",
                name="accountmailstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handing_over_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_mail_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_account_mail_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_mail")),
        info={"global_reason": "mail to an account, before or beside any school"},
    )
    op.create_index(
        op.f("ix_account_mail_account_id"), "account_mail", ["account_id"], unique=False
    )
    op.create_index(
        op.f("ix_account_mail_state_next_attempt_at"),
        "account_mail",
        ["state", "next_attempt_at"],
        unique=False,
    )
    op.create_table(
        "account_school",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_school_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_account_school_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "account_id", name=op.f("pk_account_school")),
        info={"global_reason": "finds an account's schools at sign-in"},
    )
    op.create_index(
        op.f("ix_account_school_account_id"), "account_school", ["account_id"], unique=False
    )
    op.create_table(
        "account_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_session_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_account_session_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_session")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_account_session_secret_hash")),
        info={"global_reason": "says which school a browser is signed in to"},
    )
    op.create_index(
        op.f("ix_account_session_account_id"), "account_session", ["account_id"], unique=False
    )
    op.create_table(
        "account_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "set_up",
                "reset",
                name="tokenkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reaches_owner", sa.Boolean(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_token_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_token")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_account_token_secret_hash")),
        info={"global_reason": "used before anybody is signed in"},
    )
    op.create_index(
        op.f("ix_account_token_account_id"), "account_token", ["account_id"], unique=False
    )
    op.create_table(
        "campaign_block",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("pupil_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("reasons", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "campaign_id"],
            ["campaign.school_id", "campaign.id"],
            name=op.f("fk_campaign_block_school_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_campaign_block_school_id")
        ),
        sa.PrimaryKeyConstraint(
            "school_id", "campaign_id", "number", name=op.f("pk_campaign_block")
        ),
    )
    op.create_table(
        "group_member",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("pupil_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "group_id"],
            ["roster_group.school_id", "roster_group.id"],
            name=op.f("fk_group_member_school_id_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"],
            ["pupil.school_id", "pupil.id"],
            name=op.f("fk_group_member_school_id_pupil_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_group_member_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "pupil_id", "group_id", name=op.f("pk_group_member")),
    )
    op.create_index(
        op.f("ix_group_member_school_id_group_id"),
        "group_member",
        ["school_id", "group_id"],
        unique=False,
    )
    op.create_table(
        "invitation",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("pupil_id", sa.Uuid(), nullable=False),
        sa.Column("questionnaire", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("excluded_reason", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "preparing",
                "not_started",
                "started",
                "submitted",
                "written_back",
                "stopped",
                name="invitationstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("stopped_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mail_stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "campaign_id"],
            ["campaign.school_id", "campaign.id"],
            name=op.f("fk_invitation_school_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"],
            ["pupil.school_id", "pupil.id"],
            name=op.f("fk_invitation_school_id_pupil_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_invitation_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_invitation")),
        sa.UniqueConstraint(
            "school_id",
            "campaign_id",
            "pupil_id",
            name=op.f("uq_invitation_school_id_campaign_id_pupil_id"),
        ),
    )
    op.create_index(
        op.f("ix_invitation_school_id_campaign_id_state"),
        "invitation",
        ["school_id", "campaign_id", "state"],
        unique=False,
    )
    op.create_index(
        op.f("ix_invitation_school_id_pupil_id_questionnaire"),
        "invitation",
        ["school_id", "pupil_id", "questionnaire"],
        unique=False,
    )
    op.create_table(
        "objection",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pupil_id", sa.Uuid(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"],
            ["pupil.school_id", "pupil.id"],
            name=op.f("fk_objection_school_id_pupil_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_objection_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_objection")),
    )
    op.create_index(
        op.f("ix_objection_school_id_pupil_id"),
        "objection",
        ["school_id", "pupil_id"],
        unique=False,
    )
    op.create_index(
        "uq_objection_open",
        "objection",
        ["school_id", "pupil_id"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_table(
        "pupil_address",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("pupil_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "work",
                "home",
                name="addresskind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"],
            ["pupil.school_id", "pupil.id"],
            name=op.f("fk_pupil_address_school_id_pupil_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_pupil_address_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "pupil_id", "kind", name=op.f("pk_pupil_address")),
    )
    op.create_index(
        op.f("ix_pupil_address_school_id_address_hash"),
        "pupil_address",
        ["school_id", "address_hash"],
        unique=False,
    )
    op.create_table(
        "pupil_characteristic",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("pupil_id", sa.Uuid(), nullable=False),
        sa.Column(
            "item",
            sa.Enum(
                "sen",
                "fsm",
                "pupil_premium",
                "ethnicity",
                "first_language",
                name="item",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"],
            ["pupil.school_id", "pupil.id"],
            name=op.f("fk_pupil_characteristic_school_id_pupil_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_pupil_characteristic_school_id")
        ),
        sa.PrimaryKeyConstraint(
            "school_id", "pupil_id", "item", name=op.f("pk_pupil_characteristic")
        ),
    )
    op.create_table(
        "wrong_address",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("pupil_id", sa.Uuid(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"],
            ["pupil.school_id", "pupil.id"],
            name=op.f("fk_wrong_address_school_id_pupil_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_wrong_address_school_id")
        ),
        sa.PrimaryKeyConstraint(
            "school_id", "pupil_id", "address_hash", name=op.f("pk_wrong_address")
        ),
    )
    op.create_table(
        "link",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "invitation_id"],
            ["invitation.school_id", "invitation.id"],
            name=op.f("fk_link_school_id_invitation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_link_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_link")),
    )
    op.create_index(
        op.f("ix_link_school_id_invitation_id"),
        "link",
        ["school_id", "invitation_id"],
        unique=False,
    )
    op.create_table(
        "response",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("questionnaire", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("written_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("write_back_failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("write_back_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resume_allowed_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "invitation_id"],
            ["invitation.school_id", "invitation.id"],
            name=op.f("fk_response_school_id_invitation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_response_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_response")),
        sa.UniqueConstraint("school_id", "reference", name=op.f("uq_response_school_id_reference")),
    )
    op.create_index(
        op.f("ix_response_school_id_invitation_id"),
        "response",
        ["school_id", "invitation_id"],
        unique=False,
    )
    op.create_index(
        "ix_response_to_write_back",
        "response",
        ["school_id", "submitted_at"],
        unique=False,
        postgresql_where=sa.text("submitted_at IS NOT NULL AND written_back_at IS NULL"),
    )
    op.create_index(
        "uq_response_current",
        "response",
        ["school_id", "invitation_id"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "staff_member",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "admin",
                "careers_leader",
                "viewer",
                "data_protection",
                "it",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "account_id"],
            ["account_school.school_id", "account_school.account_id"],
            name=op.f("fk_staff_member_school_id_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_staff_member_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_staff_member")),
        sa.UniqueConstraint(
            "school_id", "account_id", name=op.f("uq_staff_member_school_id_account_id")
        ),
    )
    op.create_table(
        "answer",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "pages", "chat", name="mode", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "response_id"],
            ["response.school_id", "response.id"],
            name=op.f("fk_answer_school_id_response_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_answer_school_id")),
        sa.PrimaryKeyConstraint("school_id", "response_id", "question_id", name=op.f("pk_answer")),
    )
    op.create_table(
        "answering_session",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("may_see_answers", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "link_id"],
            ["link.school_id", "link.id"],
            name=op.f("fk_answering_session_school_id_link_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_answering_session_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_answering_session")),
        sa.UniqueConstraint(
            "school_id", "secret_hash", name=op.f("uq_answering_session_school_id_secret_hash")
        ),
    )
    op.create_index(
        op.f("ix_answering_session_school_id_link_id"),
        "answering_session",
        ["school_id", "link_id"],
        unique=False,
    )
    op.create_table(
        "birth_check_try",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("forgiven_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "link_id"],
            ["link.school_id", "link.id"],
            name=op.f("fk_birth_check_try_school_id_link_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_birth_check_try_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_birth_check_try")),
    )
    op.create_index(
        op.f("ix_birth_check_try_school_id_link_id"),
        "birth_check_try",
        ["school_id", "link_id"],
        unique=False,
    )
    op.create_table(
        "message",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column(
            "step",
            sa.Enum(
                "invite", name="messagestep", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("attempt", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sending",
                "accepted",
                "deferred",
                "held",
                "refused",
                "bounced",
                "unknown",
                "stopped",
                name="messagestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("status_code", sa.Text(), nullable=True),
        sa.Column(
            "address_kind",
            sa.Enum(
                "work",
                "home",
                name="addresskind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("address_hash", sa.LargeBinary(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "campaign_id"],
            ["campaign.school_id", "campaign.id"],
            name=op.f("fk_message_school_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "invitation_id"],
            ["invitation.school_id", "invitation.id"],
            name=op.f("fk_message_school_id_invitation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "link_id"],
            ["link.school_id", "link.id"],
            name=op.f("fk_message_school_id_link_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_message_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_message")),
        sa.UniqueConstraint(
            "school_id",
            "invitation_id",
            "step",
            "attempt",
            name=op.f("uq_message_school_id_invitation_id_step_attempt"),
        ),
    )
    op.create_index(
        "ix_message_claimed",
        "message",
        ["school_id", "claim_id"],
        unique=False,
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.create_index(
        op.f("ix_message_school_id_campaign_id_state"),
        "message",
        ["school_id", "campaign_id", "state"],
        unique=False,
    )
    op.create_index(
        op.f("ix_message_school_id_link_id"), "message", ["school_id", "link_id"], unique=False
    )
    op.create_index(
        "ix_message_waiting",
        "message",
        ["school_id", "campaign_id", "next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'deferred')"),
    )
    op.create_table(
        "profile_entry",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pupil_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=True),
        sa.Column("questionnaire", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "pupil_id"],
            ["pupil.school_id", "pupil.id"],
            name=op.f("fk_profile_entry_school_id_pupil_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "response_id"],
            ["response.school_id", "response.id"],
            name=op.f("fk_profile_entry_school_id_response_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_profile_entry_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_profile_entry")),
        sa.UniqueConstraint(
            "school_id",
            "response_id",
            "field",
            name=op.f("uq_profile_entry_school_id_response_id_field"),
        ),
    )
    op.create_index(
        op.f("ix_profile_entry_school_id_pupil_id_field_recorded_at"),
        "profile_entry",
        ["school_id", "pupil_id", "field", "recorded_at"],
        unique=False,
    )
    op.create_index(
        "uq_profile_entry_current",
        "profile_entry",
        ["school_id", "pupil_id", "field"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "result",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "construct",
                "block",
                name="resultkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("positive", sa.Integer(), nullable=False),
        sa.Column("not_positive", sa.Integer(), nullable=False),
        sa.Column("unsure", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "response_id"],
            ["response.school_id", "response.id"],
            name=op.f("fk_result_school_id_response_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_result_school_id")),
        sa.PrimaryKeyConstraint("school_id", "response_id", "kind", "key", name=op.f("pk_result")),
    )
    op.create_index(
        op.f("ix_result_school_id_campaign_id_kind_key"),
        "result",
        ["school_id", "campaign_id", "kind", "key"],
        unique=False,
    )
    op.create_table(
        "sharing_change",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("setting", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "staff_id"],
            ["staff_member.school_id", "staff_member.id"],
            name=op.f("fk_sharing_change_school_id_staff_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_sharing_change_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_sharing_change")),
    )
    op.create_index(
        op.f("ix_sharing_change_school_id_at"), "sharing_change", ["school_id", "at"], unique=False
    )
    op.create_table(
        "delivery_event",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status_code", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "message_id"],
            ["message.school_id", "message.id"],
            name=op.f("fk_delivery_event_school_id_message_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_delivery_event_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_delivery_event")),
        sa.UniqueConstraint(
            "school_id",
            "source",
            "event_id",
            name=op.f("uq_delivery_event_school_id_source_event_id"),
        ),
    )
    op.create_index(
        op.f("ix_delivery_event_school_id_message_id"),
        "delivery_event",
        ["school_id", "message_id"],
        unique=False,
    )
    guard_tenant_table("audit_event", append_only=True)
    guard_tenant_table("campaign")
    guard_tenant_table("delivery_claim")
    guard_tenant_table("pupil")
    guard_tenant_table("roster_group")
    guard_tenant_table("roster_import")
    guard_tenant_table("school_contact")
    guard_tenant_table("school_secret")
    guard_tenant_table("sharing_agreement")
    guard_tenant_table("suppression")
    guard_tenant_table("campaign_block")
    guard_tenant_table("group_member")
    guard_tenant_table("invitation")
    guard_tenant_table("objection")
    guard_tenant_table("pupil_address")
    guard_tenant_table("pupil_characteristic")
    guard_tenant_table("wrong_address")
    guard_tenant_table("link")
    guard_tenant_table("response")
    guard_tenant_table("staff_member")
    guard_tenant_table("answer")
    guard_tenant_table("answering_session")
    guard_tenant_table("birth_check_try")
    guard_tenant_table("message")
    guard_tenant_table("profile_entry")
    guard_tenant_table("result")
    guard_tenant_table("sharing_change", append_only=True)
    guard_tenant_table("delivery_event", append_only=True)
    grant_table("account_attempt")
    grant_table("school")
    grant_table("account")
    grant_table("campaign_directory")
    grant_table("due_work")
    grant_table("account_mail")
    grant_table("account_school")
    grant_table("account_session")
    grant_table("account_token")
    op.execute(f"GRANT SELECT ON alembic_version TO {APP_ROLE}")
