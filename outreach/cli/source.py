"""`outreach source`: connect a school to its information system, sync, disconnect."""

import time
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from outreach.audit import OPERATOR
from outreach.campaigns.chat.channels import reseal_channels, sealer_of
from outreach.campaigns.code_keys import CodeKeys
from outreach.campaigns.code_making import reseal_codes
from outreach.cli.context import CommandContext, print_json
from outreach.cli.roster import show_report
from outreach.database import transaction
from outreach.errors import Refusal
from outreach.pupils.roster.importing import ImportReport
from outreach.pupils.sources.making import CALLED
from outreach.pupils.sync import syncs
from outreach.pupils.sync.connecting import LONGEST_SECRET, connect, disconnect, reseal_all
from outreach.pupils.sync.connections import connection_of
from outreach.pupils.sync.hooks import hook_address
from outreach.pupils.sync.models import RosterSync, SourceKind, SyncState
from outreach.pupils.sync.sealing import Sealer
from outreach.pupils.sync.syncing import run_sync, settle

KINDS = click.Choice([kind.value for kind in SourceKind])
FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
PATIENCE_SECONDS = 900.0
"""For a sync that a worker has under way: then ours begins."""


@click.group()
def source() -> None:
    """A school's information system, and syncs with it."""


@source.command("connect")
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option("--kind", required=True, type=KINDS)
@click.option(
    "--id",
    "external_id",
    required=True,
    help="What the integrator calls the school; OneRoster: the client id.",
)
@click.option("--secret-file", type=FILE, help="A file that holds the school's secret or token.")
@click.option("--url", help="OneRoster: the address of the school's own server.")
@click.pass_obj
def connect_(
    context: CommandContext,
    urn: str,
    kind: str,
    external_id: str,
    secret_file: Path | None,
    url: str | None,
) -> None:
    """Keep how the school is reached. The first sync proves it; nothing is fetched yet."""
    wanted = SourceKind(kind)
    if (wanted is SourceKind.ONEROSTER) != (url is not None):
        raise click.UsageError("--url goes with --kind oneroster, and is needed there.")
    if secret_file is None and wanted is not SourceKind.WONDE:
        raise click.UsageError("--secret-file is needed.")
    with context.work_in_school(urn) as (session, _):
        connect(
            session,
            Sealer(context.settings.secret_keys),
            kind=wanted,
            external_id=external_id.strip(),
            secret=None if secret_file is None else _read_secret(secret_file),
            url=url,
            may_be_private=True,
            actor=OPERATOR,
            now=context.parts.clock(),
        )
    click.echo(f"Connected by {CALLED[wanted]}. Run `outreach source sync --school {urn}`.")


