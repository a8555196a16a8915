"""What integrators tell us by themselves: approved, revoked, declined, moved, fresh data.

Their messages carry no signature of their own, so each address we give out holds a token that only
this service can have made. A message names a school by the integrator's id; one that we do not know
changes nothing.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.database import enter_school
from outreach.pupils.sources.xporter_hooks import parse_authorisation
from outreach.pupils.sync import syncs
from outreach.pupils.sync.connecting import is_proven, move_state, take_new_secret
from outreach.pupils.sync.connections import connection_of
from outreach.pupils.sync.models import SourceConnection, SourceDirectory, SourceKind, SourceState
from outreach.pupils.sync.sealing import Sealer
from outreach.schools.models import School
from outreach.signing import SCHOOL_KEY_BYTES, BadToken, Purpose, TokenSigner

NOT_OFTENER_THAN = timedelta(minutes=10)
"""A source may call for every change of a pupil; one sync takes them all."""

_OF_APPLICATION = {
    SourceKind.WONDE: UUID(int=1),
    SourceKind.XPORTER: UUID(int=2),
}
"""The address of an integrator's messages about all schools names no school."""
_NO_SCHOOL = b"\0" * SCHOOL_KEY_BYTES


def hook_address(signer: TokenSigner, public_url: str, kind: SourceKind) -> str:
    """To be entered at the integrator. It is a secret: whoever has it can stop schools' mail."""
    token = signer.sign(Purpose.SOURCE_HOOK, _NO_SCHOOL, _OF_APPLICATION[kind])
    return f"{public_url}/hooks/{kind.value}/{token}"


def require_application_token(signer: TokenSigner, kind: SourceKind, token: str) -> None:
    """Raises BadToken."""
    subject = signer.verify(Purpose.SOURCE_HOOK, token)
    if (subject.school_key, subject.row_id) != (_NO_SCHOOL, _OF_APPLICATION[kind]):
        raise BadToken


def take_wonde_message(
    session: Session, sealer: Sealer, message: Mapping[str, Any], now: datetime
) -> bool:
    """False where it is of no school that we know, or of a kind that we do not."""
    kind, school_id = message.get("payload_type"), message.get("school_id")
    if not isinstance(kind, str) or not isinstance(school_id, str):
        return False
    if not school_id.isprintable():  # no id, and nothing that the database could take
        return False
    connection = _enter(session, SourceKind.WONDE, school_id)
    if connection is None:
        return False
    match kind:
        case "schoolApproved":
            token = message.get("school_token")
            secret = token.strip() if isinstance(token, str) else ""
            if secret and secret.isascii():  # a sync checks whose school it opens
                take_new_secret(session, sealer, secret, now)
            syncs.ask_for_sync(session, is_full=True, asked_by=None, now=now)
        case "accessRevoked":
            words = "The school took its permission back at Wonde."
            move_state(session, connection, SourceState.REVOKED, words, now)
        case "accessDeclined":
            words = "The school declined the request at Wonde."
            move_state(session, connection, SourceState.DECLINED, words, now)
        case "schoolMigration":
            connection.ids_changed = True
            syncs.ask_for_sync(session, is_full=True, asked_by=None, now=now)
        case _:
            return False
    return True


def take_xporter_authorisation(
    session: Session, sealer: Sealer, app_id: str, form: Mapping[str, str], now: datetime
) -> bool:
    """A school agreed, or agreed anew: its secret is a new one, and the old has ended."""
    authorisation = parse_authorisation(form)
    if authorisation is None or (authorisation.app_id or app_id) != app_id:
        return False
    connection = _enter(session, SourceKind.XPORTER, authorisation.estab)
    if connection is None or not is_proven(session, connection):
        return False
    take_new_secret(session, sealer, authorisation.secret, now)
    connection.asked_items = sorted(field.value for field in authorisation.asked)
    connection.granted_items = sorted(field.value for field in authorisation.granted)
    syncs.ask_for_sync(session, is_full=True, asked_by=None, now=now)
    return True


def enter_school_of_token(session: Session, signer: TokenSigner, token: str) -> None:
    """Raises BadToken. Comes before anything else of a message is looked at."""
    subject = signer.verify(Purpose.SOURCE_HOOK, token)
    school = session.scalar(select(School).where(School.key == subject.school_key))
    if school is None or school.id != subject.row_id:
        raise BadToken
    enter_school(session, school.id)


def take_fresh_notice(session: Session, now: datetime, *, is_fresh: bool) -> bool:
    """Data of the school that was entered is fresh. False where none is wanted now."""
    connection = connection_of(session)
    if not is_fresh or connection is None or connection.state is not SourceState.AUTHORISED:
        return False
    newest = syncs.past_syncs(session, 1)
    if newest and newest[0].asked_at > now - NOT_OFTENER_THAN:
        return False
    syncs.ask_for_sync(session, is_full=False, asked_by=None, now=now)
    return True


def _enter(session: Session, kind: SourceKind, external_id: str) -> SourceConnection | None:
    entry = session.get(SourceDirectory, (kind, external_id))
    if entry is None:
        return None
    enter_school(session, entry.school_id)
    return connection_of(session)
