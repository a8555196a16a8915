"""rosters from information systems: connections, syncs, switches, objections, groups"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from outreach.migrations.protection import allow_values, grant_table, guard_tenant_table

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "former_urn",
        sa.Column("urn", sa.Text(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_former_urn_school_id")),
        sa.PrimaryKeyConstraint("urn", "school_id", name=op.f("pk_former_urn")),
        info={"global_reason": "a school is found by URN before any is entered"},
    )
    op.create_table(
        "roster_sync",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "wonde",
                "xporter",
                "oneroster",
                name="sourcekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("is_full", sa.Boolean(), nullable=False),
        sa.Column("confirm_drop", sa.Boolean(), server_default="false", nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "fetching",
                "merging",
                "done",
                "held",
                "paused",
                "revoked",
                "failed",
                name="syncstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("turn", sa.Integer(), server_default="0", nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("mark", sa.Text(), nullable=True),
        sa.Column("pages", sa.Integer(), server_default="0", nullable=False),
        sa.Column("records", sa.Integer(), server_default="0", nullable=False),
        sa.Column("characters", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_roster_sync_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_roster_sync")),
    )
    op.create_index(
        op.f("ix_roster_sync_school_id_asked_at"),
        "roster_sync",
        ["school_id", "asked_at"],
        unique=False,
    )
    op.create_index(
        "uq_roster_sync_under_way",
        "roster_sync",
        ["school_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('waiting', 'fetching', 'merging')"),
    )
    op.create_table(
        "roster_upload",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "staff_id"],
            ["staff_member.school_id", "staff_member.id"],
            name=op.f("fk_roster_upload_school_id_staff_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_roster_upload_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_roster_upload")),
    )
    op.create_index(
        op.f("ix_roster_upload_school_id_staff_id"),
        "roster_upload",
        ["school_id", "staff_id"],
        unique=False,
    )
    op.create_table(
        "sharing_switch",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_sharing_switch_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "name", name=op.f("pk_sharing_switch")),
    )
    op.create_table(
        "sharing_window",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "scope",
            sa.Enum(
                "mail",
                "post_16_sharing",
                "local_authority",
                name="objectionscope",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("years", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_sharing_window_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_sharing_window")),
    )
    op.create_table(
        "source_connection",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "wonde",
                "xporter",
                "oneroster",
                name="sourcekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("may_be_private", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "authorised",
                "paused",
                "declined",
                "revoked",
                name="sourcestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("state_words", sa.Text(), nullable=True),
        sa.Column("asked_items", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("granted_items", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("connected_by", sa.Uuid(), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("synced_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mark", sa.Text(), nullable=True),
        sa.Column("ids_changed", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_source_connection_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_source_connection")),
    )
    op.create_table(
        "source_directory",
        sa.Column(
            "kind",
            sa.Enum(
                "wonde",
                "xporter",
                "oneroster",
                name="sourcekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_source_directory_school_id")
        ),
        sa.PrimaryKeyConstraint("kind", "external_id", name=op.f("pk_source_directory")),
        info={"global_reason": "a webhook names the integrator's id of a school"},
    )
    op.create_index(
        op.f("ix_source_directory_school_id"), "source_directory", ["school_id"], unique=False
    )
    op.create_table(
        "staged_pupil",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("sync_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "sync_id"],
            ["roster_sync.school_id", "roster_sync.id"],
            name=op.f("fk_staged_pupil_school_id_sync_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("school_id", "sync_id", "row", name=op.f("pk_staged_pupil")),
    )
    op.create_table(
        "sync_fault",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("sync_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_rejected", sa.Boolean(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("upn", sa.Text(), nullable=True),
        sa.Column("mis_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "sync_id"],
            ["roster_sync.school_id", "roster_sync.id"],
            name=op.f("fk_sync_fault_school_id_sync_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_sync_fault_school_id")),
        sa.PrimaryKeyConstraint("school_id", "sync_id", "number", name=op.f("pk_sync_fault")),
    )
    op.create_table(
        "staff_group",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "group_id"],
            ["roster_group.school_id", "roster_group.id"],
            name=op.f("fk_staff_group_school_id_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "staff_id"],
            ["staff_member.school_id", "staff_member.id"],
            name=op.f("fk_staff_group_school_id_staff_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_staff_group_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "staff_id", "group_id", name=op.f("pk_staff_group")),
    )
    op.create_index(
        op.f("ix_staff_group_school_id_group_id"),
        "staff_group",
        ["school_id", "group_id"],
        unique=False,
    )
    op.add_column("account_mail", sa.Column("change_id", sa.Uuid(), nullable=True))
    op.alter_column("account_mail", "account_id", existing_type=sa.UUID(), nullable=True)
    op.add_column(
        "objection",
        sa.Column(
            "scope",
            sa.Enum(
                "mail",
                "post_16_sharing",
                "local_authority",
                name="objectionscope",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="mail",
            nullable=False,
        ),
    )
    op.add_column(
        "objection",
        sa.Column(
            "instructed_by",
            sa.Enum(
                "pupil",
                "parent",
                name="instructor",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="pupil",
            nullable=False,
        ),
    )
    op.add_column("objection", sa.Column("instructed_on", sa.Date(), nullable=True))
    op.add_column("objection", sa.Column("evidence", sa.Text(), nullable=True))
    op.add_column(
        "objection",
        sa.Column(
            "lifted_by",
            sa.Enum(
                "pupil",
                "parent",
                name="lifted_by",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
    )
    op.add_column("objection", sa.Column("lifted_evidence", sa.Text(), nullable=True))
    op.add_column("objection", sa.Column("lifted_staff_id", sa.Uuid(), nullable=True))
    op.drop_index(
        op.f("uq_objection_open"), table_name="objection", postgresql_where="(lifted_at IS NULL)"
    )
    op.create_index(
        "uq_objection_open",
        "objection",
        ["school_id", "pupil_id", "scope"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL AND scope <> 'mail'"),
    )
    op.create_index(
        "uq_objection_open_to_mail",
        "objection",
        ["school_id", "pupil_id", "instructed_by"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL AND scope = 'mail'"),
    )
    op.add_column(
        "pupil",
        sa.Column(
            "missing_reason",
            sa.Enum(
                "absent",
                "deleted",
                name="missingreason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
    )
    op.add_column("pupil", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("roster_group", sa.Column("starts_on", sa.Date(), nullable=True))
    op.add_column("roster_group", sa.Column("ends_on", sa.Date(), nullable=True))
    op.add_column(
        "staff_member",
        sa.Column("is_limited", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column(
        "sharing_agreement",
        sa.Column("deletion_days", sa.BigInteger(), server_default="30", nullable=False),
    )
    op.add_column(
        "sharing_agreement",
        sa.Column("source_revoked", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column(
        "sharing_agreement", sa.Column("deletes_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "sharing_change",
        sa.Column(
            "change_id", sa.Uuid(), nullable=False, server_default=sa.text("gen_random_uuid()")
        ),
    )
    op.alter_column("sharing_change", "change_id", server_default=None)
    op.add_column(
        "sharing_change",
        sa.Column(
            "by",
            sa.Enum(
                "staff",
                "operator",
                "source",
                "service",
                name="changedby",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
            server_default="staff",
        ),
    )
    op.alter_column("sharing_change", "by", server_default=None)
    op.add_column("sharing_change", sa.Column("why", sa.Text(), nullable=True))
    op.alter_column("sharing_change", "staff_id", existing_type=sa.UUID(), nullable=True)
    allow_values(
        "account_mail",
        "kind",
        "accountmailkind",
        ("reset", "test_send", "sharing_receipt"),
    )
    allow_values(
        "due_work",
        "kind",
        "work",
        (
            "launch",
            "deliver",
            "write_back",
            "account_mail",
            "close",
            "sync",
            "delete_held",
            "forget_uploads",
        ),
    )
    allow_values(
        "suppression",
        "reason",
        "suppressionreason",
        ("bounced", "complaint", "staff", "objected"),
    )
    for table in ("pupil_address", "pupil_characteristic", "group_member"):
        op.drop_constraint(op.f(f"fk_{table}_school_id"), table, type_="foreignkey")
    _keep_items_in_use()
    for table in (
        "roster_sync",
        "roster_upload",
        "sharing_switch",
        "sharing_window",
        "source_connection",
        "staged_pupil",
        "staff_group",
        "sync_fault",
    ):
        guard_tenant_table(table)
    grant_table("former_urn")
    grant_table("source_directory")


def _keep_items_in_use() -> None:
    """A school that already shares an item goes on sharing it, until it says otherwise."""
    op.execute("ALTER TABLE pupil_characteristic NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "INSERT INTO sharing_switch (school_id, name, is_on, changed_at) "
        "SELECT DISTINCT school_id, 'item.' || item, true, now() FROM pupil_characteristic"
    )
    op.execute("ALTER TABLE pupil_characteristic FORCE ROW LEVEL SECURITY")
