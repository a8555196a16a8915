"""What comes with the roster form: a file chosen now or kept from the last press, and its columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from outreach.errors import Refusal
from outreach.pupils.roster.uploads import Upload, find_upload
from outreach.pupils.sources.columns import MOST_COLUMNS, ColumnChoice
from outreach.pupils.sources.previewing import headings_of
from outreach.pupils.sources.records import Field
from outreach.pupils.sync.sealing import Sealer

COLUMN = "column-"
CHOOSE = "Choose the roster file to check or import."
GONE = "The file is not kept here any more: it is for an hour after a check. Choose it again."


@dataclass(frozen=True)
class ReceivedFile:
    """`kept` is the upload that the content comes from; None where it was chosen now."""

    name: str
    content: bytes = field(repr=False)
    kept: Upload | None
    columns: ColumnChoice | None


def receive_file(
    session: Session,
    sealer: Sealer,
    staff_id: UUID,
    chosen: FileStorage | None,
    form: Mapping[str, str],
    now: datetime,
) -> ReceivedFile:
    """Raises Refusal where there is none. A new file comes before the kept one.

    The choice of columns made for the kept file holds for a new one with the same headings, so
    that a corrected file needs no second choosing.
    """
    columns = _read_columns(form)
    kept = _find_kept(session, sealer, staff_id, form, now)
    if chosen is not None and chosen.filename:
        content = chosen.read()
        if columns and not (kept and headings_of(kept.content) == headings_of(content)):
            columns = None
        return ReceivedFile(chosen.filename, content, None, columns)
    if kept is None:
        raise Refusal(GONE if form.get("upload") else CHOOSE)
    return ReceivedFile(kept.name, kept.content, kept, columns)


def _find_kept(
    session: Session, sealer: Sealer, staff_id: UUID, form: Mapping[str, str], now: datetime
) -> Upload | None:
    try:
        upload_id = UUID(form.get("upload", ""))
    except ValueError:
        return None
    return find_upload(session, sealer, staff_id, upload_id, now)


def _read_columns(form: Mapping[str, str]) -> ColumnChoice | None:
    """None where the page asked for none."""
    chosen = {key: value for key, value in form.items() if key.startswith(COLUMN)}
    try:
        choice = {
            int(key.removeprefix(COLUMN)): Field(value) if value else None
            for key, value in chosen.items()
        }
    except ValueError:
        choice = {MOST_COLUMNS: None}
    if any(not 0 <= place < MOST_COLUMNS for place in choice):
        raise Refusal("The choice of columns did not arrive whole. Check the file again.")
    return choice or None
