"""Row-level security and grants for new tables; revisions call these."""

from alembic import op

APP_ROLE = "outreach_app"
FIRST_WITH_MAINTAIN = 170_000
OWN_SCHOOL = "school_id = nullif(current_setting('outreach.school_id', true), '')::uuid"


def guard_tenant_table(table: str, *, append_only: bool = False) -> None:
    """Only rows of the school that the transaction has named can be seen or written."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_school ON {table} USING ({OWN_SCHOOL}) WITH CHECK ({OWN_SCHOOL})"
    )
    grant_table(table, append_only=append_only)


def grant_table(table: str, *, append_only: bool = False) -> None:
    verbs = "SELECT, INSERT" if append_only else "SELECT, INSERT, UPDATE, DELETE"
    op.execute(f"GRANT {verbs} ON {table} TO {APP_ROLE}")
    if _server_version() >= FIRST_WITH_MAINTAIN:
        op.execute(f"GRANT MAINTAIN ON {table} TO {APP_ROLE}")  # see database.refresh_statistics


def allow_values(table: str, column: str, enum: str, values: tuple[str, ...]) -> None:
    """Let an enum's column take these values from now on."""
    name = f"ck_{table}_{enum}"
    op.drop_constraint(op.f(name), table, type_="check")
    wanted = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(op.f(name), table, f"{column} IN ({wanted})")


def _server_version() -> int:
    return int(op.get_bind().exec_driver_sql("SHOW server_version_num").scalar_one())
