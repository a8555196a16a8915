"""Personal codes made for invitations, when slips are asked for: one that works for each."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from outreach.campaigns.code_keys import CodeKeys
from outreach.campaigns.code_models import CodeLookup, PersonalCode
from outreach.campaigns.codes import draw_code
from outreach.campaigns.models import ArrivedBy, Campaign, Link
from outreach.database import Sessions, school_of, transaction
from outreach.schools.models import School

ROUNDS = 5
"""A code that some school has already is drawn again; one in a million rounds needs it."""

_MAKE = text("""
    WITH given AS (
        SELECT * FROM unnest(cast(:link_ids AS uuid[]), cast(:invitation_ids AS uuid[]),
                             cast(:hashes AS bytea[]), cast(:seals AS bytea[]))
            AS given (link_id, invitation_id, code_hash, sealed)
    ), known AS (
        INSERT INTO code_lookup (code_hash, school_id)
        SELECT code_hash, :school_id FROM given
        ON CONFLICT DO NOTHING RETURNING code_hash
    ), linked AS (
        INSERT INTO link (school_id, id, invitation_id, created_at, arrives_by)
        SELECT :school_id, link_id, invitation_id, :now, :arrives_by
        FROM given JOIN known USING (code_hash)
    )
    INSERT INTO personal_code (school_id, link_id, code_hash, sealed, created_at)
    SELECT :school_id, link_id, code_hash, sealed, :now FROM given JOIN known USING (code_hash)
    RETURNING link_id
""")


class Code:
    """A code that works, and its link. Its repr shows neither."""

    __slots__ = ("code", "link_id")

    def __init__(self, code: str, link_id: UUID) -> None:
        self.code, self.link_id = code, link_id


def make_codes(
    session: Session,
    keys: CodeKeys,
    campaign: Campaign,
    invitation_ids: Collection[UUID],
    now: datetime,
) -> int:
    """Give each of these invitations of the campaign a code that works; returns how many are new.

    Asked for twice, or by two people at once, it acts once: they take turns until the commit, and no
    row is locked for it. A code that no key in force opens any more cannot be printed, so it ends and
    another is made.
    """
    turn = func.hashtextextended(f"codes {school_of(session)} {campaign.id}", 0)
    session.execute(select(func.pg_advisory_xact_lock(turn)))
    made = 0
    for _ in range(ROUNDS):
        have = codes_of(session, keys, invitation_ids)
        missing = [one for one in invitation_ids if one not in have]
        if not missing:
            return made
        _revoke_unreadable(session, missing, now)
        made += _make(session, keys, missing, now)
    message = "no free code was found"
    raise RuntimeError(message)


def codes_of(
    session: Session, keys: CodeKeys, invitation_ids: Collection[UUID]
) -> Mapping[UUID, Code]:
    """By invitation, the newest code that works and can be printed."""
    rows = session.execute(
        select(Link.invitation_id, Link.id, PersonalCode.sealed)
        .join(
            PersonalCode,
            (PersonalCode.school_id == Link.school_id) & (PersonalCode.link_id == Link.id),
        )
        .where(
            Link.school_id == school_of(session),
            Link.invitation_id.in_(invitation_ids),
            Link.revoked_at.is_(None),
        )
        .order_by(Link.created_at)
    )
    opened = ((invitation, link, keys.open(sealed)) for invitation, link, sealed in rows)
    return {invitation: Code(code, link) for invitation, link, code in opened if code is not None}


def _make(session: Session, keys: CodeKeys, invitation_ids: Collection[UUID], now: datetime) -> int:
    codes = [draw_code() for _ in invitation_ids]
    given = {
        "school_id": school_of(session),
        "now": now,
        "arrives_by": ArrivedBy.CODE.value,
        "link_ids": [uuid4() for _ in codes],
        "invitation_ids": list(invitation_ids),
        "hashes": [keys.hash(code) for code in codes],
        "seals": [keys.seal(code) for code in codes],
    }
    return len(session.execute(_MAKE, given).all())


def _revoke_unreadable(session: Session, invitation_ids: Collection[UUID], now: datetime) -> None:
    session.execute(
        update(Link)
        .where(
            Link.school_id == school_of(session),
            Link.invitation_id.in_(invitation_ids),
            Link.arrives_by == ArrivedBy.CODE,
            Link.revoked_at.is_(None),
        )
        .values(revoked_at=now)
        .execution_options(synchronize_session=False)
    )


def reseal_codes(sessions: Sessions, keys: CodeKeys) -> int:
    """Every school's codes under the newest key; commits school by school. Gives how many changed.

    A code that no key opens stays as it is: it can be typed no more, and is made anew with slips.
    """
    with transaction(sessions) as session:
        school_ids = session.scalars(select(School.id)).all()
    done = 0
    for school_id in school_ids:
        with transaction(sessions, school_id) as session:
            kept = select(PersonalCode).where(PersonalCode.school_id == school_id)
            for row in session.scalars(kept.with_for_update()):
                code = None if keys.is_newest(row.sealed) else keys.open(row.sealed)
                if code is not None:
                    _reseal(session, keys, row, code)
                    done += 1
    return done


def _reseal(session: Session, keys: CodeKeys, row: PersonalCode, code: str) -> None:
    session.execute(delete(CodeLookup).where(CodeLookup.code_hash == row.code_hash))
    row.code_hash, row.sealed = keys.hash(code), keys.seal(code)
    session.add(CodeLookup(code_hash=row.code_hash, school_id=row.school_id))
