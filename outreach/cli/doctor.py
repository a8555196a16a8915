"""`outreach doctor`."""

import sys

import click

from outreach.cli.context import CommandContext, print_json
from outreach.doctor import Verdict, examine

MARKS = {Verdict.GOOD: "ok  ", Verdict.NOTE: "note", Verdict.WRONG: "MEND"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def doctor(context: CommandContext, as_json: bool) -> None:
    """Look over this deployment and say what to mend. Exit code 1 if something is wrong."""
    findings = examine(context.parts)
    is_well = all(finding.verdict is not Verdict.WRONG for finding in findings)
    if as_json:
        rows = [
            {"part": row.part, "verdict": row.verdict.value, "words": row.words} for row in findings
        ]
        print_json({"well": is_well, "findings": rows})
    else:
        for row in findings:
            click.echo(f"{MARKS[row.verdict]}  {row.part}: {row.words}")
    if not is_well:
        click.echo("Something needs mending: see the lines marked MEND.", err=True)
        sys.exit(1)


commands = [doctor]
