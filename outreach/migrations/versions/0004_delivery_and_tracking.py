"""mail that is paced, reminded, traced and accounted for"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from outreach.migrations.protection import allow_values, guard_tenant_table

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    _held_domains()
    _it_team()
    _kinds_of_account_mail()
    _campaign_page()
    _reminders()
    _school_calendar()
    _chat()
    _kinds_of_work()
    _scanners()


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


def _it_team() -> None:
    moment = sa.DateTime(timezone=True)
    _of_a_school(
        "it_page_link",
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("revoked_at", moment, nullable=True),
    )
    op.create_table(
        "it_check",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("checked_at", moment, nullable=False),
        sa.Column("found", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_it_check_school_id")),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_it_check")),
    )
    guard_tenant_table("it_check")
    arrival = sa.Enum(
        "inbox",
        "junk",
        "quarantine",
        "nowhere",
        name="arrival",
        native_enum=False,
        create_constraint=True,
        length=40,
    )
    _of_a_school(
        "it_test",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("sealed_address", sa.LargeBinary(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("arrival", arrival, nullable=True),
        sa.Column("told_at", moment, nullable=True),
        sa.Column("told_by_link", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("told_by_staff", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("headers", postgresql.JSONB(), nullable=True),
    )
    op.create_index(op.f("ix_it_test_school_id_made_at"), "it_test", ["school_id", "made_at"])
    _of_a_school(
        "it_test_fetch",
        sa.Column("test_id", sa.Uuid(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("is_person", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "test_id"],
            ["it_test.school_id", "it_test.id"],
            name=op.f("fk_it_test_fetch_school_id_test_id"),
            ondelete="CASCADE",
        ),
    )
    columns = ["school_id", "test_id"]
    op.create_index(op.f("ix_it_test_fetch_school_id_test_id"), "it_test_fetch", columns)
    op.add_column("account_mail", sa.Column("it_test_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_account_mail_it_test_id"), "account_mail", ["it_test_id"])


def _of_a_school(table: str, *more: sa.schema.SchemaItem) -> None:
    """A guarded table whose rows have an id within their school."""
    op.create_table(
        table,
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *more,
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f(f"fk_{table}_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f(f"pk_{table}")),
    )
    guard_tenant_table(table)


def _kinds_of_account_mail() -> None:
    """The one list of them all: each room adds its own here."""
    kinds = ("reset", "test_send", "sharing_receipt", "safeguarding", "it_test", "digest")
    allow_values("account_mail", "kind", "accountmailkind", kinds)


def _held_domains() -> None:
    op.add_column("message", sa.Column("domain", sa.Text(), nullable=True))
    op.add_column("delivery_event", sa.Column("account", sa.Text(), nullable=True))
    op.create_index(
        "ix_message_turned_away",
        "message",
        ["school_id", "domain"],
        postgresql_where=sa.text("state IN ('held', 'refused', 'bounced')"),
    )
    op.create_index(
        "ix_message_paced",
        "message",
        ["school_id", "campaign_id", "domain"],
        postgresql_where=sa.text("reason = 'paced'"),
    )
    op.create_table(
        "held_domain",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "watching",
                "open",
                "probing",
                "resumed",
                name="heldstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("run_began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("diagnosis", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("came_back", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_probe_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probe_id", sa.Uuid(), nullable=True),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resumed_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_held_domain_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "domain", name=op.f("pk_held_domain")),
        sa.UniqueConstraint("school_id", "id", name=op.f("uq_held_domain_school_id_id")),
    )
    guard_tenant_table("held_domain")


def _kinds_of_work() -> None:
    """The one list of them all: each room adds its own here."""
    earlier = ("launch", "deliver", "write_back", "account_mail", "close", "sync", "delete_held")
    kinds = (*earlier, "forget_uploads", "safeguarding", "forget_codes", "remind", "chat")
    allow_values("due_work", "kind", "work", kinds)


STEPS = ("invite", "reminder_1", "reminder_2", "reminder_3", "last_chance", "copy")


def _choice(kind: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=kind, native_enum=False, create_constraint=True, length=40)


def _reminders() -> None:
    """Campaigns of before get none by themselves, and tell no tutors, unless staff say so."""
    allow_values("message", "step", "messagestep", STEPS)
    op.add_column("account_mail", sa.Column("step", sa.Text(), nullable=True))
    op.add_column(
        "campaign",
        sa.Column("tells_tutors", sa.Boolean(), server_default="false", nullable=False),
    )
    states = ("planned", "asks", "sent", "skipped", "off")
    _of_a_campaign_step(
        "campaign_reminder",
        sa.Column("after_days", sa.Integer(), nullable=True),
        sa.Column("state", _choice("reminderstate", *states), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queued", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "after_days BETWEEN 1 AND 60", name=op.f("ck_campaign_reminder_after_days")
        ),
    )
    _of_a_campaign_step(
        "campaign_words",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )


def _of_a_campaign_step(table: str, *more: sa.schema.SchemaItem) -> None:
    op.create_table(
        table,
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("step", _choice("messagestep", *STEPS), nullable=False),
        *more,
        sa.ForeignKeyConstraint(
            ["school_id", "campaign_id"],
            ["campaign.school_id", "campaign.id"],
            name=op.f(f"fk_{table}_school_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f(f"fk_{table}_school_id")),
        sa.PrimaryKeyConstraint("school_id", "campaign_id", "step", name=op.f(f"pk_{table}")),
    )
    guard_tenant_table(table)


def _school_calendar() -> None:
    op.create_table(
        "school_term",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_school_term_order")),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_school_term_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "starts_on", name=op.f("pk_school_term")),
    )
    op.create_table(
        "closed_day",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_closed_day_school_id")),
        sa.PrimaryKeyConstraint("school_id", "day", name=op.f("pk_closed_day")),
    )
    op.create_table(
        "school_hours",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        *(
            sa.Column(name, sa.Time(), nullable=False)
            for name in ("opens", "closes", "mails_at", "quiet_from", "quiet_until")
        ),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_school_hours_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_school_hours")),
    )
    for table in ("school_term", "closed_day", "school_hours"):
        guard_tenant_table(table)


def _chat() -> None:
    _of_a_school(
        "chat_channel",
        sa.Column("kind", _choice("chatkind", "teams", "google_chat", "slack"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sealed_address", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    news = ("test", "launched", "half_way", "domain_held", "closing_tomorrow")
    states = ("waiting", "posting", "posted", "unknown", "given_up", "dropped")
    _of_a_school(
        "chat_news",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("news", _choice("news", *news), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("state", _choice("newsstate", *states), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "channel_id"],
            ["chat_channel.school_id", "chat_channel.id"],
            name=op.f("fk_chat_news_school_id_channel_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "campaign_id"],
            ["campaign.school_id", "campaign.id"],
            name=op.f("fk_chat_news_school_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "school_id",
            "channel_id",
            "news",
            "about",
            name=op.f("uq_chat_news_school_id_channel_id_news_about"),
        ),
    )
    op.create_index(
        "ix_chat_news_waiting",
        "chat_news",
        ["school_id", "next_attempt_at"],
        postgresql_where=sa.text("state IN ('waiting', 'posting')"),
    )


def _scanners() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "quick_stop",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("scanner", sa.Text(), nullable=True),
        sa.Column("at", moment, nullable=False),
        sa.Column("alarm_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "invitation_id"],
            ["invitation.school_id", "invitation.id"],
            name=op.f("fk_quick_stop_school_id_invitation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_quick_stop_school_id")),
        sa.PrimaryKeyConstraint("school_id", "invitation_id", name=op.f("pk_quick_stop")),
    )
    columns = ["school_id", "campaign_id", "domain"]
    op.create_index(op.f("ix_quick_stop_school_id_campaign_id_domain"), "quick_stop", columns)
    guard_tenant_table("quick_stop")
    op.create_table(
        "scanner_alarm",
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("opened_at", moment, nullable=False),
        sa.Column("decision", _choice("decision", "undone", "left"), nullable=True),
        sa.Column("decided_at", moment, nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "campaign_id"],
            ["campaign.school_id", "campaign.id"],
            name=op.f("fk_scanner_alarm_school_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_scanner_alarm_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_scanner_alarm")),
    )
    op.create_index(
        "ix_scanner_alarm_open",
        "scanner_alarm",
        columns,
        unique=True,
        postgresql_where=sa.text("decision IS NULL"),
    )
    guard_tenant_table("scanner_alarm")
