"""The first page of a link: inert until Start, and the two ways to say no."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from outreach import web
from outreach.answering import visiting
from outreach.answering.again import AnsweredThisYear, has_answered_this_year
from outreach.answering.blueprint import SEE_OTHER, blueprint
from outreach.answering.models import Mode
from outreach.answering.speaking import is_unread, language_for, words_in
from outreach.answering.stepping import address_of
from outreach.answering.visiting import TURNED_DOWN, questionnaire_of
from outreach.campaigns import tracking
from outreach.campaigns.links import OpenedLink, open_link
from outreach.campaigns.models import ArrivedBy
from outreach.campaigns.states import ANSWERED
from outreach.schools.access import public_page
from outreach.schools.contacts import contacts_of
from questionnaires.model import TextQuestion
from questionnaires.path import walk
from questionnaires.timing import minutes_to_answer

COPIED_WITH_IT = ".,;:!?)]}>\"'"
"""What stands after a link in a sentence, and is often copied with it."""
MODES = {mode.value: mode for mode in Mode}
SIGNED = "the signed token in the address opens it, and nothing but the first page of a link"


def _open(token: str) -> OpenedLink:
    parts = web.parts()
    return open_link(web.db(), parts.signer, token, web.now())


def _settled(opened: OpenedLink, token: str) -> str | None:
    """The plain page of a link that has nothing left to start, if it is one."""
    school_name = opened.school.name
    if opened.invitation.state in ANSWERED:
        return render_template("answering/already_sent.html", school_name=school_name)
    reason = opened.invitation.stopped_reason
    if reason in TURNED_DOWN:
        return render_template(
            f"answering/turned_down_{reason}.html", school_name=school_name, token=token
        )
    if has_answered_this_year(web.db(), opened.invitation, web.now()):
        raise AnsweredThisYear(opened.invitation.pupil_id)
    return None


def _is_by_mail(opened: OpenedLink) -> bool:
    """Whoever holds somebody else's slip says nothing about an address, and stops nothing."""
    return opened.link.arrives_by is ArrivedBy.LINK


def _is_by_code(opened: OpenedLink) -> bool:
    return opened.link.arrives_by is ArrivedBy.CODE


@blueprint.get("/q/<token>")
@public_page(SIGNED)
def landing(token: str) -> ResponseReturnValue:
    """Changes nothing, writes nothing, names nobody: mail scanners open it too."""
    token = token.rstrip(COPIED_WITH_IT)
    opened = _open(token)
    settled = _settled(opened, token)
    if settled is not None:
        return settled
    questionnaire = questionnaire_of(opened)
    language = language_for(questionnaire, request.args.get("language"))
    return render_template(
        "answering/landing.html",
        token=token,
        school_name=opened.school.name,
        language=language,
        is_chat=_mode_in(request.args) is Mode.CHAT,
        languages=questionnaire.offered,
        say=words_in(language),
        is_unread=is_unread(questionnaire, language),
        title=questionnaire.title.in_(language),
        intro=questionnaire.intro.in_(language),
        minutes=minutes_to_answer(questionnaire),
        has_own_words=any(isinstance(one, TextQuestion) for one in questionnaire.questions),
        has_begun=opened.invitation.started_at is not None,
        is_by_mail=_is_by_mail(opened),
        closes_at=opened.campaign.closes_at,
        contacts=contacts_of(web.db()),
    )


@blueprint.post("/q/<token>/start")
@public_page(SIGNED)
def start(token: str) -> ResponseReturnValue:
    """Not yet "started": that is the first saved answer."""
    opened = _open(token)
    settled = _settled(opened, token)
    if settled is not None:
        return settled
    visiting.start(
        opened, web.now(), mode=_mode_in(request.form), language=request.form.get("language")
    )
    return redirect(_first_step(opened), SEE_OTHER)


def _mode_in(sent: MultiDict[str, str]) -> Mode | None:
    """The last word: a button of the first page comes after what its address asked for."""
    return MODES.get(next(reversed(sent.getlist("mode")), ""))


def _first_step(opened: OpenedLink) -> str:
    """Straight to the first question where nothing is answered yet: a hop less on a slow network."""
    first = walk(questionnaire_of(opened), {}).next_to_answer
    if opened.invitation.started_at is not None or first is None:
        return url_for("answering.carry_on")
    return address_of(first.id, from_check=False)


def _back_to_landing(token: str) -> ResponseReturnValue:
    language = request.args.get("language")
    return redirect(url_for("answering.landing", token=token, language=language), SEE_OTHER)


@blueprint.get("/q/<token>/no-thanks")
@public_page(SIGNED)
def confirm_no_thanks(token: str) -> ResponseReturnValue:
    opened = _open(token)
    settled = _settled(opened, token)
    if settled is not None:
        return settled
    page = "no_thanks_slip" if _is_by_code(opened) else "no_thanks"
    return render_template(f"answering/{page}.html", token=token, school_name=opened.school.name)


@blueprint.post("/q/<token>/no-thanks")
@public_page(SIGNED)
def no_thanks(token: str) -> ResponseReturnValue:
    """By a slip, which anybody may hold, only the slip ends. Staff beside a pupil know who says so."""
    opened = _open(token)
    is_open = _settled(opened, token) is None
    if is_open and _is_by_code(opened):
        tracking.end_slip(web.db(), opened.link, web.now())
        language = request.args.get("language")
        return redirect(url_for("answering.slip_ended", language=language), SEE_OTHER)
    if is_open:
        tracking.decline(web.db(), opened.invitation, web.now())
    return _back_to_landing(token)


@blueprint.get("/q/<token>/not-me")
@public_page(SIGNED)
def confirm_not_me(token: str) -> ResponseReturnValue:
    opened = _open(token)
    settled = _settled(opened, token)
    if settled is not None:
        return settled
    page = "not_me" if _is_by_mail(opened) else "not_my_slip"
    return render_template(f"answering/{page}.html", token=token, school_name=opened.school.name)


@blueprint.post("/q/<token>/not-me")
@public_page(SIGNED)
def not_me(token: str) -> ResponseReturnValue:
    opened = _open(token)
    if _settled(opened, token) is None and _is_by_mail(opened):
        tracking.not_me(web.db(), opened.invitation, web.now())
    return _back_to_landing(token)


@blueprint.post("/q/<token>/undo")
@public_page(SIGNED)
def undo(token: str) -> ResponseReturnValue:
    """Take back either no."""
    opened = _open(token)
    if opened.invitation.stopped_reason in TURNED_DOWN:
        tracking.undo_decline(web.db(), opened.invitation, web.now())
    return _back_to_landing(token)
