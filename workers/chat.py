"""Posts what is due of one school's news to its chat channels, a piece at a time."""

import logging
import time
from uuid import UUID

from outreach import queues
from outreach.campaigns.chat.channels import sealer_of
from outreach.campaigns.chat.posting import Message, Outcome, Posted, post
from outreach.campaigns.chat.telling import claim_news, record, tells_at_earliest
from outreach.database import transaction
from outreach.errors import Refusal
from outreach.parts import Parts
from outreach.queues import Work
from workers.parts import parts

log = logging.getLogger(__name__)

BUDGET_SECONDS = 30.0
"""A chat that is slow must not keep a worker from mail for long."""


def run(school_id: str) -> None:
    wired, school = parts(), UUID(school_id)
    deadline = time.monotonic() + BUDGET_SECONDS
    while time.monotonic() < deadline and _post_one(wired, school):
        pass
    with transaction(wired.sessions, school) as session:
        queues.settle_due(
            session, school, Work.CHAT, lambda: tells_at_earliest(session), wired.clock()
        )


def _post_one(wired: Parts, school: UUID) -> bool:
    """The intent is committed before anything leaves. False where nothing was due."""
    with transaction(wired.sessions, school) as session:
        claimed = claim_news(session, wired.clock())
    if claimed is None:
        return False
    news, channel, said = claimed
    message = Message(said.title, said.text, f"{wired.settings.public_url}{said.link}")
    try:
        address = sealer_of(wired.settings.secret_keys).open(channel.sealed_address)
    except Refusal:
        words = "Its address was stored under a key that is gone. Add the channel again."
        outcome = Outcome(Posted.REFUSED, words)
    else:
        outcome = post(channel.kind, address, message)
    with transaction(wired.sessions, school) as session:
        record(session, news.id, outcome, wired.clock())
    log.info("chat news %s id=%s", outcome.posted.value, news.id)
    return True
