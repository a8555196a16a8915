"""`outreach results export`."""

from uuid import UUID

import click

from outreach import audit
from outreach.campaigns.finding import enter_school_of
from outreach.cli.context import CommandContext
from outreach.cli.exports import hand_over, kind_option
from outreach.reports.export_files import Kind, campaign_file, record_campaign


@click.group()
def results() -> None:
    """What students answered."""


@results.command()
@click.argument("campaign_id", metavar="ID", type=click.UUID)
@kind_option
@click.pass_obj
def export(context: CommandContext, campaign_id: UUID, kind: str) -> None:
    """Write one row for each response that counts to standard output."""
    chosen = Kind(kind)
    with context.work() as session:  # on record before a byte leaves, whoever stops reading
        enter_school_of(session, campaign_id)
        record_campaign(session, campaign_id, chosen, audit.OPERATOR, context.parts.clock())
    with context.work() as session:
        enter_school_of(session, campaign_id)
        hand_over(campaign_file(session, context.parts.library, campaign_id, chosen), chosen)


commands: list[click.Command] = [results]
