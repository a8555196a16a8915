"""How a command hands over an export: which kinds there are, and the way out."""

import shutil
import sys
from typing import IO

import click

from outreach.reports.export_files import Kind

kind_option = click.option(
    "--format", "kind", type=click.Choice([kind.value for kind in Kind]), required=True
)


def hand_over(made: IO[bytes], kind: Kind) -> None:
    """To standard output, whole. No byte order mark: this is for programs."""
    with made:
        if kind is Kind.XLSX and sys.stdout.isatty():
            raise click.UsageError(
                "A workbook is not for a terminal. Send it to a file: … > results.xlsx"
            )
        shutil.copyfileobj(made, sys.stdout.buffer)
