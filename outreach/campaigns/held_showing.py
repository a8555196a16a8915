"""Held domains as staff see them, and the button that sends their mail again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from outreach.audit import Actor
from outreach.campaigns.diagnosing import Diagnosis, policy_reasons, rules
from outreach.campaigns.held_mail import held_here, lock_domain, resume
from outreach.campaigns.held_models import IN_FORCE, HeldDomain, HeldState
from outreach.campaigns.models import Message
from outreach.campaigns.reached import FAILED
from outreach.campaigns.resending import resend
from outreach.campaigns.states import MessageStep
from outreach.database import school_of
from outreach.errors import NotFound, Refusal


@dataclass(frozen=True)
class HeldAlert:
    """One domain whose server turns our mail away. `turned_away` mails are beside the `held`: they
    were refused or came back, and a person may send them again. `said` is the server's last word."""

    id: UUID
    domain: str
    diagnosis: Diagnosis
    said: str | None
    holds: bool
    held: int
    turned_away: int
    opened_at: datetime
    next_probe_at: datetime | None
    is_probing: bool


@dataclass(frozen=True)
class Resumed:
    """How many held mails wait to be sent now, and how many that were turned away go once more."""

    queued: int
    again: int


def held_alerts(session: Session, campaign_id: UUID | None = None) -> tuple[HeldAlert, ...]:
    """Those in force at this school, the latest first; of one campaign only what concerns it."""
    rows = session.scalars(
        select(HeldDomain)
        .where(HeldDomain.school_id == school_of(session), HeldDomain.state.in_(IN_FORCE))
        .order_by(HeldDomain.opened_at.desc(), HeldDomain.domain)
    ).all()
    alerts = (_alert(session, row, campaign_id) for row in rows)
    return tuple(
        one
        for one, row in zip(alerts, rows, strict=True)
        if campaign_id in (None, row.campaign_id) or one.held or one.turned_away
    )


def send_again(session: Session, held_id: UUID, actor: Actor, now: datetime) -> Resumed:
    """A person's word that the rule was changed. Pressed twice, it has one effect. Raises NotFound."""
    domain = session.scalar(
        select(HeldDomain.domain).where(
            HeldDomain.school_id == school_of(session), HeldDomain.id == held_id
        )
    )
    if domain is None:
        raise NotFound("There is no such mail domain at this school.")
    row = lock_domain(session, domain)
    if row.state not in IN_FORCE:
        return Resumed(0, 0)
    turned_away = _turned_away(session, row)
    queued = resume(session, row, actor, now)
    again = 0
    for campaign_id, invitations in turned_away.items():
        try:
            again += resend(session, campaign_id, FAILED, actor, now, only=invitations)
        except Refusal:
            continue  # that campaign has ended
    return Resumed(queued, again)


def _alert(session: Session, row: HeldDomain, campaign_id: UUID | None) -> HeldAlert:
    here = () if campaign_id is None else (Message.campaign_id == campaign_id,)
    held = session.scalar(
        select(func.count()).where(Message.school_id == row.school_id, held_here(row.domain), *here)
    )
    turned_away = _turned_away(session, row, *here)
    return HeldAlert(
        id=row.id,
        domain=row.domain,
        diagnosis=rules().diagnoses[row.diagnosis],
        said=row.words,
        holds=row.holds,
        held=held or 0,
        turned_away=sum(len(ids) for ids in turned_away.values()),
        opened_at=row.opened_at or row.run_began_at,
        next_probe_at=row.next_probe_at,
        is_probing=row.state is HeldState.PROBING,
    )


def _turned_away(
    session: Session, row: HeldDomain, *which: ColumnElement[bool]
) -> Mapping[UUID, set[UUID]]:
    """Invitations, by campaign, whose last mail this run's rule turned away."""
    later = aliased(Message)
    has_later = (
        select(later.id)
        .where(
            later.school_id == Message.school_id,
            later.invitation_id == Message.invitation_id,
            later.step != MessageStep.COPY,
            later.queued_at > Message.queued_at,
        )
        .exists()
    )
    found: dict[UUID, set[UUID]] = {}
    for campaign_id, invitation_id in session.execute(
        select(Message.campaign_id, Message.invitation_id).where(
            Message.school_id == row.school_id,
            Message.domain == row.domain,
            Message.state.in_(FAILED),
            Message.reason.in_(policy_reasons()),
            Message.step != MessageStep.COPY,
            Message.changed_at >= row.run_began_at,
            ~has_later,
            *which,
        )
    ):
        found.setdefault(campaign_id, set()).add(invitation_id)
    return found
