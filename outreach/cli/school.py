"""`outreach school add`."""

import click

from outreach.cli.context import CommandContext, print_json
from outreach.schools.registering import add_school


@click.group()
def school() -> None:
    """The schools of this service."""


@school.command()
@click.option("--urn", required=True, help="The school's six-digit URN.")
@click.option("--name", required=True, help="The school's name, as its students know it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def add(context: CommandContext, urn: str, name: str, as_json: bool) -> None:
    """Add a school. It starts not connected, with every sharing switch off."""
    with context.work() as session:
        added = add_school(session, urn, name, context.parts.clock())
    if as_json:
        print_json({"id": added.id, "urn": added.urn, "name": added.name})
    else:
        click.echo(
            f"{added.name} (URN {added.urn}) was added. Nothing is mailed until sharing is on."
        )


commands: list[click.Command] = [school]
