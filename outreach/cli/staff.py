"""`outreach staff add` and `outreach staff reset`: each prints a one-time link, and nothing else."""

import click

from outreach.audit import OPERATOR, record
from outreach.cli.context import CommandContext
from outreach.schools.models import Account, Role, TokenKind
from outreach.schools.staffing import add_staff, find_staff
from outreach.schools.tokens import make_set_up_link


@click.group()
def staff() -> None:
    """The staff members of a school."""


@staff.command()
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option("--email", required=True, help="The staff member's own address.")
@click.option("--name", required=True, help="Their name, as colleagues know it.")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.pass_obj
def add(context: CommandContext, urn: str, email: str, name: str, role: str) -> None:
    """Add a staff member, and print the link by which they choose a password (7 days, once).

    Whoever has an account at another school may sign in with the password they have.
    """
    now = context.parts.clock()
    with context.work_in_school(urn) as (session, _school):
        member = add_staff(session, email, name, Role(role), now)
        public_url = context.parts.settings.public_url
        link = make_set_up_link(
            session, public_url, member.account_id, TokenKind.SET_UP, now, reaches_owner=True
        )
    click.echo(link)


@staff.command()
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option("--email", required=True, help="The staff member's address.")
@click.pass_obj
def reset(context: CommandContext, urn: str, email: str) -> None:
    """Print a link by which a staff member chooses a new password (1 hour, once).

    Give it to nobody but them: whoever has it can sign in as them.
    """
    now = context.parts.clock()
    with context.work_in_school(urn) as (session, _school):
        member = find_staff(session, email)
        account = session.get_one(Account, member.account_id)
        kind = TokenKind.RESET if account.password_hash else TokenKind.SET_UP
        link = make_set_up_link(
            session,
            context.parts.settings.public_url,
            account.id,
            kind,
            now,
            reaches_owner=True,
        )
        record(
            session, now, OPERATOR, "staff.link_made", "staff_member", member.id, kind=kind.value
        )
    click.echo(link)


commands: list[click.Command] = [staff]
