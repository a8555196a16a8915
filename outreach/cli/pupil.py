"""`outreach pupil show`, `outreach pupil export` and `outreach pupil reach`."""

from typing import Any

import click

from outreach import audit
from outreach.cli.context import CommandContext, print_json
from outreach.cli.exports import hand_over, kind_option
from outreach.profiles.showing import Entry, Profile, groups_of, profile_of
from outreach.pupils.finding import find_pupil
from outreach.pupils.models import GroupKind
from outreach.pupils.reach.reaching import Reach, SchoolReach, count_reach
from outreach.pupils.viewing import WHOLE_SCHOOL
from outreach.reports.export_files import Kind, pupil_file, record_pupil


@click.group()
def pupil() -> None:
    """One pupil's profile, and who can be emailed."""


@pupil.command()
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option("--upn", help="Unique pupil number.")
@click.option("--mis-id", help="The pupil's id in the school's MIS.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def show(
    context: CommandContext, urn: str, upn: str | None, mis_id: str | None, as_json: bool
) -> None:
    """Show a pupil's profile entries, newest first, each with where it came from."""
    if (upn is None) == (mis_id is None):
        raise click.UsageError("Give either --upn or --mis-id.")
    with context.work_in_school(urn) as (session, _):
        found = find_pupil(session, upn=upn, mis_id=mis_id)
        profile = profile_of(session, found.id)
        now = context.parts.clock()
        groups = [
            name
            for kind, name in groups_of(session, found.id, now)
            if kind is GroupKind.REGISTRATION
        ]
        audit.record(session, now, audit.OPERATOR, "pupil.viewed", "pupil", found.id)
    if as_json:
        print_json(
            {"pupil": _pupil(profile, groups), "entries": [_entry(e) for e in profile.entries]}
        )
        return
    for entry in profile.entries:
        ended = "" if entry.is_current else f", until {entry.superseded_at:%Y-%m-%d}"
        click.echo(
            f"{entry.field}: {entry.value}  ({entry.source}, {entry.recorded_at:%Y-%m-%d}{ended})"
        )
    if not profile.entries:
        click.echo("Nothing is known yet: no questionnaire of this pupil has been written back.")


@pupil.command()
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option("--upn", help="Unique pupil number.")
@click.option("--mis-id", help="The pupil's id in the school's MIS.")
@kind_option
@click.pass_obj
def export(
    context: CommandContext, urn: str, upn: str | None, mis_id: str | None, kind: str
) -> None:
    """Write every response of a pupil, replaced ones too, to standard output."""
    if (upn is None) == (mis_id is None):
        raise click.UsageError("Give either --upn or --mis-id.")
    chosen = Kind(kind)
    with context.work_in_school(urn) as (session, _):  # on record before a byte leaves
        pupil_id = find_pupil(session, upn=upn, mis_id=mis_id).id
        record_pupil(session, pupil_id, chosen, audit.OPERATOR, context.parts.clock())
    with context.work_in_school(urn) as (session, _):
        hand_over(pupil_file(session, context.parts.library, pupil_id, chosen), chosen)


@pupil.command()
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def reach(context: CommandContext, urn: str, as_json: bool) -> None:
    """Count who can be emailed today, and why others cannot, with who can change it."""
    with context.work_in_school(urn) as (session, _):
        now = context.parts.clock()
        counted = count_reach(session, GroupKind.REGISTRATION, now, WHOLE_SCHOOL)
    if as_json:
        print_json(_reach(counted))
        return
    click.echo(f"{counted.whole.mailable} of {counted.whole.pupils} pupils can be emailed.")
    for why, count in counted.whole.whys.items():
        click.echo(f"{count}  {why.words}  ({why.mender.value})")


def _reach(counted: SchoolReach) -> dict[str, Any]:
    def parts(found: Reach) -> dict[str, Any]:
        reasons = {why.key: count for why, count in found.whys.items()}
        return {"pupils": found.pupils, "mailable": found.mailable, "reasons": reasons}

    whole = counted.whole
    return {
        "pupils": whole.pupils,
        "mailable": whole.mailable,
        "reasons": [
            {
                "reason": why.reason.value,
                "detail": why.detail.value if why.detail else None,
                "words": why.words,
                "mender": why.mender.key,
                "pupils": count,
            }
            for why, count in whole.whys.items()
        ],
        "menders": {mender.key: count for mender, count in whole.menders.items()},
        "years": {str(year): parts(of) for year, of in counted.years.items()},
        "groups": {name or "": parts(of) for name, of in counted.groups.items()},
    }


def _pupil(profile: Profile, groups: list[str]) -> dict[str, Any]:
    pupil = profile.pupil
    return {
        "id": str(pupil.id),
        "upn": pupil.upn,
        "mis_id": pupil.mis_id,
        "forename": pupil.forename,
        "preferred_forename": pupil.preferred_forename,
        "surname": pupil.surname,
        "year": pupil.year,
        "groups": groups,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "field": entry.field,
        "value": entry.value,
        "source": entry.source,
        "recorded_at": entry.recorded_at.isoformat(),
        "response": str(entry.response) if entry.response else None,
        "questionnaire": entry.questionnaire,
        "version": entry.version,
        "superseded_at": entry.superseded_at.isoformat() if entry.superseded_at else None,
    }


commands: list[click.Command] = [pupil]
