"""`outreach roster import`."""

from pathlib import Path

import click

from outreach.cli.context import CommandContext, print_json
from outreach.errors import Refusal
from outreach.pupils.roster.import_report import DropRefused, ImportReport, NothingImported
from outreach.pupils.roster.importing import import_roster
from outreach.pupils.sources.file_roster import LARGEST_FILE
from outreach.pupils.sources.records import CellFault

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.group()
def roster() -> None:
    """A school's pupils, as its MIS has them."""


@roster.command("import")
@click.argument("file", type=FILE)
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option("--full", "is_full", is_flag=True, help="The file is the school's whole roster.")
@click.option("--confirm-drop", is_flag=True, help="With --full: yes, so many have really gone.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def import_(
    context: CommandContext,
    file: Path,
    *,
    urn: str,
    is_full: bool,
    confirm_drop: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import a file of pupils: CSV, Excel (.xlsx), CTF or OneRoster zip, told by its content.

    Good rows go in; each bad one is told, with its reason.
    """
    if confirm_drop and not is_full:
        raise click.UsageError("--confirm-drop goes with --full.")
    with file.open("rb") as opened:
        content = opened.read(LARGEST_FILE + 1)
    try:
        with context.work_in_school(urn) as (session, _):
            report = import_roster(
                session,
                content,
                is_full=is_full,
                confirm_drop=confirm_drop,
                dry_run=dry_run,
                staff_id=None,
                now=context.parts.clock(),
            )
    except NothingImported as refusal:
        show_report(refusal.report, as_json=as_json)
        raise
    except DropRefused as refusal:
        words = f"{refusal.words} On the command line, --confirm-drop confirms it."
        raise Refusal(words) from None
    show_report(report, as_json=as_json)


def show_report(report: ImportReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report.as_json())
        return
    if report.is_dry_run:
        click.echo("Nothing was changed: this was a dry run. An import would give:")
    for name in ("added", "changed", "unchanged", "left", "missing"):
        click.echo(f"{name:>10}  {getattr(report, name)}")
    click.echo(f"{'rejected':>10}  {report.rejected_rows}")
    for note in report.notes:
        click.echo(f"\n{note}")
    _list_faults("Rejected", report.rejected, report.row_name)
    _list_faults("Worth a look", report.warnings, report.row_name)
    if report.ignored_columns:
        click.echo(f"\nColumns left out: {', '.join(report.ignored_columns)}")


def _list_faults(title: str, faults: list[CellFault], row_name: str) -> None:
    if not faults:
        return
    click.echo(f"\n{title}:")
    for fault in faults:
        column = f", {fault.column}" if fault.column else ""
        value = f" {fault.value!r}" if fault.value else ""
        click.echo(f"  {row_name} {fault.row}{column}:{value} {fault.reason}")


commands: list[click.Command] = [roster]
