"""`outreach sharing set` and `outreach sharing show`."""

from collections.abc import Sequence
from typing import Any

import click
from sqlalchemy.orm import Session

from outreach.cli.context import CommandContext, print_json
from outreach.privacy.sharing_table import sharing_table
from outreach.pupils.sync.connections import connection_of
from outreach.pupils.sync.permission import connection_in_force
from outreach.pupils.sync.switching import switch_sharing
from outreach.schools.models import Connection
from outreach.schools.past_changes import PastChange, history
from outreach.schools.sharing import SharingChanges, agreement, written
from outreach.schools.staffing import find_staff
from outreach.schools.switches import switch_names, switches_of

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
@click.option(
    "--item", "items", multiple=True, metavar="NAME=on|off", help="A special item, e.g. sen=on."
)
@click.option(
    "--purpose", "purposes", multiple=True, metavar="NAME=on|off", help="An optional purpose."
)
@click.option("--deletion-days", type=int, help="From a revocation to deletion: 1 to 90.")
@click.option("--why", help="Kept in the history. Do not name pupils.")
@click.option("--by", "by_email", required=True, help="The staff member who decided it.")
@click.pass_obj
def set_(
    context: CommandContext,
    /,
    urn: str,
    items: Sequence[str],
    purposes: Sequence[str],
    deletion_days: int | None,
    why: str | None,
    by_email: str,
    **given: str | None,
) -> None:
    """Move switches on a staff member's word. Off means that queued mail stops."""
    connection = given["connection"]
    changes = SharingChanges(
        connection=Connection(connection) if connection else None,
        student_email=_is_on(given["student_email"]),
        work_email=_is_on(given["work_email"]),
        home_email=_is_on(given["home_email"]),
        deletion_days=deletion_days,
        switches=_switches("item", items) | _switches("purpose", purposes),
    )
    if changes == SharingChanges():
        raise click.UsageError(
            "Give at least one of --connection, --student-email, --work-email, --home-email, "
            "--item, --purpose, --deletion-days."
        )
    with context.work_in_school(urn) as (session, _school):
        by = find_staff(session, by_email)
        switched = switch_sharing(session, changes, by, context.parts.clock(), why=why)
        words = _in_words(session)
    click.echo(words)
    for item, count in switched.deleted.items():
        click.echo(f"deleted: {item.value} of {count} pupils")


def _is_on(choice: str | None) -> bool | None:
    return None if choice is None else choice == "on"


def _switches(kind: str, given: Sequence[str]) -> dict[str, bool]:
    known = [name.partition(".")[2] for name in switch_names() if name.startswith(f"{kind}.")]
    switches: dict[str, bool] = {}
    for one in given:
        name, _, choice = one.partition("=")
        if name not in known or choice not in ("on", "off"):
            raise click.BadParameter(
                f"“{one}” is none. Write {known[0]}=on or {known[0]}=off, with one of: "
                f"{', '.join(known)}.",
                param_hint=f"--{kind}",
            )
        switches[f"{kind}.{name}"] = choice == "on"
    return switches


def _in_words(session: Session) -> str:
    current, switches = agreement(session), switches_of(session)
    parts = [
        f"connection {connection_in_force(session).value}",
        f"student email {written(current.student_email)}",
        f"work email {written(current.work_email)}",
        f"home email {written(current.home_email)}",
        *(f"{name} {written(switches.position(name))}" for name in switch_names()),
    ]
    return ", ".join(parts)


@sharing.command()
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def show(context: CommandContext, urn: str, as_json: bool) -> None:
    """Show what is in force, and every change with who made it, and why."""
    with context.work_in_school(urn) as (session, _school):
        shown, words = _for_json(session), _in_words(session)
        changes = history(session)
    if as_json:
        print_json(shown)
        return
    click.echo(words)
    for change in changes:
        why = f" ({change.why})" if change.why else ""
        click.echo(
            f"{change.at:%Y-%m-%d %H:%M} UTC  {change.who}: "
            f"{change.setting} from {change.before} to {change.after}{why}"
        )


def _for_json(session: Session) -> dict[str, Any]:
    """`connection` is the stricter of the school's word and the integrator's."""
    current, source = agreement(session), connection_of(session)
    table = sharing_table(session)
    return {
        "connection": connection_in_force(session).value,
        "student_email": current.student_email,
        "work_email": current.work_email,
        "home_email": current.home_email,
        "source": None
        if source is None
        else {
            "kind": source.kind.value,
            "state": source.state.value,
            "synced_to": source.synced_to.isoformat() if source.synced_to else None,
        },
        "items": {row.item.value: row.status.value for row in table.items},
        "purposes": {row.purpose.value: row.is_on for row in table.purposes},
        "deletion_days": current.deletion_days,
        "deletes_at": current.deletes_at.isoformat() if current.deletes_at else None,
        "history": [_change(change) for change in history(session)],
    }


def _change(change: PastChange) -> dict[str, str | None]:
    return {
        "at": change.at.isoformat(),
        "by": change.staff_email or change.by.value,
        "setting": change.setting,
        "from": change.before,
        "to": change.after,
        "why": change.why,
    }


commands: list[click.Command] = [sharing]
