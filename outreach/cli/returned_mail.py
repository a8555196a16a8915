"""The processes behind `outreach bounces receive` and `fetch`."""

import asyncio
import logging
import signal
import socket
import threading
from dataclasses import dataclass, field

import click
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from outreach.campaigns.bouncing import StillUnderWay, Taken
from outreach.campaigns.returned_mail import (
    count_stranger,
    is_return_path,
    may_write_to,
    reply_to,
    take_returned,
)
from outreach.cli.context import CommandContext
from outreach.database import NotReady
from outreach.errors import Refusal
from outreach.mail.receiving import Place, Receiver, listen
from outreach.mail.returned_mailbox import (
    Mailbox,
    MailboxTrouble,
    MailTrouble,
    Put,
    Waiting,
    open_mailbox,
)
from outreach.parts import Parts

log = logging.getLogger("outreach.bounces")

MOST_CUT_OFF = 5
"""Mails that break the connection, in one look. With more it is the server that is in trouble."""
NO_DOMAIN = (
    "BOUNCE_DOMAIN is not set, so all mail returns to MAIL_FROM and nothing comes back here. "
    "Set it to a domain whose mail reaches this machine; docs/bounces.md says how."
)
NO_MAILBOX = (
    "BOUNCE_IMAP_URL is not set, so there is no mailbox to look into. "
    "Set it to the mailbox that gets the mail of BOUNCE_DOMAIN."
)


def receive_until_ended(context: CommandContext, host: str, port: int, *, is_lmtp: bool) -> None:
    logging.getLogger().setLevel(logging.INFO)
    if not context.settings.bounce_domain:
        log.warning(NO_DOMAIN)
        _wait_for_the_end()
        return
    wired = context.parts
    source = "lmtp" if is_lmtp else "smtp_in"
    receiver = Receiver(
        is_known=lambda address: may_write_to(wired, address),
        take=lambda address, raw: reply_to(wired, address, raw, source),
    )
    place = Place(host, port, socket.gethostname(), is_lmtp)
    try:
        asyncio.run(_serve(receiver, place))
    except OSError as fault:
        raise Refusal(
            f"Port {port} on {host} cannot be listened on: {fault.strerror}. "
            "Give another by BOUNCE_PORT or --port, or end the program that uses it."
        ) from fault


def _wait_for_the_end() -> None:
    """Whoever starts all that the Procfile names would take an end for a failure, of one or of all."""
    _ended_by_signal().wait()


def _ended_by_signal() -> threading.Event:
    ended = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: ended.set())
    return ended


async def _serve(receiver: Receiver, place: Place) -> None:
    ended = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, ended.set)
    server = await listen(receiver, place)
    log.info("taking returned mail on %s:%s", place.host, place.port)
    await ended.wait()
    server.close()


def fetch_mailbox(context: CommandContext, seconds: int | None) -> None:
    settings = context.settings
    if not settings.bounce_domain:
        raise Refusal(NO_DOMAIN)
    if not settings.bounce_imap_url:
        raise Refusal(NO_MAILBOX)
    if seconds is None:
        click.echo(_in_words(fetch_once(context.parts)))
        return
    logging.getLogger().setLevel(logging.INFO)
    ended = _ended_by_signal()
    while not ended.is_set():
        try:
            log.info(_in_words(fetch_once(context.parts)))
        except Refusal as trouble:
            log.error("%s It is tried again.", trouble.words)
        ended.wait(seconds)


@dataclass
class _Look:
    """One look into the mailbox. `passed_over` are numbers of mails that were in the way, `cut_off`
    counts those that took the connection with them."""

    taken: int = 0
    left: int = 0
    passed_over: set[str] = field(default_factory=set)
    cut_off: int = 0
    has_marked: bool = False
    trouble: MailTrouble | None = None


def fetch_once(parts: Parts) -> tuple[int, int]:
    """How many mails were taken in, and how many were left for a person. A mail that cannot be dealt
    with is said in the log by its number, and the rest goes on. Raises Refusal."""
    look = _Look()
    try:
        while True:
            try:
                with open_mailbox(parts.settings.bounce_imap_url) as mailbox:
                    _empty(parts, mailbox, look)
                break
            except MailTrouble:
                if look.cut_off > MOST_CUT_OFF:
                    raise
        if look.trouble is not None and not look.has_marked:
            raise look.trouble
    except MailboxTrouble as trouble:
        raise Refusal(f"{trouble} Check BOUNCE_IMAP_URL.") from trouble
    except (NotReady, SQLAlchemyError) as fault:
        words = "The database does not answer, so the rest stays in the mailbox."
        raise Refusal(words) from fault
    return look.taken, look.left


def _empty(parts: Parts, mailbox: Mailbox, look: _Look) -> None:
    for uid in mailbox.waiting():
        if uid in look.passed_over:
            continue
        try:
            mail = mailbox.fetch(uid)
            if mail is not None:
                _deal_with(parts, mailbox, mail, look)
        except MailTrouble as trouble:
            log.error("mail %s stays as it is: %s", uid, trouble)
            look.passed_over.add(uid)
            look.trouble = trouble
            if trouble.is_cut_off:
                look.cut_off += 1
                raise
    mailbox.sweep()


def _deal_with(parts: Parts, mailbox: Mailbox, mail: Waiting, look: _Look) -> None:
    try:
        where = Put.AWAY if _is_taken(parts, mail) else Put.ASIDE
    except StillUnderWay:
        return  # as it is: the next look finds it again
    except Exception as fault:
        if _is_outage(fault):
            raise
        log.error("mail %s could not be read and is flagged: %s", mail.uid, type(fault).__name__)
        where = Put.BROKEN
    mailbox.put(mail.uid, where)
    look.has_marked = True
    look.taken, look.left = look.taken + (where is Put.AWAY), look.left + (where is not Put.AWAY)


def _is_outage(fault: Exception) -> bool:
    """Of the database: no mail is to blame for it, and all must wait."""
    if isinstance(fault, DBAPIError) and fault.connection_invalidated:
        return True
    return isinstance(fault, NotReady | OperationalError | InterfaceError | PoolTimeout)


def _is_taken(parts: Parts, mail: Waiting) -> bool:
    """What says nothing about a delivery may be a person's letter: it is left in the mailbox."""
    recipient = next((one for one in mail.addresses if is_return_path(parts, one)), None)
    if recipient is None:
        count_stranger(parts)
        return False
    return take_returned(parts, recipient, mail.raw, "imap") in (Taken.NOTED, Taken.KNOWN)


def _in_words(fetched: tuple[int, int]) -> str:
    return f"Taken in: {fetched[0]}. Left for a person to read: {fetched[1]}."
