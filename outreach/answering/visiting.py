"""The door to the answering pages: the cookie of a visit, and what must hold before a page opens."""

from datetime import datetime
from uuid import UUID

from flask import g
from flask import session as cookie

from outreach import web
from outreach.answering import sessions
from outreach.answering.again import AnsweredThisYear, has_answered_this_year
from outreach.answering.models import Mode, Response
from outreach.answering.sessions import Visit
from outreach.answering.speaking import language_for
from outreach.campaigns.links import LinkGone, OpenedLink, gone_because
from outreach.campaigns.models import Invitation
from outreach.campaigns.own.library import is_own, pinned
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


def remembered_visit() -> Visit | None:
    """The visit this browser's cookie names, in whatever state it is."""
    kept = cookie.get(KEY)
    if kept is None:
        return None
    school_id = UUID(kept["school"])
    web.enter(school_id)
    visit = sessions.find_visit(web.parts().express, school_id, kept["secret"])
    if visit is not None:
        g.language = visit.session.language
    return visit


def open_visit(*, even_if_sent: bool = False, even_if_unproven: bool = False) -> Visit:
    """This request's visit. Raises what stands in the way, in the order a student should hear."""
    now = web.now()
    visit = remembered_visit()
    if visit is None:
        raise VisitOver
    if not visit.is_submitted:
        gone = gone_because(
            visit.link.revoked_at, visit.campaign.state, visit.campaign.closes_at, now
        )
        if gone is not None:
            raise LinkGone(gone, visit.school.name, was_sent=visit.is_submitted)
        if visit.invitation.stopped_reason in TURNED_DOWN:
            raise TurnedDown
    if not visit.is_alive(now):
        raise VisitOver
    if now - visit.session.last_seen_at >= sessions.SEEN_STEP:
        sessions.touch(web.db(), visit, now)
    if visit.is_submitted and not even_if_sent:
        raise AlreadySent(visit)
    if visit.must_prove and not even_if_unproven:
        raise MustProve
    return visit


def start(
    opened: OpenedLink, now: datetime, *, mode: Mode | None = None, language: str | None = None
) -> None:
    """Give this browser a visit of its own, or the one it has of this link already.

    Pressing Start twice is one visit. A browser that gave answers before, or proved who it is,
    still may see them; whoever answered another link in this browser is put out of it.
    Raises AnsweredThisYear where the student has sent another of its family this school year.
    """
    db = web.db()
    if has_answered_this_year(db, opened.invitation, now):
        raise AnsweredThisYear(opened.invitation.pupil_id)
    earlier = _earlier_visit(opened)
    if earlier is not None and earlier.link.id == opened.link.id and earlier.is_alive(now):
        sessions.touch(db, earlier, now)
        chosen = None if language is None else language_for(questionnaire_of(opened), language)
        sessions.choose(db, earlier, mode=mode, language=chosen)
        return
    is_same_sitting = earlier is not None and earlier.is_alive(now)
    seen = earlier.session.response_id if is_same_sitting and earlier is not None else None
    nonce = cookie.get("csrf") if set(cookie) <= {"csrf"} else None
    web.start_fresh_session()
    if nonce is not None:
        cookie["csrf"] = nonce  # the second of two quick presses carries this page's token
    secret = sessions.begin(
        db,
        opened.link,
        response_id=seen,
        mode=mode or Mode.PAGES,
        language=language_for(questionnaire_of(opened), language),
        now=now,
    )
    cookie[KEY] = {"school": str(opened.school.id), "secret": secret}


def _earlier_visit(opened: OpenedLink) -> Visit | None:
    """This browser's visit to the same invitation, unless it was signed out."""
    kept = cookie.get(KEY)
    if kept is None or kept["school"] != str(opened.school.id):
        return None
    visit = sessions.find_visit(web.parts().express, opened.school.id, kept["secret"])
    if visit is None or visit.session.ended_at is not None:
        return None
    return visit if visit.invitation.id == opened.invitation.id else None


def questionnaire_of(visit: Visit | OpenedLink) -> Questionnaire:
    """The very version that the invitation pins."""
    given, library = visit.invitation, web.parts().library
    if not is_own(given.questionnaire):
        return library.get(given.questionnaire, given.version)  # without a session, as most are
    return pinned(web.db(), library, given.questionnaire, given.version, given.sha256)


def invitation_of(visit: Visit) -> Invitation:
    """Its row, for what is to be changed in it."""
    return web.db().get_one(Invitation, (visit.school.id, visit.invitation.id))


def response_of(visit: Visit) -> Response:
    """Its row, for what is to be changed in it. Only where the visit has a response."""
    assert visit.response is not None
    return web.db().get_one(Response, (visit.school.id, visit.response.id))
