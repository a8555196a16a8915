"""The `outreach` command: gathers the commands, and turns a refusal into exit code 1."""

import logging
import sys

import click
from sqlalchemy.exc import DBAPIError, OperationalError

from outreach.cli import (
    campaign,
    database,
    demo,
    doctor,
    lists,
    objection,
    processes,
    pupil,
    results,
    roster,
    school,
    sharing,
    source,
    staff,
)
from outreach.cli.context import CommandContext
from outreach.errors import OutreachError
from outreach.reading_settings import SettingsFault

PROCESSES = frozenset({"web", "worker", "schedule"})
"""They log what they do; a command says what is wrong itself, on stderr."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def outreach(context: click.Context) -> None:
    """Questionnaire links to students by email, and their answers into pupil profiles."""
    is_process = context.invoked_subcommand in PROCESSES
    level = logging.INFO if is_process else logging.ERROR
    logging.basicConfig(level=level, stream=sys.stderr, format="%(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    context.obj = CommandContext(context)


for module in (
    processes,
    database,
    demo,
    doctor,
    school,
    staff,
    sharing,
    source,
    roster,
    campaign,
    results,
    lists,
    objection,
    pupil,
):
    for command in module.commands:
        outreach.add_command(command)


def main() -> None:
    """Exit codes: 0 done, 1 refused (reason on stderr), 2 wrong use."""
    try:
        outreach.main(prog_name="outreach", standalone_mode=True)
    except (OutreachError, SettingsFault) as refusal:
        click.echo(str(refusal), err=True)
        sys.exit(1)
    except OperationalError:
        click.echo("The database does not answer. Check DATABASE_URL, then try again.", err=True)
        sys.exit(1)
    except DBAPIError as fault:
        code = getattr(fault.orig, "sqlstate", None)
        click.echo(f"The database refused this (SQLSTATE {code}). Nothing was changed.", err=True)
        sys.exit(1)
