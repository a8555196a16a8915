"""Says what is wrong with a deployment before a user finds out. Changes nothing, mails nobody."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from enum import Enum
from urllib.parse import urlsplit

from redis.exceptions import RedisError
from rq import Queue, Worker
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from outreach import migrations, tables
from outreach.campaigns.return_paths import sees_returned_mail
from outreach.campaigns.returned_mail import strangers
from outreach.database import APP_ROLE, NotReady, transaction
from outreach.mail.smtp_url import SmtpServer, SmtpUrlFault, parse_smtp_urls
from outreach.mail.transport import Connection, Limits
from outreach.parts import Parts
from outreach.pupils.sources import mapping
from outreach.pupils.sources.ctf_mapping import CtfMapping
from outreach.pupils.sources.mapping import MappingFault, load_mapping, mapping_path
from outreach.pupils.sources.oneroster_mapping import oneroster_mapping
from outreach.pupils.sources.wonde_mapping import wonde_mapping
from outreach.pupils.sources.xporter_mapping import xporter_mapping
from outreach.queues import QUEUES, DueWork, Work

OVERDUE_AFTER = timedelta(minutes=2)
CLOCKS_MAY_DIFFER_BY = timedelta(seconds=5)
WORKER_SILENT_AFTER = timedelta(minutes=10)


MAPPINGS: Mapping[str, Callable[[], object]] = {
    "wonde": wonde_mapping,
    "xporter": xporter_mapping,
    "oneroster": oneroster_mapping,
    "ctf": lambda: load_mapping("ctf", CtfMapping),
}
MANY_FAILURES = 3
FAILING = {
    Work.LAUNCH: "A launch fails again and again",
    Work.DELIVER: "Mail is put off again and again: the mail server could not be used, or the disk with DATA_DIR is full",
    Work.WRITE_BACK: "Some answers cannot be written into pupil profiles",
    Work.CLOSE: "A campaign cannot be closed",
    Work.ACCOUNT_MAIL: "Mail to staff fails again and again",
    Work.SYNC: "A roster cannot be synced",
    Work.DELETE_HELD: "What a school revoked cannot be deleted",
    Work.FORGET_UPLOADS: "Uploaded rosters cannot be deleted",
    Work.FORGET_CODES: "Codes of ended campaigns cannot be deleted",
}
NOTHING_RUNS = "Nothing runs on this DATA_DIR. Start the service with `make run`."


class Verdict(Enum):
    GOOD = "good"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `words` say what is so and, where it is wrong, the mend."""

    part: str
    verdict: Verdict
    words: str


def examine(parts: Parts) -> list[Finding]:
    """Every check, in the order in which a mend should be made."""
    findings = [*_check_settings(parts), *_check_data_dir(parts), *_check_mappings()]
    for part, check in (
        ("database", _check_database),
        ("queue", _check_queue),
        ("mail server", _check_mail_server),
        ("signature", _check_signing),
        ("returned mail", _check_returned_mail),
    ):
        findings += _guarded(part, check, parts)
    return findings


def _guarded(part: str, check: Callable[[Parts], Iterator[Finding]], parts: Parts) -> list[Finding]:
    try:
        return list(check(parts))
    except NotReady as fault:
        return [Finding(part, Verdict.WRONG, fault.words)]
    except DBAPIError:
        words = "PostgreSQL does not answer. Check DATABASE_URL, and that the server runs."
        return [Finding(part, Verdict.WRONG, words)]
    except RedisError as fault:
        if parts.settings.is_embedded_redis:
            return [Finding(part, Verdict.WRONG, NOTHING_RUNS)]
        words = (
            f"Redis does not answer ({type(fault).__name__}). Check REDIS_URL, and that it runs. "
            "Nothing is lost meanwhile, but no mail leaves."
        )
        return [Finding(part, Verdict.WRONG, words)]


