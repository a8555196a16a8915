"""The parts that every process works with, wired once: web, worker, schedule and command line."""

from dataclasses import dataclass

from redis import Redis

from outreach.clock import Clock
from outreach.database import Sessions
from outreach.mail.dkim import Dkim
from outreach.pipelining import Express
from outreach.queues import Doorbell
from outreach.settings import Settings
from outreach.signing import TokenSigner
from questionnaires.loading import Library


@dataclass(frozen=True)
class Parts:
    settings: Settings
    sessions: Sessions
    express: Express
    redis: Redis
    doorbell: Doorbell
    signer: TokenSigner
    dkim: Dkim
    library: Library
    clock: Clock
