"""What every page needs: the wired parts, one database session a request, CSRF.

A request's session is committed once, after the view has answered; an error rolls it back.
"""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from ipaddress import ip_address
from typing import Any, cast
from uuid import UUID

from flask import Flask, Response, abort, current_app, g, request, session
from sqlalchemy.orm import Session

from outreach.clock import in_london, long_date
from outreach.database import enter_school
from outreach.parts import Parts

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

CSRF_EXEMPT = {
    "answering.one_click": "RFC 8058: a mail server posts it without cookies; the token is signed",
    "pupils.wonde_hook": "Wonde posts it without cookies; the token in the address is signed",
    "pupils.xporter_hook": "Xporter posts it without cookies; the token in the address is signed",
    "it_team.answer_test": "a scanner's POST is counted, and does nothing else without a token",
    "campaigns.ses_hook": "Amazon SNS posts it without cookies; each message is signed",
    "campaigns.postmark_hook": "Postmark posts it without cookies, with an agreed password",
    "campaigns.mailgun_hook": "Mailgun posts it without cookies; each message is signed",
    "pupils.fresh_hook": "an integrator posts it without cookies; the token is signed",
}
"""Endpoints that take a POST without a CSRF token, each with its reason."""


def parts() -> Parts:
    return cast(Parts, current_app.extensions["outreach"])


def db() -> Session:
    """This request's session, made when it is first asked for. Views never commit."""
    if "db" not in g:
        g.db = parts().sessions()
        if "school_id" in g:
            enter_school(g.db, g.school_id)
    return cast(Session, g.db)


def enter(school_id: UUID) -> None:
    """As `enter_school`, for the session of this request or for the one it may yet ask for."""
    g.school_id = school_id
    if "db" in g:
        enter_school(g.db, school_id)


def now() -> datetime:
    """One instant for the whole request."""
    if "now" not in g:
        g.now = parts().clock()
    return cast(datetime, g.now)


def client_address() -> str:
    """Where this request came from. https stands for a proxy of ours in front (docs/operations.md):
    from this machine or a private network its word is taken, which is the last of X-Forwarded-For;
    whatever stands before it the client may have made up."""
    peer = request.remote_addr or ""
    said = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return said if said and parts().settings.is_https and _is_near(peer) else peer


def _is_near(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return not address  # a Unix socket has none
    return parsed.is_loopback or parsed.is_private


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


def csrf_token() -> str:
    """A token for this browser session: its secret behind a mask that changes with every page, so
    that compression leaks none of it. The secret itself is in the signed cookie and nowhere else."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(16)
    secret = session["csrf"].encode()
    mask = secrets.token_bytes(len(secret))
    return urlsafe_b64encode(mask + _masked(secret, mask)).decode()


def _secret_in(token: str) -> bytes:
    """What `csrf_token` hid, or something else that is compared with it in vain."""
    try:
        hidden = urlsafe_b64decode(token.encode())
    except ValueError:  # what is no base64, and what is no ASCII
        return b""
    half = len(hidden) // 2
    return _masked(hidden[half:], hidden[:half])


def _masked(secret: bytes, mask: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(secret, mask, strict=False))


def refuse_null_characters() -> None:
    """PostgreSQL takes none in text. Answers clean theirs: see `questionnaires.answers`."""
    if request.blueprint == "answering":
        return
    for given in (request.args, request.form):
        if any("\0" in value for values in given.listvalues() for value in values):
            abort(400)


def posted_json(*, is_wanted: bool = True) -> Any:
    """What a program posted, whatever type it says that it is of. What is no JSON is a bad request, or
    where none `is_wanted` nothing; what is nested deeper than any message is always a bad request."""
    try:
        return json.loads(request.get_data())
    except ValueError:
        if is_wanted:
            abort(400)
        return None
    except RecursionError:
        abort(400)


def check_csrf() -> None:
    """Refuse a change whose form was not made by us for this browser session."""
    if request.method in SAFE_METHODS or request.endpoint in CSRF_EXEMPT:
        return
    if request.endpoint is None:
        return  # no such page: 404 will say so
    if not has_csrf_token():
        abort(CsrfFault.code, response=None, description=CsrfFault.description)


def has_csrf_token() -> bool:
    """Whether the form was made by us for this browser session."""
    expected = session.get("csrf")
    given = _secret_in(request.form.get("csrf_token", ""))
    return isinstance(expected, str) and secrets.compare_digest(given, expected.encode())


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
