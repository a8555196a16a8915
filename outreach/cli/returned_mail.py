"""The processes behind `outreach bounces receive` and `fetch`."""

import asyncio
import logging
import signal
import socket
import threading

import click
from sqlalchemy.exc import SQLAlchemyError

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
from outreach.mail.returned_mailbox import Mailbox, MailboxTrouble, Put, Waiting, open_mailbox
from outreach.parts import Parts

log = logging.getLogger("outreach.bounces")

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


def fetch_once(parts: Parts) -> tuple[int, int]:
    """How many mails were taken in, and how many were left for a person. Raises Refusal."""
    try:
        with open_mailbox(parts.settings.bounce_imap_url) as mailbox:
            return _empty(parts, mailbox)
    except MailboxTrouble as trouble:
        raise Refusal(f"{trouble} Check BOUNCE_IMAP_URL.") from trouble
    except (NotReady, SQLAlchemyError) as fault:
        words = "The database does not answer, so the rest stays in the mailbox."
        raise Refusal(words) from fault


def _empty(parts: Parts, mailbox: Mailbox) -> tuple[int, int]:
    taken = left = 0
    for mail in mailbox.waiting():
        try:
            is_taken = _is_taken(parts, mail)
        except StillUnderWay:
            continue  # as it is: the next look finds it again
        mailbox.put(mail, Put.AWAY if is_taken else Put.ASIDE)
        taken, left = taken + is_taken, left + (not is_taken)
    mailbox.sweep()
    return taken, left


def _is_taken(parts: Parts, mail: Waiting) -> bool:
    """What says nothing about a delivery may be a person's letter: it is left in the mailbox."""
    recipient = next((one for one in mail.addresses if is_return_path(parts, one)), None)
    if recipient is None:
        count_stranger(parts)
        return False
    return take_returned(parts, recipient, mail.raw, "imap") in (Taken.NOTED, Taken.KNOWN)


def _in_words(fetched: tuple[int, int]) -> str:
    return f"Taken in: {fetched[0]}. Left for a person to read: {fetched[1]}."
