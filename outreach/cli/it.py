"""`outreach it show` and `outreach it check`: what schools must let through, and what DNS says of it."""

import sys
from typing import Any

import click

from outreach import clock
from outreach.audit import OPERATOR
from outreach.cli.context import CommandContext, print_json
from outreach.it_team.checking import Check, as_document, check, check_sender
from outreach.it_team.dns.asking import NoAnswer, start_asking
from outreach.it_team.dns.findings import Verdict
from outreach.it_team.dns.spf_check import wanted_record
from outreach.it_team.sender import SenderDetails, sender_details

MARKS = {
    Verdict.GOOD: "ok  ",
    Verdict.NOTE: "note",
    Verdict.WRONG: "MEND",
    Verdict.UNKNOWN: "????",
}


@click.group()
def it() -> None:
    """What schools' IT teams must let through."""


@it.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def show(context: CommandContext, as_json: bool) -> None:
    """Show the values in force, and the DNS records to publish."""
    sender = sender_details(context.settings)
    values = {name: list(found) for name, found in sender.values.items()}
    records = _records(sender)
    if as_json:
        print_json({"values": values, "records": records})
        return
    for name, found in values.items():
        click.echo(f"{name.replace('_', ' ')}: {', '.join(found) or '-'}")
    for name, text in records.items():
        click.echo(f"\n{name}  TXT\n{text}")


@it.command("check")
@click.option("--school", "urn", help="Also look at this school's mailboxes, and keep the result.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def check_(context: CommandContext, urn: str | None, as_json: bool) -> None:
    """Ask DNS about SPF, DKIM, DMARC, PTR and MX. Exit code 1 if something needs mending or DNS is silent."""
    found = _look(context, urn)
    if as_json:
        print_json(as_document(found))
    else:
        for one in found.findings:
            click.echo(f"{MARKS[one.verdict]}  {one.part} {one.about}: {one.words}")
            for more in filter(None, (one.mend, one.record)):
                click.echo(f"      {more}")
    if found.wrong:
        click.echo("Something needs mending: see what is marked MEND.", err=True)
    elif found.unanswered:
        click.echo("DNS did not answer everything: try again, or see DNS_RESOLVER.", err=True)
    if not found.is_well:
        sys.exit(1)


def _look(context: CommandContext, urn: str | None) -> Check:
    settings = context.settings
    sender = sender_details(settings)
    if urn is not None:
        with context.work_in_school(urn) as (session, _school):
            now = context.parts.clock()
            return check(session, sender, settings.dns_resolver, OPERATOR, now)
    try:
        ask = start_asking(settings.dns_resolver)
    except NoAnswer as fault:
        raise click.ClickException(str(fault)) from fault
    return Check(clock.now(), tuple(check_sender(sender, ask)), frozenset())


def _records(sender: SenderDetails) -> dict[str, Any]:
    """Of what is known here: SPF only where the sending hosts are."""
    records = {key.name: key.record for key in sender.keys}
    if sender.sending:
        records[sender.return_path_domain] = wanted_record(sender.sending)
    return records


commands = [it]
