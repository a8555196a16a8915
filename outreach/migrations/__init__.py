"""Schema changes: one line of Alembic revisions, and the weak role they are granted to."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from outreach.database import APP_ROLE, make_engine

FOLDER = Path(__file__).parent
LOCK_KEY = 7_203_451_998
"""Two upgrades at once: the second waits for the first and then finds nothing to do."""


def upgrade(migration_url: str, runtime_url: str) -> None:
    """Make the weak role, bring the tables to the newest revision, and let the app log in as it.

    `migration_url` owns the tables; `runtime_url` is what web, workers and schedule use.
    """
    engine = make_engine(migration_url, as_owner=True)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        connection.commit()
        _make_role(connection, make_url(runtime_url).username)
        connection.commit()
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    engine.dispose()


def upgrade_if_empty(database_url: str) -> None:
    """For the embedded database, which nobody else would bring up to date before a first command."""
    engine = make_engine(database_url, as_owner=True)
    with engine.connect() as connection:
        is_empty = revision_of(connection) is None
    engine.dispose()
    if is_empty:
        upgrade(database_url, database_url)


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config


def newest_revision() -> str | None:
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def revision_of(connection: Connection) -> str | None:
    """The revision the database is at, or None where it has never been upgraded."""
    return MigrationContext.configure(connection).get_current_revision()


def _make_role(connection: Connection, runtime_user: str | None) -> None:
    """The role owns nothing and cannot log in; whoever runs the service may take it."""
    exists = connection.scalar(
        text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": APP_ROLE}
    )
    if not exists:
        connection.execute(text(f"CREATE ROLE {APP_ROLE} NOLOGIN NOBYPASSRLS"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}"))
    is_superuser = connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = user"))
    quote = connection.dialect.identifier_preparer.quote
    for user in {runtime_user, connection.scalar(text("SELECT current_user"))} - {None}:
        if user == APP_ROLE or (is_superuser and user == "postgres"):
            continue
        connection.execute(text(f"GRANT {APP_ROLE} TO {quote(str(user))}"))
