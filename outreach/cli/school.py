"""`outreach school add`, `change-urn`, and `contact`: whom its students may ask."""

from dataclasses import asdict, replace

import click

from outreach.audit import OPERATOR
from outreach.cli.context import CommandContext, print_json
from outreach.schools.contacts import ContactDetails, change_contacts, contact_details
from outreach.schools.registering import add_school
from outreach.schools.renumbering import change_urn

OPTIONS = {
    "careers_name": ("--contact-name", "Whom to ask about the questionnaire: a name or a post."),
    "careers_email": ("--contact-email", "Their email address."),
    "careers_phone": ("--contact-phone", "Their phone number."),
    "protection_name": ("--dpo-name", "Whom to ask about data protection: a name or a post."),
    "protection_email": ("--dpo-email", "Their email address."),
    "protection_phone": ("--dpo-phone", "Their phone number."),
    "notice_url": ("--notice-url", "The web address of the school's own privacy notice."),
}


@click.group()
def school() -> None:
    """The schools of this service."""


@school.command()
@click.option("--urn", required=True, help="The school's six-digit URN.")
@click.option("--name", required=True, help="The school's name, as its students know it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def add(context: CommandContext, urn: str, name: str, as_json: bool) -> None:
    """Add a school. It starts not connected, with every sharing switch off."""
    with context.work() as session:
        added = add_school(session, urn, name, context.parts.clock())
    if as_json:
        print_json({"id": added.id, "urn": added.urn, "name": added.name})
    else:
        click.echo(
            f"{added.name} (URN {added.urn}) was added. Nothing is mailed until sharing is on."
        )


@school.command("change-urn")
@click.option("--school", "urn", required=True, help="The URN that the school has.")
@click.option("--to", "new_urn", required=True, help="The URN that it has from now on.")
@click.pass_obj
def change_urn_(context: CommandContext, urn: str, new_urn: str) -> None:
    """Give a school its new URN. Pupils, links, mail and staff stay as they are."""
    with context.work_in_school(urn) as (session, found):
        change_urn(session, found, new_urn, context.parts.clock())
    click.echo(f"URN {urn} is now {new_urn}. The old one still finds the school.")


@school.command()
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def contact(context: CommandContext, /, urn: str, as_json: bool, **given: str | None) -> None:
    """Show whom students may ask; what is given is changed first, and "" clears it."""
    changes = {name: value for name, value in given.items() if value is not None}
    with context.work_in_school(urn) as (session, _school):
        if changes:
            wanted = replace(contact_details(session), **changes)
            change_contacts(session, wanted, OPERATOR, context.parts.clock())
        details = contact_details(session)
    if as_json:
        print_json(_for_json(details))
        return
    click.echo(f"Questionnaire: {_in_words(details, 'careers')}")
    click.echo(f"Data protection: {_in_words(details, 'protection')}")
    click.echo(f"The school's own notice: {details.notice_url or 'not set'}")


for _field, (_option, _help) in reversed(OPTIONS.items()):
    contact = click.option(_option, _field, help=_help)(contact)


def _for_json(details: ContactDetails) -> dict[str, object]:
    """None for what is not set."""
    kept = {name: value or None for name, value in asdict(details).items()}
    return {
        "contact": {part: kept[f"careers_{part}"] for part in ("name", "email", "phone")},
        "dpo": {part: kept[f"protection_{part}"] for part in ("name", "email", "phone")},
        "notice_url": kept["notice_url"],
    }


def _in_words(details: ContactDetails, who: str) -> str:
    parts = (getattr(details, f"{who}_{part}") for part in ("name", "email", "phone"))
    return ", ".join(part for part in parts if part) or "not set"


commands: list[click.Command] = [school]
