"""`outreach demo`."""

import click

from outreach.cli.context import CommandContext
from outreach.demo.loading import load_demo


@click.command()
@click.pass_obj
def demo(context: CommandContext) -> None:
    """Load the demo school into an empty embedded database, and end. Starts nothing."""
    for login in load_demo(context.parts):
        click.echo(f"{login.email:45} {login.password:20} {login.role.value}")


commands = [demo]
