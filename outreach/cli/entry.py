"""The `outreach` command: gathers the commands, and turns a refusal into exit code 1."""

import logging
import sys
from importlib import import_module

import click
from sqlalchemy.exc import DBAPIError, OperationalError

from outreach.cli.context import CommandContext
from outreach.errors import OutreachError
from outreach.reading_settings import SettingsFault

PROCESSES = frozenset({"web", "worker", "schedule"})
"""They log what they do; a command says what is wrong itself, on stderr."""


MODULES = {
    "web": "processes",
    "worker": "processes",
    "schedule": "processes",
    "db": "database",
    "demo": "demo",
    "doctor": "doctor",
    "school": "school",
    "staff": "staff",
    "sharing": "sharing",
    "source": "source",
    "roster": "roster",
    "bounces": "bounces",
    "it": "it",
    "campaign": "campaign",
    "questionnaire": "questionnaire",
    "results": "results",
    "list": "lists",
    "objection": "objection",
    "pupil": "pupil",
}
"""Where each command lives: only the one that is asked for is imported, which halves the wait."""


class Commands(click.Group):
    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted(MODULES)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in MODULES:
            return None
        module = import_module(f"outreach.cli.{MODULES[name]}")
        commands: list[click.Command] = module.commands
        return next(command for command in commands if command.name == name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def outreach(context: click.Context) -> None:
    """Questionnaire links to students by email, and their answers into pupil profiles."""
    is_process = context.invoked_subcommand in PROCESSES
    level = logging.INFO if is_process else logging.ERROR
    logging.basicConfig(level=level, stream=sys.stderr, format="%(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    context.obj = CommandContext(context)


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
