"""`outreach list export`."""

import sys

import click

from outreach import audit
from outreach.cli.context import CommandContext
from outreach.reports.list_files import write_csv
from outreach.reports.lists_for_others import USUAL_YEARS, Recipient, list_for, record_export


@click.group("list")
def list_() -> None:
    """Lists of pupils for others, which obey the objections register."""


@list_.command()
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option(
    "--to",
    required=True,
    type=click.Choice([one.value for one in Recipient]),
    help="Who gets the list.",
)
@click.option("--year", "years", multiple=True, type=int, help="A year group; may be repeated.")
@click.pass_obj
def export(context: CommandContext, urn: str, to: str, years: tuple[int, ...]) -> None:
    """Write the list to standard output as CSV, and to standard error what was withheld.

    Without --year: Year 11 for the local authority, Years 11 to 14 for post-16 providers.
    """
    recipient = Recipient(to)
    wanted = tuple(sorted(set(years))) or USUAL_YEARS[recipient]
    now = context.parts.clock()
    with context.work_in_school(urn) as (session, _school):
        listed = list_for(session, context.parts.library, recipient, wanted, now)
        record_export(session, listed, audit.OPERATOR, now)
    # No byte order mark here: this is for programs. The page's download has one.
    sys.stdout.buffer.write("".join(write_csv(listed)).encode())
    kept_back = (
        f"{listed.withheld} with name and date of birth only"
        if recipient is Recipient.LOCAL_AUTHORITY
        else f"{len(listed.left_out)} left out"
    )
    count = len(listed.rows)
    click.echo(f"{count} pupil{'' if count == 1 else 's'}, {kept_back}.", err=True)


commands: list[click.Command] = [list_]
