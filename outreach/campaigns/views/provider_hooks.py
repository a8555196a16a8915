"""Addresses that mail providers call with what became of a mail. Each is off until its setting is given.

They answer alike whether a message is known or not.
"""

import hashlib
import logging
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import abort, request
from flask.typing import ResponseReturnValue
from redis import RedisError

from outreach import web
from outreach.campaigns.bouncing import News, StillUnderWay, Taken, take_news
from outreach.campaigns.return_paths import read_return_path, read_return_token
from outreach.campaigns.returned_mail import count_stranger
from outreach.campaigns.views.blueprint import blueprint
from outreach.mail.hooks import amazon, mailgun, postmark, sns
from outreach.mail.hooks.telling import NotBelieved, Told
from outreach.schools.access import public_page
from outreach.signing import BadToken, TokenSubject

log = logging.getLogger(__name__)

TAKEN = ({"taken": True}, 200)
FORBIDDEN, NOT_FOUND, UNAVAILABLE = 403, 404, 503

P = ParamSpec("P")


def _believing(
    view: Callable[P, ResponseReturnValue],
) -> Callable[P, ResponseReturnValue]:
    """What is not believed is refused, what comes too early is asked to come again."""

    @wraps(view)
    def answer(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        try:
            return view(*args, **kwargs)
        except NotBelieved as why:
            log.warning("a hook was not believed route=%s: %s", request.endpoint, why)
            abort(FORBIDDEN)
        except (StillUnderWay, sns.Unreachable) as why:
            log.warning(
                "a hook is to come again route=%s: %s", request.endpoint, type(why).__name__
            )
            abort(UNAVAILABLE)

    return answer


@blueprint.post("/hooks/ses")
@public_page("Amazon SNS calls it; every message is checked against Amazon's signature")
@_believing
def ses_hook() -> ResponseReturnValue:
    topics = web.parts().settings.ses_topics
    if not topics:
        abort(NOT_FOUND)
    message = sns.verify(web.posted_json(), topics, web.now(), sns.fetch)
    if message.subscribe_url:
        sns.confirm(message, sns.fetch)
        log.info("subscribed to a topic of Amazon's")
    else:
        _take("ses", amazon.read_notice(message.document, message.message_id))
    return TAKEN


@blueprint.post("/hooks/postmark")
@public_page("Postmark calls it with the password that was agreed")
@_believing
def postmark_hook() -> ResponseReturnValue:
    password = web.parts().settings.postmark_hook_password
    if not password:
        abort(NOT_FOUND)
    given = request.authorization
    postmark.check_password(password, given.password if given else None)
    _take("postmark", postmark.read_event(web.posted_json()))
    return TAKEN


@blueprint.post("/hooks/mailgun")
@public_page("Mailgun calls it; every message is checked against its signature")
@_believing
def mailgun_hook() -> ResponseReturnValue:
    key = web.parts().settings.mailgun_hook_key
    if not key:
        abort(NOT_FOUND)
    document = web.posted_json()
    mailgun.check_signature(key, document, web.now())
    told = mailgun.read_event(document)
    _require_own_token(*mailgun.token_and_event(document, told))
    _take("mailgun", told)
    return TAKEN


def _require_own_token(token: bytes, event: bytes) -> None:
    """Mailgun tells an event again with its own token. With another's it is somebody else who tells.
    Without Redis the signature and its time must do. Raises NotBelieved."""
    key = f"outreach:mailgun-token:{token.hex()}"
    try:
        redis = web.parts().redis
        is_new = redis.set(key, event, nx=True, ex=mailgun.TOKEN_LIFETIME)
        known = event if is_new else redis.get(key)
    except RedisError as fault:
        log.warning("tokens of Mailgun's not remembered: %s", type(fault).__name__)
        return
    if known not in (event, None):
        raise NotBelieved("a token that came with another event")


def _take(source: str, told: Told) -> None:
    """The provider's word is good for what happened; which message it is about, only our token says."""
    subject = _subject(told)
    if subject is None:
        count_stranger(web.parts())
        return
    event_id = hashlib.sha256(told.event_id.encode("utf-8", "replace")).hexdigest()[:32]
    news = News(source, event_id, (told.reading,))
    if take_news(web.db(), subject, news, web.now()) is Taken.NOT_OURS:
        count_stranger(web.parts())


def _subject(told: Told) -> TokenSubject | None:
    wired = web.parts()
    try:
        return read_return_token(wired.signer, told.token)
    except BadToken:
        pass
    try:
        return read_return_path(wired.settings, wired.signer, told.return_path)
    except BadToken:
        return None
