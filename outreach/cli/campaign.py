"""`outreach campaign …`: create, launch, steer, resend, status."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

import click
from sqlalchemy.orm import Session

from outreach.audit import OPERATOR, Actor
from outreach.campaigns import launching, resending, steering
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.finding import enter_school_of
from outreach.campaigns.models import Campaign
from outreach.campaigns.progress import Status, status
from outreach.campaigns.states import MessageState
from outreach.cli.context import CommandContext, print_json

Verb = Callable[[Session, UUID, Actor, datetime], Campaign]

STEERING: dict[str, tuple[Verb, str]] = {
    "launch": (
        launching.launch,
        "Freeze the audience and begin. Exit code 1 if nobody can be mailed.",
    ),
    "pause": (steering.pause, "Stop mail for now; links go on working."),
    "resume": (steering.resume, "Send again, also what sharing had stopped and now allows."),
    "cancel": (
        steering.cancel,
        "Stop mail and links for good; invitations not answered become stopped.",
    ),
    "close": (
        steering.close,
        "Take no more answers. Everything answered is kept, and invitations stay as they are.",
    ),
}


@click.group()
def campaign() -> None:
    """Campaigns: one questionnaire for an audience of pupils."""


@campaign.command()
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option(
    "--questionnaire",
    required=True,
    help="For example gcse; by_stage: for each pupil the one for their year.",
)
@click.option("--name", required=True, help="Only staff see it.")
@click.option("--year", "years", type=int, multiple=True, help="Year 10 is 10. May be repeated.")
@click.option(
    "--group", "groups", multiple=True, help="A group: 10A, or teaching:10A/Ma1. May be repeated."
)
@click.option(
    "--closes", type=click.DateTime(["%Y-%m-%d"]), help="The last day to answer, as 2027-07-01."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def create(
    context: CommandContext,
    *,
    urn: str,
    questionnaire: str,
    name: str,
    years: tuple[int, ...],
    groups: tuple[str, ...],
    closes: datetime | None,
    as_json: bool,
) -> None:
    """Make a draft that asks everybody in any of the years or groups. Nothing is sent."""
    with context.work_in_school(urn) as (session, _):
        made = create_campaign(
            session,
            context.parts.library,
            name=name,
            questionnaire=questionnaire,
            years=years,
            groups=groups,
            closes_on=_day(closes),
            created_by=None,
            now=context.parts.clock(),
        )
        counted = status(session, made.id, context.parts.clock())
    if as_json:
        document = _document(counted)
        print_json({name: document[name] for name in ("id", "state", "audience")})
    else:
        click.echo(f"Draft {counted.campaign_id}: {counted.mailable} of {counted.asked} pupils")


def _steer(name: str, verb: Verb, words: str) -> click.Command:
    @click.argument("campaign_id", metavar="ID", type=click.UUID)
    @click.pass_obj
    def steer(context: CommandContext, campaign_id: UUID) -> None:
        with _in_its_school(context, campaign_id) as session:
            steered = verb(session, campaign_id, OPERATOR, context.parts.clock())
        click.echo(f"The campaign is {steered.state.value}.")

    return campaign.command(name=name, help=words)(steer)


for name, (verb, words) in STEERING.items():
    _steer(name, verb, words)


@campaign.command()
@click.argument("campaign_id", metavar="ID", type=click.UUID)
@click.option(
    "--state",
    required=True,
    type=click.Choice([state.value for state in resending.RESENDABLE]),
    help="Whose mail goes out again: those whose last mail is in this state.",
)
@click.pass_obj
def resend(context: CommandContext, campaign_id: UUID, state: str) -> None:
    """Queue mail again. Of an unknown mail some pupils may get two."""
    with _in_its_school(context, campaign_id) as session:
        now = context.parts.clock()
        count = resending.resend(session, campaign_id, [MessageState(state)], OPERATOR, now)
    click.echo(f"{count} messages are queued again.")


@campaign.command(name="status")
@click.argument("campaign_id", metavar="ID", type=click.UUID)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def show_status(context: CommandContext, campaign_id: UUID, as_json: bool) -> None:
    """Where it stands. Asked = mailable + excluded = all invitations."""
    with _in_its_school(context, campaign_id) as session:
        counted = status(session, campaign_id, context.parts.clock())
    document = _document(counted)
    if as_json:
        print_json(document)
        return
    click.echo(f"{document['state']}: {counted.mailable} of {counted.asked} can be mailed")
    for what in ("invitations", "messages"):
        counts = ", ".join(f"{count} {state}" for state, count in document[what].items() if count)
        click.echo(f"{what}: {counts or 'none'}")


@contextmanager
def _in_its_school(context: CommandContext, campaign_id: UUID) -> Iterator[Session]:
    with context.work() as session:
        enter_school_of(session, campaign_id)
        yield session


def _document(counted: Status) -> dict[str, Any]:
    return {
        "id": str(counted.campaign_id),
        "state": counted.state.value,
        "audience": {
            "asked": counted.asked,
            "mailable": counted.mailable,
            "excluded": {reason.value: count for reason, count in counted.excluded.items()},
        },
        "messages": {state.value: count for state, count in counted.messages.items()},
        "invitations": {state.value: count for state, count in counted.invitations.items()},
    }


def _day(typed: datetime | None) -> date | None:
    return typed.date() if typed else None


commands: list[click.Command] = [campaign]
