"""Answering sessions: a browser that pressed Start, found again by the secret in its cookie."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from outreach.answering.models import AnsweringSession, Mode
from outreach.campaigns.models import ArrivedBy, Link
from outreach.campaigns.states import CampaignState
from outreach.database import school_of
from outreach.pipelining import Express
from outreach.signing import hash_secret

IDLE_LIMIT = timedelta(minutes=60)
SEEN_STEP = timedelta(minutes=1)
"""`last_seen_at` moves in steps, so that most answers cost one write less."""


class SeenSession(NamedTuple):
    id: UUID
    response_id: UUID | None
    mode: Mode
    language: str
    last_seen_at: datetime
    ended_at: datetime | None


class SeenLink(NamedTuple):
    id: UUID
    created_at: datetime
    revoked_at: datetime | None
    arrives_by: ArrivedBy


class SeenInvitation(NamedTuple):
    id: UUID
    pupil_id: UUID
    questionnaire: str
    version: int
    sha256: str
    stopped_reason: str | None


class SeenCampaign(NamedTuple):
    state: CampaignState
    closes_at: datetime | None


class SeenSchool(NamedTuple):
    id: UUID
    name: str


class SeenResponse(NamedTuple):
    id: UUID
    started_at: datetime
    submitted_at: datetime | None
    reference: str | None
    resume_allowed_until: datetime | None


@dataclass(frozen=True)
class Visit:
    """An answering session and all that its link leads to, as it stood when it was read."""

    session: SeenSession
    link: SeenLink
    invitation: SeenInvitation
    campaign: SeenCampaign
    school: SeenSchool
    response: SeenResponse | None
    stored: Mapping[str, Any]
    """The answers of the response as JSON, by question id."""

    def is_alive(self, now: datetime) -> bool:
        """Not signed out, and seen within the last hour."""
        return self.session.ended_at is None and now - self.session.last_seen_at < IDLE_LIMIT

    @property
    def is_submitted(self) -> bool:
        return self.response is not None and self.response.submitted_at is not None

    @property
    def is_by_mail(self) -> bool:
        """Whether the link came by mail, to the address on file: not a code, not staff."""
        return self.link.arrives_by is ArrivedBy.LINK

    @property
    def must_prove(self) -> bool:
        """Answers exist that another browser gave: nothing of them may be shown yet."""
        return self.response is not None and self.response.id != self.session.response_id


_VISIT = text("""
    SELECT s.id, s.response_id, s.mode, s.language, s.last_seen_at, s.ended_at,
           l.id, l.created_at, l.revoked_at,
           i.id, i.pupil_id, i.questionnaire, i.version, i.sha256, i.stopped_reason,
           c.state, c.closes_at,
           school.id, school.name,
           r.id, r.started_at, r.submitted_at, r.reference, r.resume_allowed_until,
           (SELECT jsonb_object_agg(a.question_id, a.value) FROM answer a
            WHERE a.school_id = :school AND a.response_id = r.id),
           l.arrives_by
    FROM answering_session s
    JOIN link l ON l.school_id = :school AND l.id = s.link_id
    JOIN invitation i ON i.school_id = :school AND i.id = s.invitation_id
    JOIN campaign c ON c.school_id = :school AND c.id = i.campaign_id
    JOIN school ON school.id = s.school_id
    LEFT JOIN response r
      ON r.school_id = :school AND r.invitation_id = i.id AND r.superseded_at IS NULL
      AND r.replaceable_since IS NULL
    WHERE s.school_id = :school AND s.secret_hash = :hash
""")
"""What every answering page asks, in one round trip and without an object of the database's."""


def find_visit(express: Express, school_id: UUID, secret: str) -> Visit | None:
    """The visit of this cookie's secret, alive or not.

    It sees what is committed, and so nothing of what this request has written before.
    """
    rows = express.rows(school_id, _VISIT, {"school": school_id, "hash": hash_secret(secret)})
    return _visit(*rows[0]) if rows else None


def _visit(*row: Any) -> Visit:
    session_id, response_id, mode, language, last_seen_at, ended_at = row[:6]
    return Visit(
        session=SeenSession(session_id, response_id, Mode(mode), language, last_seen_at, ended_at),
        link=SeenLink(row[6], row[7], row[8], ArrivedBy(row[25])),
        invitation=SeenInvitation(*row[9:15]),
        campaign=SeenCampaign(CampaignState(row[15]), row[16]),
        school=SeenSchool(*row[17:19]),
        response=None if row[19] is None else SeenResponse(*row[19:24]),
        stored=row[24] or {},
    )


def begin(
    session: Session,
    link: Link,
    *,
    response_id: UUID | None,
    mode: Mode,
    language: str,
    now: datetime,
) -> str:
    """A new answering session for this link; the secret is for the cookie alone."""
    secret = secrets.token_urlsafe(32)
    session.add(
        AnsweringSession(
            school_id=school_of(session),
            link_id=link.id,
            invitation_id=link.invitation_id,
            secret_hash=hash_secret(secret),
            response_id=response_id,
            mode=mode,
            language=language,
            created_at=now,
            arrived_by=link.arrives_by,
            staff_id=link.opened_by,
            last_seen_at=now,
        )
    )
    return secret


def touch(session: Session, visit: Visit, now: datetime) -> None:
    _change(session, visit, last_seen_at=now)


def let_see(session: Session, visit: Visit, response_id: UUID) -> None:
    """This browser saved the first answer of this response, or proved whose it is."""
    _change(session, visit, response_id=response_id)


def choose(session: Session, visit: Visit, *, mode: Mode | None, language: str | None) -> None:
    """The way of answering from here on; None leaves it as it is."""
    chosen = {"mode": mode, "language": language}
    _change(session, visit, **{name: value for name, value in chosen.items() if value is not None})


def end(session: Session, visit: Visit, now: datetime) -> None:
    if visit.session.ended_at is None:
        _change(session, visit, ended_at=now)


def end_all(session: Session, invitation_id: UUID, now: datetime) -> None:
    """Whoever answers this invitation begins anew, by a link that works."""
    school_id = school_of(session)
    links = select(Link.id).where(Link.school_id == school_id, Link.invitation_id == invitation_id)
    session.execute(
        update(AnsweringSession)
        .where(
            AnsweringSession.school_id == school_id,
            AnsweringSession.link_id.in_(links),
            AnsweringSession.ended_at.is_(None),
        )
        .values(ended_at=now)
        .execution_options(synchronize_session=False)
    )


def _change(session: Session, visit: Visit, **values: object) -> None:
    if values:
        session.execute(
            update(AnsweringSession)
            .where(
                AnsweringSession.school_id == school_of(session),
                AnsweringSession.id == visit.session.id,
            )
            .values(**values)
        )
