"""What every page needs: the wired parts, one database session a request, CSRF.

A request's session is committed once, after the view has answered; an error rolls it back.
"""

import secrets
from datetime import datetime
from typing import cast

from flask import Flask, Response, abort, current_app, g, request, session
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.orm import Session

from outreach.clock import in_london, long_date
from outreach.parts import Parts

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

CSRF_EXEMPT = {
    "answering.one_click": "RFC 8058: a mail server posts it without cookies; the token is signed",
    "pupils.wonde_hook": "Wonde posts it without cookies; the token in the address is signed",
    "pupils.xporter_hook": "Xporter posts it without cookies; the token in the address is signed",
    "pupils.fresh_hook": "an integrator posts it without cookies; the token is signed",
}
"""Endpoints that take a POST without a CSRF token, each with its reason."""


def parts() -> Parts:
    return cast(Parts, current_app.extensions["outreach"])


def db() -> Session:
    """This request's session. Views and what they call never commit."""
    if "db" not in g:
        g.db = parts().sessions()
    return cast(Session, g.db)


def now() -> datetime:
    """One instant for the whole request."""
    if "now" not in g:
        g.now = parts().clock()
    return cast(datetime, g.now)


def commit_request(response: Response) -> Response:
    """A commit that fails is answered by the page for it, as if the view itself had failed."""
    held = g.get("db")
    if held is None or response.status_code >= 500:
        return response
    try:
        held.commit()
    except Exception as fault:
        held.rollback()
        session.modified = False  # no cookie for what was not kept
        return current_app.make_response(current_app.handle_user_exception(fault))
    return response


def roll_back_request() -> None:
    held = g.get("db")
    if held is not None:
        held.rollback()


def close_request(_fault: BaseException | None = None) -> None:
    held = g.pop("db", None)
    if held is not None:
        held.close()


def _csrf_serializer() -> URLSafeTimedSerializer:
    keys = list(reversed(parts().settings.secret_keys))
    return URLSafeTimedSerializer(keys, salt="outreach.csrf")


def csrf_token() -> str:
    """A token for this browser session. It changes with every page, so compression leaks none."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(16)
    return _csrf_serializer().dumps(session["csrf"])


def refuse_null_characters() -> None:
    """PostgreSQL takes none in text. Answers clean theirs: see `questionnaires.answers`."""
    if request.blueprint == "answering":
        return
    for given in (request.args, request.form):
        if any("\0" in value for values in given.listvalues() for value in values):
            abort(400)


def check_csrf() -> None:
    """Refuse a change whose form was not made by us for this browser session."""
    if request.method in SAFE_METHODS or request.endpoint in CSRF_EXEMPT:
        return
    if request.endpoint is None:
        return  # no such page: 404 will say so
    try:
        nonce = _csrf_serializer().loads(request.form.get("csrf_token", ""))
    except BadSignature:
        nonce = None
    expected = session.get("csrf")
    is_known = isinstance(nonce, str) and isinstance(expected, str)
    if not (is_known and secrets.compare_digest(nonce, expected)):
        abort(CsrfFault.code, response=None, description=CsrfFault.description)


class CsrfFault:
    """How the error page tells a stale form from any other bad request."""

    code = 400
    description = "csrf"


def start_fresh_session() -> None:
    """At sign-in, sign-out and Start: nothing of an earlier person or tab is carried over."""
    session.clear()


def init_app(app: Flask) -> None:
    app.before_request(check_csrf)
    app.before_request(refuse_null_characters)
    app.teardown_appcontext(close_request)
    app.jinja_env.globals["csrf_token"] = csrf_token
    app.jinja_env.filters["in_london"] = in_london
    app.jinja_env.filters["long_date"] = long_date
