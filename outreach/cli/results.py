"""`outreach results export`."""

from collections.abc import Iterator
from uuid import UUID

import click

from outreach import audit
from outreach.campaigns.finding import enter_school_of
from outreach.cli.context import CommandContext
from outreach.reports.exporting import ResultRow, results_of, write_csv, write_json


@click.group()
def results() -> None:
    """What students answered."""


@results.command()
@click.argument("campaign_id", metavar="ID", type=click.UUID)
@click.option("--format", "kind", type=click.Choice(["csv", "json"]), required=True)
@click.pass_obj
def export(context: CommandContext, campaign_id: UUID, kind: str) -> None:
    """Write one row for each submitted response to standard output."""
    with context.work() as session:
        enter_school_of(session, campaign_id)
        found = results_of(session, context.parts.library, campaign_id)
        counted = _Counted(found.rows)
        # No byte order mark here: this is for programs. The page's download has one.
        pieces = write_json(counted) if kind == "json" else write_csv(found.definition, counted)
        for piece in pieces:
            click.echo(piece.encode(), nl=False)
        audit.record(
            session,
            context.parts.clock(),
            audit.OPERATOR,
            "results.exported",
            "campaign",
            campaign_id,
            format=kind,
            responses=counted.count,
        )


class _Counted:
    """Rows on their way past, counted for the audit."""

    def __init__(self, rows: Iterator[ResultRow]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[ResultRow]:
        for row in self._rows:
            self.count += 1
            yield row


commands: list[click.Command] = [results]
