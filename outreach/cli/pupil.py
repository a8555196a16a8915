"""`outreach pupil show`."""

from typing import Any

import click

from outreach import audit
from outreach.cli.context import CommandContext, print_json
from outreach.profiles.showing import Entry, Profile, groups_of, profile_of
from outreach.pupils.finding import find_pupil
from outreach.pupils.models import GroupKind


@click.group()
def pupil() -> None:
    """One pupil's profile."""


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
