"""Every tenant row is guarded, and the list of tables that are not is short and argued."""

import pytest
from alembic import command
from sqlalchemy import Engine, ForeignKeyConstraint, UniqueConstraint, text
from sqlalchemy.exc import ProgrammingError

from outreach import migrations, tables
from outreach.database import Base, Sessions, transaction

GLOBAL_TABLES = {
    "account",
    "account_attempt",
    "account_mail",
    "account_school",
    "account_session",
    "account_token",
    "campaign_directory",
    "code_lookup",
    "code_try",
    "due_work",
    "former_urn",
    "school",
    "source_directory",
}
TENANT = [pytest.param(table, id=table.name) for table in tables.tenant_tables()]


def test_global_tables_are_those_we_argued_for() -> None:
    found = {t.name: t.info["global_reason"] for t in Base.metadata.sorted_tables if t.info}

    assert set(found) == GLOBAL_TABLES
    assert all(found.values())


@pytest.mark.parametrize("table", TENANT)
def test_every_key_of_a_tenant_table_begins_with_the_school(table) -> None:
    assert next(iter(table.primary_key.columns)).name == "school_id"
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint | ForeignKeyConstraint):
            assert next(iter(constraint.columns)).name == "school_id", constraint
    for index in table.indexes:
        assert next(iter(index.columns)).name == "school_id", index


def test_row_level_security_is_forced_on_exactly_the_tenant_tables(sessions: Sessions) -> None:
    with transaction(sessions) as session:
        forced = session.scalars(
            text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        )

        assert set(forced) == {table.name for table in tables.tenant_tables()}


@pytest.mark.parametrize("table", ["audit_event", "delivery_event", "sharing_change"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET at = at", "DELETE FROM {}"])
def test_what_is_append_only_cannot_be_changed_by_the_service(
    sessions: Sessions, table: str, verb: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction(sessions) as s:
        s.execute(text(verb.format(table)))


def test_the_service_role_owns_nothing_and_cannot_step_around_row_security(
    sessions: Sessions,
) -> None:
    with transaction(sessions) as session:
        role = session.execute(
            text(
                "SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = current_user"
            )
        ).one()
        owned = session.scalar(
            text(
                "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = current_user"
            )
        )

    assert tuple(role) == (False, False, False)
    assert owned == 0


def test_migrations_form_one_line_and_match_the_models(owner_engine: Engine) -> None:
    with owner_engine.connect() as connection:
        config = migrations.alembic_config()
        config.attributes["connection"] = connection

        command.check(config)
        assert migrations.revision_of(connection) == migrations.newest_revision()
