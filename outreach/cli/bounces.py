"""`outreach bounces`."""

import json
import sys
from pathlib import Path
from typing import Any

import click

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
