"""An export as a file of one of three kinds, whole before its first byte leaves.

It is made on disk, so that half a document is never handed over and memory stays as it is.
"""

from contextlib import ExitStack
from datetime import datetime
from enum import Enum
from tempfile import TemporaryFile
from typing import IO
from uuid import UUID

from sqlalchemy.orm import Session

from outreach import audit
from outreach.audit import Actor
from outreach.reports.exporting import (
    Results,
    count_responses,
    results_of,
    results_of_pupil,
    write_csv,
    write_json,
)
from outreach.reports.responses import is_of_campaign, is_of_pupil
from outreach.reports.workbooks import write_workbook
from questionnaires.loading import Library


class Kind(Enum):
    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"

    @property
    def mimetype(self) -> str:
        return {
            Kind.CSV: "text/csv",
            Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Kind.JSON: "application/json",
        }[self]


def record_campaign(
    session: Session, campaign_id: UUID, kind: Kind, actor: Actor, now: datetime
) -> None:
    """That the campaign's responses are about to leave."""
    count = count_responses(session, is_of_campaign(session, campaign_id))
    _record(session, "campaign", campaign_id, kind, count, actor, now)


def record_pupil(session: Session, pupil_id: UUID, kind: Kind, actor: Actor, now: datetime) -> None:
    count = count_responses(session, is_of_pupil(session, pupil_id))
    _record(session, "pupil", pupil_id, kind, count, actor, now)


def _record(
    session: Session,
    subject: str,
    subject_id: UUID,
    kind: Kind,
    responses: int,
    actor: Actor,
    now: datetime,
) -> None:
    detail: dict[str, str | int] = {"format": kind.value, "responses": responses}
    audit.record(session, now, actor, "results.exported", subject, subject_id, **detail)


def campaign_file(
    session: Session, library: Library, campaign_id: UUID, kind: Kind, first: str = ""
) -> IO[bytes]:
    """As `write_file`. Raises NotFound and Refusal as `results_of` does."""
    return write_file(results_of(session, library, campaign_id), kind, first)


def pupil_file(
    session: Session, library: Library, pupil_id: UUID, kind: Kind, first: str = ""
) -> IO[bytes]:
    return write_file(results_of_pupil(session, library, pupil_id), kind, first)


def write_file(results: Results, kind: Kind, first: str = "") -> IO[bytes]:
    """A nameless file on disk, at its beginning; gone when it is closed.

    `first` stands before CSV: a spreadsheet wants a byte order mark, a program does not.
    """
    with ExitStack() as unless_done:
        file: IO[bytes] = unless_done.enter_context(TemporaryFile())
        if kind is Kind.XLSX:
            write_workbook(results, file)
        else:
            if kind is Kind.CSV:
                file.write(first.encode())
            for piece in write_csv(results) if kind is Kind.CSV else write_json(results):
                file.write(piece.encode())
        file.seek(0)
        unless_done.pop_all()
    return file
