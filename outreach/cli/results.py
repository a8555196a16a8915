"""`outreach results export`."""

from collections.abc import Iterator
from uuid import UUID

import click

from outreach import audit
from outreach.campaigns.models import CampaignDirectory
from outreach.cli.context import CommandContext
from outreach.database import enter_school
from outreach.errors import NotFound
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
        directory = session.get(CampaignDirectory, campaign_id)
        if directory is None:
            words = f"There is no campaign {campaign_id}. `outreach campaign create` printed its id."
            raise NotFound(words)
        enter_school(session, directory.school_id)
        found = results_of(session, context.parts.library, campaign_id)
        counted = _Counted(found.rows)
        # No byte order mark here: this is for programs. The page's download has one.
        pieces = write_json(counted) if kind == "json" else write_csv(found.definition, counted)
        output = click.get_text_stream("stdout", encoding="utf-8")
        for piece in pieces:
            output.write(piece)
        output.flush()
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
