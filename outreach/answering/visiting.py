"""The door to the answering pages: the cookie of a visit, and what must hold before a page opens."""

from datetime import datetime
from uuid import UUID

from flask import session as cookie
from sqlalchemy.orm import Session

from outreach import web
from outreach.answering import sessions
from outreach.answering.sessions import Visit
from outreach.campaigns.links import LinkGone, OpenedLink, gone_because
from outreach.database import enter_school
from questionnaires.model import Questionnaire

KEY = "answering"
TURNED_DOWN = frozenset({"declined", "not_me"})
"""Reasons by which the student, not the service, stopped an invitation."""


class VisitOver(Exception):
    """No visit, or signed out, or an hour without a page. The link opens a new one."""


class AlreadySent(Exception):
    """The response is submitted, and this page is for one that is not."""

    def __init__(self, visit: Visit) -> None:
        super().__init__()
        self.visit = visit


class TurnedDown(Exception):
    """The student said meanwhile that they do not want to answer, or that it is not for them."""


class MustProve(Exception):
    """Another browser gave answers: day and month of birth come first."""


def remembered_visit(db: Session) -> Visit | None:
    """The visit this browser's cookie names, in whatever state it is."""
    kept = cookie.get(KEY)
    if kept is None:
        return None
    enter_school(db, UUID(kept["school"]))
    return sessions.find_visit(db, kept["secret"])


def open_visit(*, even_if_sent: bool = False, even_if_unproven: bool = False) -> Visit:
    """This request's visit. Raises what stands in the way, in the order a student should hear."""
    now = web.now()
    visit = remembered_visit(web.db())
    if visit is None:
        raise VisitOver
    if not visit.is_submitted:
        gone = gone_because(visit.link, visit.campaign, now)
        if gone is not None:
            raise LinkGone(gone, visit.school.name, was_sent=visit.is_submitted)
        if visit.invitation.stopped_reason in TURNED_DOWN:
            raise TurnedDown
    if not visit.is_alive(now):
        raise VisitOver
    sessions.touch(visit, now)
    if visit.is_submitted and not even_if_sent:
        raise AlreadySent(visit)
    if visit.must_prove and not even_if_unproven:
        raise MustProve
    return visit


def start(opened: OpenedLink, now: datetime) -> None:
    """Give this browser a visit of its own, or the one it has of this link already.

    Pressing Start twice is one visit. A browser that gave answers before, or proved who it is,
    still may see them; whoever answered another link in this browser is put out of it.
    """
    db = web.db()
    earlier = _earlier_visit(opened)
    if earlier is not None and earlier.link.id == opened.link.id and earlier.is_alive(now):
        sessions.touch(earlier, now)
        return
    is_same_sitting = earlier is not None and earlier.is_alive(now)
    may_see = is_same_sitting and earlier is not None and earlier.session.may_see_answers
    nonce = cookie.get("csrf") if set(cookie) <= {"csrf"} else None
    web.start_fresh_session()
    if nonce is not None:
        cookie["csrf"] = nonce  # the second of two quick presses carries this page's token
    secret = sessions.begin(db, opened.link, may_see_answers=may_see, now=now)
    cookie[KEY] = {"school": str(opened.school.id), "secret": secret}


def _earlier_visit(opened: OpenedLink) -> Visit | None:
    """This browser's visit to the same invitation, unless it was signed out."""
    kept = cookie.get(KEY)
    if kept is None or kept["school"] != str(opened.school.id):
        return None
    visit = sessions.find_visit(web.db(), kept["secret"])
    if visit is None or visit.session.ended_at is not None:
        return None
    return visit if visit.invitation.id == opened.invitation.id else None


def questionnaire_of(visit: Visit | OpenedLink) -> Questionnaire:
    """The very version that the invitation pins."""
    return web.parts().library.get(visit.invitation.questionnaire, visit.invitation.version)
