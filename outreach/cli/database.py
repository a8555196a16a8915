"""`outreach db upgrade`."""

import click

from outreach import migrations
from outreach.cli.context import CommandContext
from outreach.clock import now
from outreach.database import make_engine, make_sessions, transaction
from outreach.reports.counting import have_counted
from outreach.running.embedded import database_for_command


@click.group()
def db() -> None:
    """The database's tables."""


@db.command()
@click.pass_obj
def upgrade(context: CommandContext) -> None:
    """Bring the tables to this version, and make the weak role the service runs as."""
    with database_for_command(context.settings) as settings:
        migrations.upgrade(
            settings.database_migration_url or settings.database_url, settings.database_url
        )
        engine = make_engine(settings.database_url)
        with transaction(make_sessions(engine)) as session:
            have_counted(session, now())
        engine.dispose()
    click.echo("The database is up to date.")


commands = [db]
