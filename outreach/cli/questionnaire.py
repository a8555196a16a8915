"""`outreach questionnaire add`, `list` and `retire`: what a school asks beside what is published."""

from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.audit import OPERATOR
from outreach.campaigns.own.adding import (
    MOST_BYTES,
    NOT_TO_ASK,
    Licence,
    StoredAlready,
    add,
    propose,
)
from outreach.campaigns.own.listing import Listed, listed
from outreach.campaigns.own.retiring import retire
from outreach.cli.context import CommandContext, print_json
from outreach.errors import NotFound, Refusal
from outreach.schools.models import School
from questionnaires.faults import DefinitionFaults


@click.group()
def questionnaire() -> None:
    """Questionnaires: those published, and those that schools add."""


@questionnaire.command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--school", "urns", multiple=True, help="A school's URN. May be repeated.")
@click.option("--all-schools", is_flag=True, help="Every school of this service, as for a trust.")
@click.option(
    "--extends",
    metavar="ID",
    help="The file is a section: put its questions after this published questionnaire.",
)
@click.option(
    "--licence",
    required=True,
    type=click.Choice([one.value for one in Licence]),
    help="Whose words these are: own_words, or held for words under a licence.",
)
@click.option(
    "--asks-nothing-guarded",
    is_flag=True,
    help=f"Say that no question asks about {NOT_TO_ASK}. Without it nothing is stored.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def add_(
    context: CommandContext,
    file: Path,
    *,
    urns: tuple[str, ...],
    all_schools: bool,
    extends: str | None,
    licence: str,
    asks_nothing_guarded: bool,
    as_json: bool,
) -> None:
    """Check FILE and store it as the next version. With any fault nothing is stored.

    Each school is done by itself: after a refusal, run it again, and those that have the very same
    questions already are left as they are.
    """
    with file.open("rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    wanted = _schools(context, urns, all_schools=all_schools)
    done: list[dict[str, Any]] = []
    for urn in wanted:
        with context.work_in_school(urn) as (session, school):
            made = _add(
                session, context, content, file.name, extends, Licence(licence),
                asks_nothing_guarded=asks_nothing_guarded,
            )  # fmt: skip
        done.append({"school": school.urn, **made})
    if as_json:
        print_json({"questionnaires": done})
        return
    for one in done:
        said = "added" if one["added"] else "there already, nothing was added"
        click.echo(f"{one['school']}: {one['id']} version {one['version']} ({said})")


@questionnaire.command("list")
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def list_(context: CommandContext, urn: str, as_json: bool) -> None:
    """What the school can give: published, and its own, those retired too."""
    with context.work_in_school(urn) as (session, _school):
        published, own = listed(session, context.parts.library)
    every = [*published, *own]
    if as_json:
        print_json({"questionnaires": [_for_json(one) for one in every]})
        return
    for one in every:
        kind = "published" if not one.is_own else "retired" if one.is_retired else "own"
        click.echo(f"{one.id} version {one.version}, {kind}: {one.title}")


@questionnaire.command("retire")
@click.argument("id", metavar="ID")
@click.option("--school", "urns", multiple=True, help="A school's URN. May be repeated.")
@click.option("--all-schools", is_flag=True, help="Every school that has it.")
@click.pass_obj
def retire_(context: CommandContext, id: str, *, urns: tuple[str, ...], all_schools: bool) -> None:
    """Offer an own questionnaire to no new campaign. Campaigns that have it go on."""
    retired = 0
    for urn in _schools(context, urns, all_schools=all_schools):
        with context.work_in_school(urn) as (session, _school):
            try:
                retire(session, id, OPERATOR, context.parts.clock())
            except NotFound:
                if not all_schools:
                    raise
                continue
        retired += 1
    if not retired:
        raise Refusal(f"No school has a questionnaire “{id}” of its own.")
    click.echo(f"{id} is retired in {retired} {'school' if retired == 1 else 'schools'}.")


def _add(
    session: Session,
    context: CommandContext,
    content: bytes,
    name: str,
    extends: str | None,
    licence: Licence,
    *,
    asks_nothing_guarded: bool,
) -> dict[str, Any]:
    try:
        proposed = propose(session, context.parts.library, content, name, extends=extends)
    except DefinitionFaults as found:
        words = "\n".join(str(fault) for fault in found.faults)
        raise Refusal(f"{words}\nNothing was stored.") from found
    except StoredAlready as stored:
        return {"id": stored.id, "version": stored.version, "added": False}
    add(
        session, proposed, licence, OPERATOR, context.parts.clock(),
        asks_nothing_guarded=asks_nothing_guarded,
    )  # fmt: skip
    made = proposed.questionnaire
    return {"id": made.id, "version": made.version, "added": True}


def _schools(
    context: CommandContext, urns: tuple[str, ...], *, all_schools: bool
) -> tuple[str, ...]:
    if bool(urns) is all_schools:
        raise click.UsageError("Name the schools with --school, or give --all-schools.")
    if urns:
        return tuple(dict.fromkeys(urns))
    with context.work() as session:
        found = tuple(session.scalars(select(School.urn).order_by(School.urn)))
    if not found:
        raise Refusal("There is no school yet. Add one with `outreach school add`.")
    return found


def _for_json(one: Listed) -> dict[str, Any]:
    facts = one.facts
    return {
        "id": one.id,
        "version": one.version,
        "title": one.title,
        "own": one.is_own,
        "based_on": one.base,
        "retired": one.is_retired,
        "stands_in": one.stands_in,
        "questions": facts.questions if facts else None,
        "languages": list(facts.languages) if facts else None,
        "campaigns": one.campaigns,
    }


commands: list[click.Command] = [questionnaire]
