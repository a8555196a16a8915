"""`outreach results export`."""

import shutil
import sys
from tempfile import SpooledTemporaryFile
from uuid import UUID

import click

from outreach import audit
from outreach.campaigns.finding import enter_school_of
from outreach.cli.context import CommandContext
from outreach.reports.exporting import count_responses, results_of, write_csv, write_json

KEPT_IN_MEMORY = 50_000_000
"""Bytes. An export that fails half-way must not leave half a document on standard output."""


@click.group()
def results() -> None:
    """What students answered."""


@results.command()
@click.argument("campaign_id", metavar="ID", type=click.UUID)
@click.option("--format", "kind", type=click.Choice(["csv", "json"]), required=True)
@click.pass_obj
def export(context: CommandContext, campaign_id: UUID, kind: str) -> None:
    """Write one row for each submitted response to standard output."""
    with context.work() as session:  # on record before a byte leaves, whoever stops reading
        enter_school_of(session, campaign_id)
        audit.record(
            session,
            context.parts.clock(),
            audit.OPERATOR,
            "results.exported",
            "campaign",
            campaign_id,
            format=kind,
            responses=count_responses(session, campaign_id),
        )
    with context.work() as session:
        enter_school_of(session, campaign_id)
        found = results_of(session, context.parts.library, campaign_id)
        # No byte order mark here: this is for programs. The page's download has one.
        is_json = kind == "json"
        pieces = write_json(found.rows) if is_json else write_csv(found.definitions, found.rows)
        with SpooledTemporaryFile(max_size=KEPT_IN_MEMORY) as whole:
            for piece in pieces:
                whole.write(piece.encode())
            whole.seek(0)
            shutil.copyfileobj(whole, sys.stdout.buffer)


commands: list[click.Command] = [results]
