"""Puts the parts together, once per process: web, worker, schedule and command line alike."""

from email.utils import parseaddr

import redis
from sqlalchemy import event

from outreach import clock
from outreach.database import make_engine, make_sessions
from outreach.mail.addresses import domain_of
from outreach.mail.dkim import Dkim
from outreach.parts import Parts
from outreach.pipelining import Express
from outreach.queues import Doorbell, attach_doorbell, connect_redis
from outreach.settings import Settings
from outreach.signing import TokenSigner
from outreach.switching_off import attach_wait
from questionnaires.loading import load_library


def wire(settings: Settings, *, pool_size: int = 10) -> Parts:
    engine = make_engine(settings.database_url, pool_size=pool_size)
    sessions, express = make_sessions(engine), Express(settings.database_url, pool_size=pool_size)
    event.listen(engine, "engine_disposed", lambda _engine: express.close())
    connection: redis.Redis = connect_redis(settings.redis_url)
    doorbell = Doorbell(connection)
    attach_doorbell(sessions, doorbell)
    attach_wait(sessions)
    return Parts(
        settings=settings,
        sessions=sessions,
        express=express,
        redis=connection,
        doorbell=doorbell,
        signer=TokenSigner(settings.secret_keys),
        dkim=Dkim(domain_of(parseaddr(settings.mail_from)[1]), settings.dkim_keys),
        library=load_library(),
        clock=clock.now,
    )
