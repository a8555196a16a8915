"""`outreach objection record`, `lift`, `told` and `show`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click

from outreach.cli.context import CommandContext, print_json
from outreach.pupils.finding import find_pupil
from outreach.pupils.objections.models import Instructor, ObjectionScope
from outreach.pupils.objections.objecting import lift, record_objection
from outreach.pupils.objections.register import RegisteredObjection, objections_of
from outreach.pupils.objections.rules import Instruction
from outreach.pupils.objections.telling import SCOPES, tell
from outreach.schools.staffing import find_staff

Command = TypeVar("Command", bound=Callable[..., Any])

DAY = click.DateTime(["%Y-%m-%d"])


def _with_pupil(command: Command) -> Command:
    for option in (
        click.option("--mis-id", help="The pupil's id in the school's MIS."),
        click.option("--upn", help="Unique pupil number."),
        click.option("--school", "urn", required=True, help="The school's URN."),
    ):
        command = option(command)
    return command


def _with_instruction(command: Command) -> Command:
    for option in (
        click.option("--recorded-by", required=True, help="Address of the staff member."),
        click.option("--evidence", help="How the school can show it; needed for sharing."),
        click.option("--on", required=True, type=DAY, help="The day they said so, 2027-03-14."),
        click.option("--by", required=True, type=click.Choice([i.value for i in Instructor])),
        click.option(
            "--scope", required=True, type=click.Choice([s.value for s in ObjectionScope])
        ),
    ):
        command = option(command)
    return _with_pupil(command)


@click.group()
def objection() -> None:
    """The objections register: to mail, and to sharing with others."""


@objection.command()
@_with_instruction
@click.pass_obj
def record(context: CommandContext, /, **given: Any) -> None:
    """Record what a pupil, or a parent of one under 16, objects to."""
    _change(context, given, is_lift=False)


@objection.command("lift")
@_with_instruction
@click.pass_obj
def lift_(context: CommandContext, /, **given: Any) -> None:
    """Record that whoever has the right took an objection back."""
    _change(context, given, is_lift=True)


@objection.command()
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option("--scope", required=True, type=click.Choice([scope.value for scope in SCOPES]))
@click.option("--year", "years", required=True, multiple=True, type=int, help="May be repeated.")
@click.option("--on", required=True, type=DAY, help="The day on which the last of them was told.")
@click.option("--recorded-by", required=True, help="Address of the staff member.")
@click.pass_obj
def told(
    context: CommandContext,
    urn: str,
    scope: str,
    years: tuple[int, ...],
    on: datetime,
    recorded_by: str,
) -> None:
    """Record that parents and pupils of these years were told, which begins 28 days to object."""
    with context.work_in_school(urn) as (session, _school):
        by = find_staff(session, recorded_by)
        done = tell(session, ObjectionScope(scope), years, on.date(), by.id, context.parts.clock())
    click.echo(f"They may object until {done.ends_on.isoformat()}. Sharing begins the day after.")


@objection.command()
@_with_pupil
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def show(
    context: CommandContext, urn: str, upn: str | None, mis_id: str | None, *, as_json: bool
) -> None:
    """Show what is on the register about one pupil."""
    with context.work_in_school(urn) as (session, _school):
        pupil = find_pupil(session, upn=upn, mis_id=mis_id)
        found = objections_of(session, pupil.id, context.parts.clock())
    if as_json:
        print_json({"objections": [_for_json(one) for one in found]})
        return
    for one in found:
        standing = one.right.words if one.right else f"Lifted on {one.lifted_at:%Y-%m-%d}"
        click.echo(f"{one.scope_label}: {one.instructor_label}, {one.instructed_on}. {standing}.")
    if not found:
        click.echo("Nobody has objected to anything for this pupil.")


def _change(context: CommandContext, given: dict[str, Any], *, is_lift: bool) -> None:
    instruction = Instruction(Instructor(given["by"]), given["on"].date(), given["evidence"])
    verb = lift if is_lift else record_objection
    with context.work_in_school(given["urn"]) as (session, _school):
        pupil = find_pupil(session, upn=given["upn"], mis_id=given["mis_id"])
        by = find_staff(session, given["recorded_by"])
        scope = ObjectionScope(given["scope"])
        done = verb(session, pupil, scope, instruction, by.id, context.parts.clock())
    if not done.is_change:
        click.echo("Nothing was changed: it stands so already.")
    else:
        click.echo("Lifted." if is_lift else "Recorded.")
    if done.note:
        click.echo(done.note, err=True)


def _for_json(one: RegisteredObjection) -> dict[str, Any]:
    return {
        "scope": one.scope.value,
        "instructed_by": one.instructed_by.value,
        "instructed_on": one.instructed_on.isoformat(),
        "evidence": one.evidence,
        "in_force": one.right is not None,
        "right": one.right.words if one.right else None,
        "has_passed": bool(one.right and one.right.has_passed),
        "lifted_at": one.lifted_at.isoformat() if one.lifted_at else None,
        "lifted_by": one.lifted_by.value if one.lifted_by else None,
    }


commands: list[click.Command] = [objection]
