"""`outreach db upgrade`."""

import click

from outreach import migrations
from outreach.cli.context import CommandContext
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
    click.echo("The database is up to date.")


commands = [db]
