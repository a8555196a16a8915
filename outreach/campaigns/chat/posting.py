"""Posting one message to an incoming webhook, at most once, and saying what became of it.

Slack and Google Chat take {"text"}; a Microsoft Teams workflow takes an Adaptive Card. Nothing here
logs the address: whoever has it may post. The address must lead to the public internet at the
moment of posting; redirects are not followed, and a slow answer is cut off.
"""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)

from outreach.campaigns.chat.models import ChatKind
from outreach.pupils.sources.http import retry_after
from outreach.pupils.sources.sockets import NotPublic, Watch, pool_of
from outreach.pupils.sources.web_address import read_base, target_of

CONNECT_SECONDS, WHOLE_SECONDS = 5.0, 15.0
MOST_READ = 64 * 1024
_NOT_NOW = frozenset({408, 425, 429, 503})


class Posted(Enum):
    """`NOT_NOW`: it was not taken, and may be tried again. `UNKNOWN`: it may have been posted."""

    DONE = "done"
    NOT_NOW = "not_now"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outcome:
    posted: Posted
    words: str = ""
    wait_seconds: float | None = None


@dataclass(frozen=True)
class Message:
    """`link` is a page of ours behind a sign-in."""

    title: str
    text: str
    link: str


def post(
    kind: ChatKind, address: str, message: Message, *, may_be_private: bool = False
) -> Outcome:
    """`may_be_private` is for a chat of the operator's own network, and for tests."""
    try:
        base = read_base(address)
        target = target_of(base, address)
    except ValueError:
        return Outcome(Posted.REFUSED, "The address is none. Add the channel again.")
    if not may_be_private and not base.is_https:
        return Outcome(Posted.REFUSED, NOT_PUBLIC)
    watch = Watch()
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=WHOLE_SECONDS)
    pool = pool_of(
        base.scheme, base.host, base.port, watch, timeout, must_be_public=not may_be_private
    )
    try:
        with watch.of_seconds(WHOLE_SECONDS):
            return _ask(pool, target, json.dumps(body_for(kind, message)).encode())
    except (HTTPError, OSError) as fault:
        return _became_of(fault)
    finally:
        pool.close()


def _became_of(fault: Exception) -> Outcome:
    """By kind alone: an error's own text can hold the address."""
    if isinstance(fault, NotPublic):
        return Outcome(Posted.REFUSED, NOT_PUBLIC)
    if isinstance(fault, ConnectTimeoutError | NameResolutionError | NewConnectionError):
        return Outcome(Posted.NOT_NOW, "The chat could not be reached.")
    if isinstance(fault, SSLError):
        return Outcome(Posted.NOT_NOW, "The chat’s certificate could not be trusted.")
    return Outcome(Posted.UNKNOWN, "The chat broke off or was too slow before it answered.")


NOT_PUBLIC = "The address does not lead to the public internet. Add the channel with another."


def _ask(pool: urllib3.HTTPConnectionPool, target: str, body: bytes) -> Outcome:
    answer = pool.request(
        "POST",
        target,
        body=body,
        headers={"Content-Type": "application/json", "User-Agent": "outreach"},
        redirect=False,
        preload_content=False,
    )
    try:
        answer.read(MOST_READ)
    finally:
        answer.close()
    if 200 <= answer.status < 300:
        return Outcome(Posted.DONE)
    if answer.status in _NOT_NOW:
        words = f"The chat asked us to come back later ({answer.status})."
        return Outcome(Posted.NOT_NOW, words, retry_after(answer.headers))
    if answer.status in (401, 403, 404, 410):
        words = f"The chat does not know the address any more ({answer.status}). Add it again."
        return Outcome(Posted.REFUSED, words)
    if answer.status >= 500:
        return Outcome(Posted.UNKNOWN, f"The chat had a fault of its own ({answer.status}).")
    return Outcome(Posted.REFUSED, f"The chat would not take it ({answer.status}).")


def body_for(kind: ChatKind, message: Message) -> dict[str, Any]:
    """What each chat takes. No text of ours is read as markup: what could be is escaped."""
    if kind is ChatKind.TEAMS:
        return _card(message)
    if kind is ChatKind.SLACK:
        title, text = _for_slack(message.title), _for_slack(message.text)
        return {"text": f"*{title}*\n{text}\n<{message.link}|Open in the service>"}
    title, text = _plain(message.title), _plain(message.text)
    return {"text": f"*{title}*\n{text}\n<{message.link}|Open in the service>"}


def _card(message: Message) -> dict[str, Any]:
    title = {"type": "TextBlock", "text": _plain(message.title), "weight": "Bolder", "wrap": True}
    text = {"type": "TextBlock", "text": _plain(message.text), "wrap": True}
    opens = {"type": "Action.OpenUrl", "title": "Open in the service", "url": message.link}
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [title, text],
        "actions": [opens],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}


def _for_slack(text: str) -> str:
    """Slack's own three, and the marks of its formatting."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _without_marks(escaped)


def _plain(text: str) -> str:
    return _without_marks(text.replace("<", "‹").replace(">", "›"))


def _without_marks(text: str) -> str:
    """What makes bold, links or mentions of a name that staff typed."""
    return "".join(" " if mark in "*_~`[]@|" else mark for mark in text)
