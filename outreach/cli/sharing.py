"""`outreach sharing set` and `outreach sharing show`."""

import click

from outreach.cli.context import CommandContext, print_json
from outreach.schools.models import Connection, SharingAgreement
from outreach.schools.sharing import (
    PastChange,
    SharingChanges,
    agreement,
    change_sharing,
    history,
    written,
)
from outreach.schools.staffing import find_staff

SWITCH = click.Choice(["on", "off"])


@click.group()
def sharing() -> None:
    """What a school lets this service use."""


@sharing.command("set")
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option("--connection", type=click.Choice(["authorised", "paused", "revoked"]))
@click.option("--student-email", type=SWITCH, help="May students be mailed at all?")
@click.option("--work-email", type=SWITCH, help="May addresses that the school gives be used?")
@click.option("--home-email", type=SWITCH, help="May private addresses be used?")
@click.option("--by", "by_email", required=True, help="The staff member who decided it.")
@click.pass_obj
def set_(context: CommandContext, /, urn: str, by_email: str, **given: str | None) -> None:
    """Move switches on a staff member's word. Off means that queued mail stops."""
    connection = given["connection"]
    changes = SharingChanges(
        connection=Connection(connection) if connection else None,
        student_email=_is_on(given["student_email"]),
        work_email=_is_on(given["work_email"]),
        home_email=_is_on(given["home_email"]),
    )
    if changes == SharingChanges():
        raise click.UsageError(
            "Give at least one of --connection, --student-email, --work-email, --home-email."
        )
    with context.work_in_school(urn) as (session, _school):
        by = find_staff(session, by_email)
        change_sharing(session, changes, by, context.parts.clock())
        words = _in_words(agreement(session))
    click.echo(words)


def _is_on(choice: str | None) -> bool | None:
    return None if choice is None else choice == "on"


def _in_words(now_in_force: SharingAgreement) -> str:
    return (
        f"connection {now_in_force.connection.value}, "
        f"student email {written(now_in_force.student_email)}, "
        f"work email {written(now_in_force.work_email)}, "
        f"home email {written(now_in_force.home_email)}"
    )


@sharing.command()
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def show(context: CommandContext, urn: str, as_json: bool) -> None:
    """Show the switches in force, and every change with who made it."""
    with context.work_in_school(urn) as (session, _school):
        current = agreement(session)
        changes = history(session)
    if as_json:
        print_json(
            {
                "connection": current.connection.value,
                "student_email": current.student_email,
                "work_email": current.work_email,
                "home_email": current.home_email,
                "history": [_for_json(change) for change in changes],
            }
        )
        return
    click.echo(_in_words(current))
    for change in changes:
        click.echo(
            f"{change.at:%Y-%m-%d %H:%M} UTC  {change.staff_name}: "
            f"{change.setting} from {change.before} to {change.after}"
        )


def _for_json(change: PastChange) -> dict[str, str]:
    return {
        "at": change.at.isoformat(),
        "by": change.staff_email,
        "setting": change.setting,
        "from": change.before,
        "to": change.after,
    }


commands: list[click.Command] = [sharing]