def _check_settings(parts: Parts) -> Iterator[Finding]:
    settings = parts.settings
    if settings.is_public and not settings.is_https:
        words = (
            "PUBLIC_URL is not https: answers would cross the network in the clear, and cookies "
            "cannot be Secure. Put the service behind TLS and give the https address."
        )
        yield Finding("settings", Verdict.WRONG, words)
    else:
        yield Finding("settings", Verdict.GOOD, f"Links lead to {settings.public_url}.")
    sender = parseaddr(settings.mail_from)[1].rpartition("@")[2].lower()
    link = (urlsplit(settings.public_url).hostname or "").lower()
    if settings.is_public and not _share_a_domain(sender, link):
        words = (
            f"Mail comes from {sender}, links lead to {link}: filters trust a link more when both "
            "share a domain, and the school's IT team has two to allow."
        )
        yield Finding("settings", Verdict.NOTE, words)


def _share_a_domain(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _check_data_dir(parts: Parts) -> Iterator[Finding]:
    folder = parts.settings.data_dir
    if not os.access(folder, os.W_OK | os.X_OK):
        words = f"DATA_DIR {folder} cannot be written to. Workers keep the record of each hand-over there."
        yield Finding("data folder", Verdict.WRONG, words)
    else:
        yield Finding("data folder", Verdict.GOOD, "DATA_DIR can be written to.")


def _check_mappings() -> Iterator[Finding]:
    """Of information systems: an operator's own copy is read by the next sync, and not before."""
    for name, load in MAPPINGS.items():
        try:
            load()
        except MappingFault as fault:
            words = f"{fault.words} No roster is read from there until it is mended."
            yield Finding("mapping files", Verdict.WRONG, words)
        else:
            if mapping_path(name).parent != mapping.FOLDER:
                words = f"{mapping_path(name)} takes the place of ours, and can be read."
                yield Finding("mapping files", Verdict.NOTE, words)


def _check_database(parts: Parts) -> Iterator[Finding]:
    started = time.perf_counter()
    with transaction(parts.sessions) as session:
        at, newest = migrations.revision_of(session.connection()), migrations.newest_revision()
        if at != newest:
            words = f"The tables are at revision {at}, this version needs {newest}. Run `outreach db upgrade`."
            yield Finding("database", Verdict.WRONG, words)
            return
        milliseconds = (time.perf_counter() - started) * 1000
        yield Finding(
            "database", Verdict.GOOD, f"Answers, tables are up to date ({milliseconds:.0f} ms)."
        )
        yield from _check_isolation(session)
        apart = abs(session.execute(select(func.now())).scalar_one() - parts.clock())
        if apart > CLOCKS_MAY_DIFFER_BY:
            words = f"This machine's clock and the database's differ by {apart.total_seconds():.0f} s. Set both by NTP."
            yield Finding("database", Verdict.WRONG, words)
        yield from _check_overdue(parts, session)
        yield from _check_failing(session)


def _check_isolation(session: Session) -> Iterator[Finding]:
    role, login = session.execute(text("SELECT current_user, session_user")).one()
    if role != APP_ROLE:
        words = f"Statements run as {role}, not as {APP_ROLE}, so schools are not kept apart. Run `outreach db upgrade`."
        yield Finding("isolation", Verdict.WRONG, words)
        return
    forced = set(
        session.scalars(
            text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        )
    )
    bare = sorted({table.name for table in tables.tenant_tables()} - forced)
    if bare:
        words = f"Row-level security is off for {', '.join(bare)}. Run `outreach db upgrade`."
        yield Finding("isolation", Verdict.WRONG, words)
        return
    yield Finding("isolation", Verdict.GOOD, "Schools are kept apart by row-level security.")
    is_strong = session.scalar(
        text(
            "SELECT rolsuper OR rolbypassrls OR EXISTS (SELECT 1 FROM pg_class c WHERE "
            "c.relowner = r.oid AND c.relname = 'school') FROM pg_roles r WHERE rolname = :login"
        ),
        {"login": login},
    )
    words = (
        "DATABASE_URL logs in as the owner of the tables. A stolen password would open every "
        "school: give `db upgrade` its own DATABASE_MIGRATION_URL and let DATABASE_URL be a weak log-in."
        if is_strong
        else "DATABASE_URL is a weak log-in: a stolen password opens no more than the service does."
    )
    yield Finding("isolation", Verdict.NOTE if is_strong else Verdict.GOOD, words)


def _check_overdue(parts: Parts, session: Session) -> Iterator[Finding]:
    since = parts.clock() - OVERDUE_AFTER
    overdue = session.scalar(
        select(func.count()).select_from(DueWork).where(DueWork.due_at < since)
    )
    if overdue:
        words = (
            f"{overdue} pieces of work have been due for over two minutes. "
            "Check that `outreach worker` and `outreach schedule` run, and that the mail server answers."
        )
        yield Finding("work", Verdict.WRONG, words)
    else:
        yield Finding("work", Verdict.GOOD, "No work is overdue.")


def _check_failing(session: Session) -> Iterator[Finding]:
    """Work that was put off again and again: not overdue, and not getting anywhere."""
    for kind, schools in session.execute(
        select(DueWork.kind, func.count())
        .where(DueWork.failures >= MANY_FAILURES)
        .group_by(DueWork.kind)
    ):
        words = (
            f"{FAILING[kind]} ({schools} school{'s' if schools > 1 else ''}). "
            "Look at what the workers logged."
        )
        yield Finding("work", Verdict.WRONG, words)


def _check_queue(parts: Parts) -> Iterator[Finding]:
    parts.redis.ping()
    yield Finding("queue", Verdict.GOOD, "Redis answers.")
    now = parts.clock()
    listening: set[str] = set()
    for worker in Worker.all(connection=parts.redis):
        seen = worker.last_heartbeat
        if seen is not None and now - seen.astimezone(now.tzinfo) < WORKER_SILENT_AFTER:
            listening |= set(worker.queue_names())
    deaf = [name for name in QUEUES if name not in listening]
    if deaf:
        words = f"No worker listens to {', '.join(deaf)}. Start `outreach worker`."
        yield Finding("workers", Verdict.WRONG, words)
    else:
        waiting = sum(Queue(name, connection=parts.redis).count for name in QUEUES)
        words = f"Workers listen to every queue; {waiting} bells waiting."
        yield Finding("workers", Verdict.GOOD, words)


def _check_mail_server(parts: Parts) -> Iterator[Finding]:
    try:
        servers = parse_smtp_urls(parts.settings.smtp_url)
    except SmtpUrlFault as fault:
        yield Finding("mail server", Verdict.WRONG, str(fault))
        return
    for server in servers:
        yield _try_mail_server(parts, server, has_others=len(servers) > 1)


def _try_mail_server(parts: Parts, server: SmtpServer, *, has_others: bool) -> Finding:
    connection = Connection(server, limits=Limits(connect_seconds=5, reply_seconds=10))
    trouble = connection.try_to_open()
    connection.close()
    if trouble is not None and parts.settings.is_embedded_mail:
        return Finding("mail server", Verdict.WRONG, NOTHING_RUNS)
    if trouble is None:
        return Finding("mail server", Verdict.GOOD, f"{server.place} takes our log-in.")
    meanwhile = "Mail goes by the other accounts that answer." if has_others else "Mail waits."
    words = f"{server.place} cannot be used: {trouble.words} Check SMTP_URL. {meanwhile}"
    return Finding("mail server", Verdict.WRONG, words)


def _check_signing(parts: Parts) -> Iterator[Finding]:
    selector, domain = parts.dkim.selector, parts.dkim.domain
    if selector is None:
        words = (
            "Mail is not signed here (DKIM). Schools' filters want it signed: let the mail server "
            "sign it, or give DKIM_KEYS."
        )
        yield Finding("signature", Verdict.NOTE, words)
        return
    words = f"Mail is signed for {domain} under {selector}: {selector}._domainkey.{domain} must show its key."
    yield Finding("signature", Verdict.GOOD, words)


def _check_returned_mail(parts: Parts) -> Iterator[Finding]:
    if not sees_returned_mail(parts.settings):
        words = (
            "Mail that comes back is not seen here: it returns to MAIL_FROM. Give BOUNCE_DOMAIN, or "
            "the setting of a provider's webhook; docs/bounces.md says how."
        )
        yield Finding("returned mail", Verdict.NOTE, words)
        return
    words = (
        "Mail that comes back is taken in where it comes to a signed return path. In the last seven "
        f"days {strangers(parts)} mails came to none, and were not believed."
    )
    yield Finding("returned mail", Verdict.GOOD, words)
