"""`outreach staff add` and `reset`, which print a one-time link and nothing else, and `limit`."""

import click

from outreach.audit import OPERATOR, record
from outreach.cli.context import CommandContext
from outreach.pupils.groups import find_groups
from outreach.pupils.limiting import limit_to_groups, show_whole_school
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
@click.option(
    "--group",
    "groups",
    multiple=True,
    help="A viewer sees the pupils of this group only: 10A, or teaching:10A/Ma1. May be repeated.",
)
@click.pass_obj
def add(
    context: CommandContext, urn: str, email: str, name: str, role: str, groups: tuple[str, ...]
) -> None:
    """Add a staff member, and print the link by which they choose a password (7 days, once).

    Whoever has an account at another school may sign in with the password they have.
    """
    now = context.parts.clock()
    with context.work_in_school(urn) as (session, _school):
        member = add_staff(session, email, name, Role(role), now)
        if groups:
            limit_to_groups(session, member, find_groups(session, groups), now, actor=OPERATOR)
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


@staff.command()
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option("--email", required=True, help="The viewer's address.")
@click.option(
    "--group",
    "groups",
    multiple=True,
    help="They see the pupils of this group only: 10A, or teaching:10A/Ma1. May be repeated.",
)
@click.option("--whole-school", is_flag=True, help="Take the limit away.")
@click.pass_obj
def limit(
    context: CommandContext, urn: str, email: str, groups: tuple[str, ...], whole_school: bool
) -> None:
    """Say whose pupils a viewer sees: those of the groups given, or the whole school's."""
    if bool(groups) == whole_school:
        raise click.UsageError("Give either --group, once or more, or --whole-school.")
    now = context.parts.clock()
    with context.work_in_school(urn) as (session, _school):
        member = find_staff(session, email)
        if whole_school:
            show_whole_school(session, member, now, actor=OPERATOR)
        else:
            limit_to_groups(session, member, find_groups(session, groups), now, actor=OPERATOR)
    seen = "the whole school" if whole_school else f"{len(set(groups))} groups"
    click.echo(f"This viewer sees the pupils of {seen}.")


commands: list[click.Command] = [staff]
