"""The code page: what a student types from a slip, and the first page of the link it stands for."""

from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.answering.blueprint import SEE_OTHER, UNPROCESSABLE, blueprint, spoken
from outreach.answering.speaking import all_words
from outreach.campaigns.code_keys import CodeKeys
from outreach.campaigns.code_looking_up import NoLink, look_up
from outreach.campaigns.code_tries import guesser
from outreach.campaigns.links import link_token
from outreach.schools.access import public_page
from questionnaires.languages import offered

FOR_ANYBODY = "a student types the code of their slip here; it names nobody"
TOO_MANY_REQUESTS = 429


@blueprint.get("/code")
@public_page(FOR_ANYBODY)
def ask_code() -> ResponseReturnValue:
    return _page()


@blueprint.post("/code")
@public_page(FOR_ANYBODY)
def take_code() -> ResponseReturnValue:
    """Leads to the link's first page, where nothing has begun yet. The code is kept nowhere."""
    say, typed = spoken(), request.form.get("code", "")
    if not typed.strip():
        return _page(say("code_missing")), UNPROCESSABLE
    parts = web.parts()
    keys = CodeKeys(parts.settings.secret_keys)
    who = guesser(keys, web.client_address(), session.get("csrf", ""))
    found = look_up(web.db(), keys, typed, who, web.now())
    if found is NoLink.TOO_OFTEN:
        return render_template("answering/code_too_often.html"), TOO_MANY_REQUESTS
    if isinstance(found, NoLink):
        return _page(say("code_wrong"), typed), UNPROCESSABLE
    token = link_token(parts.signer, found.school_key, found.link_id)
    language = request.args.get("language")
    return redirect(url_for("answering.landing", token=token, language=language), SEE_OTHER)


@blueprint.get("/code/ended")
@public_page("says only that a slip has ended")
def slip_ended() -> ResponseReturnValue:
    return render_template("answering/slip_ended.html")


def _page(error: str | None = None, typed: str = "") -> str:
    say = spoken()
    return render_template(
        "answering/code.html",
        languages=[offered(one.language, is_by_a_person=one.is_by_a_person) for one in all_words()],
        language=say.language,
        typed=typed,
        errors={"code": error} if error else {},
    )
