"""What a command works with: settings, a database for its duration, JSON out, reasons on stderr."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import click
from sqlalchemy.orm import Session

from outreach import migrations
from outreach.database import enter_school, transaction
from outreach.errors import Refusal
from outreach.parts import Parts
from outreach.running.embedded import database_for_command
from outreach.schools.models import School
from outreach.schools.renumbering import find_school
from outreach.settings import Settings, load
from outreach.wiring import wire


class CommandContext:
    """Passed to every command with `@click.pass_obj`; wires the parts when first asked."""

    def __init__(self, click_context: click.Context) -> None:
        self._click = click_context

    @cached_property
    def settings(self) -> Settings:
        return load(os.environ)

    @cached_property
    def parts(self) -> Parts:
        """The running set's parts; where none runs, the database is started for this command."""
        settings = self._click.with_resource(database_for_command(self.settings))
        if settings.is_embedded_database:
            migrations.upgrade_if_empty(settings.database_url)
        parts = wire(settings, pool_size=2)
        self._click.call_on_close(parts.sessions.kw["bind"].dispose)
        return parts

    @contextmanager
    def work(self) -> Iterator[Session]:
        """One transaction: committed if the command ends well."""
        with transaction(self.parts.sessions) as session:
            yield session

    @contextmanager
    def work_in_school(self, urn: str) -> Iterator[tuple[Session, School]]:
        with self.work() as session:
            school = find_school(session, urn)
            if school is None:
                words = f"There is no school with URN {urn}. Add it with `outreach school add`."
                raise Refusal(words)
            if school.urn != urn:
                click.echo(f"URN {urn} is now {school.urn}. Use that from now on.", err=True)
            enter_school(session, school.id)
            yield session, school


def print_json(document: Any) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))