def _read_secret(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        text = ""
    if not text or len(text) > LONGEST_SECRET or not text.isprintable():
        raise Refusal(
            f"{path} does not hold one secret: a single line of text, no longer than "
            f"{LONGEST_SECRET} characters."
        )
    return text


@source.command("sync")
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option("--full", "is_full", is_flag=True, help="The whole roster, not its changes alone.")
@click.option("--confirm-drop", is_flag=True, help="With --full: yes, so many have really gone.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def sync_(
    context: CommandContext, urn: str, *, is_full: bool, confirm_drop: bool, as_json: bool
) -> None:
    """Sync now, and wait for it. Exit code 1 where the roster was not brought up to date."""
    if confirm_drop and not is_full:
        raise click.UsageError("--confirm-drop goes with --full.")
    parts = context.parts
    school_id = _school_id(context, urn)
    _wait_for_worker(context, school_id)
    with transaction(parts.sessions, school_id) as session:
        claim = syncs.begin_sync(
            session, is_full=is_full, confirm_drop=confirm_drop, now=parts.clock()
        )
    report = run_sync(parts, school_id, claim)
    settle(parts, school_id)
    with transaction(parts.sessions, school_id) as session:
        done = session.get_one(RosterSync, (school_id, claim.sync_id))
        outcome, reason = _outcome(done), done.reason
        report = report or ImportReport(
            is_full=done.is_full, source=done.kind.value, row_name="record"
        )
    if as_json:
        print_json(report.as_json() | {"outcome": outcome, "reason": reason})
    elif outcome == SyncState.DONE.value:
        show_report(report, as_json=False)
    if outcome != SyncState.DONE.value:
        hint = " On the command line, --confirm-drop confirms it." if outcome == "held" else ""
        raise Refusal(f"{outcome}: {reason}{hint}")


def _outcome(sync: RosterSync) -> str:
    """One that a source has put off is no success: a worker goes on with it later."""
    return SyncState.FAILED.value if sync.state in syncs.UNDER_WAY else sync.state.value


def _wait_for_worker(context: CommandContext, school_id: UUID) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with transaction(context.parts.sessions, school_id) as session:
            if not syncs.is_worked_on(session, context.parts.clock()):
                return
        time.sleep(0.5)


def _school_id(context: CommandContext, urn: str) -> UUID:
    with context.work_in_school(urn) as (_session, school):
        return school.id


@source.command("disconnect")
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.pass_obj
def disconnect_(context: CommandContext, urn: str) -> None:
    """Forget the connection and its secret. Mail stops; the pupils stay as they are."""
    with context.work_in_school(urn) as (session, _):
        kind = disconnect(session, OPERATOR, context.parts.clock())
    click.echo(f"Disconnected from {CALLED[kind]}. No mail goes out until the school is connected.")


@source.command("show")
@click.option("--school", "urn", required=True, help="The school's URN.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def show(context: CommandContext, urn: str, as_json: bool) -> None:
    """The connection and its latest syncs. No secret is shown."""
    with context.work_in_school(urn) as (session, _):
        connection = connection_of(session)
        past = [_sync_for_json(one) for one in syncs.past_syncs(session)]
        document: dict[str, Any] = {"connection": None, "syncs": past}
        if connection is not None:
            document["connection"] = {
                "kind": connection.kind.value,
                "id": connection.external_id,
                "url": connection.url,
                "state": connection.state.value,
                "words": connection.state_words,
                "granted": connection.granted_items,
            }
    if as_json:
        print_json(document)
        return
    about = document["connection"]
    click.echo(
        f"{about['kind']} {about['id']}: {about['state']}. {about['words'] or ''}"
        if about
        else "Not connected."
    )
    for one in past:
        click.echo(f"{one['asked_at']}  {one['outcome']}  {one['reason'] or ''}")


def _sync_for_json(sync: RosterSync) -> dict[str, Any]:
    return {
        "asked_at": sync.asked_at.isoformat(),
        "ended_at": sync.ended_at.isoformat() if sync.ended_at else None,
        "is_full": sync.is_full,
        "outcome": sync.state.value,
        "reason": sync.reason,
        "records": sync.records,
        "counts": sync.report if sync.state is SyncState.DONE else None,
    }


@source.command("hooks")
@click.pass_obj
def hooks(context: CommandContext) -> None:
    """The addresses to enter at Wonde and Xporter. Keep them secret."""
    parts = context.parts
    for kind in (SourceKind.WONDE, SourceKind.XPORTER):
        address = hook_address(parts.signer, parts.settings.public_url, kind)
        click.echo(f"{CALLED[kind]}: {address}")


@source.command("reseal")
@click.pass_obj
def reseal(context: CommandContext) -> None:
    """Store every school's secret, the addresses of its chat channels and the personal codes of its
    pupils anew under the newest of SECRET_KEYS, so that old ones can go."""
    done = reseal_all(context.parts.sessions, Sealer(context.settings.secret_keys))
    click.echo(f"{done} secret{'' if done == 1 else 's'} stored anew.")
    channels = reseal_channels(context.parts.sessions, sealer_of(context.settings.secret_keys))
    click.echo(f"{channels} chat channel{'' if channels == 1 else 's'} stored anew.")
    codes = reseal_codes(context.parts.sessions, CodeKeys(context.settings.secret_keys))
    click.echo(f"{codes} personal code{'' if codes == 1 else 's'} stored anew.")


commands: list[click.Command] = [source]
