"""`outreach bounces`: reading one mail, and the two ways in which mail that came back is taken in."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from outreach.cli.context import CommandContext
from outreach.cli.returned_mail import fetch_mailbox, receive_until_ended
from outreach.errors import Refusal
from outreach.mail import bounces as reading_bounces
from outreach.mail.bounces import Reading
from outreach.mail.bounces.unpacking import LONGEST


@click.group()
def bounces() -> None:
    """Mail that came back."""


@bounces.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="As JSON, for a program.")
def explain(file: Path, as_json: bool) -> None:
    """Say what the service reads from a raw mail, as it came (headers too), and act on nothing.

    FILE is one mail, such as a .eml file; - reads from standard input.
    """
    reading = reading_bounces.read(_raw(file))
    if as_json:
        written = json.dumps(_document(reading), ensure_ascii=False, indent=2)
        click.echo(written.encode(errors="replace"))  # UTF-8, whatever the terminal's own is
    else:
        click.echo(reading_bounces.words_of(reading))


@bounces.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=int, help="The port, in place of BOUNCE_PORT.")
@click.option("--lmtp", is_flag=True, help="Speak LMTP, with a mail server of your own beside it.")
@click.pass_obj
def receive(context: CommandContext, host: str, port: int | None, lmtp: bool) -> None:
    """Take mail for BOUNCE_DOMAIN until told to end.

    Only what comes to a return path that this service has signed is taken.
    """
    receive_until_ended(context, host, port or context.settings.bounce_port, is_lmtp=lmtp)


@bounces.command()
@click.option(
    "--every", "seconds", type=click.IntRange(min=5), help="Go on, with so many seconds between."
)
@click.pass_obj
def fetch(context: CommandContext, seconds: int | None) -> None:
    """Take in what the mailbox BOUNCE_IMAP_URL holds, and delete it there.

    What came to no return path of ours is left for a person, marked as read.
    """
    fetch_mailbox(context, seconds)


def _raw(file: Path) -> bytes:
    """Only as much as will be read."""
    if str(file) == "-":
        return sys.stdin.buffer.read(LONGEST)
    try:
        with file.open("rb") as opened:
            return opened.read(LONGEST)
    except OSError as fault:
        reason = fault.strerror or "it cannot be opened"
        words = f"{file} could not be read: {reason}. Give the path of one mail saved as a file."
        raise Refusal(words) from None


def _document(reading: Reading) -> dict[str, Any]:
    return {
        "kind": reading.kind.value,
        "verdict": reading.verdict.value if reading.verdict else None,
        "reason": reading.reason,
        "status": reading.status,
        "recipient": reading.recipient,
        "words": reading_bounces.words_of(reading),
    }


commands: list[click.Command] = [bounces]
