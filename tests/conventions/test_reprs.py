"""What is printed of a record in a log or a traceback shows no secret, no file and no pupil."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import outreach
from outreach.pupils.roster.form import ReceivedFile
from outreach.pupils.roster.uploads import Upload
from outreach.pupils.sources.http import Answer
from outreach.pupils.sources.oneroster_tokens import _Token
from outreach.pupils.sources.records import CellFault, Field, RejectedPupil
from outreach.pupils.sources.source import Access, Leaver, SourcePage, SourcePupil
from outreach.pupils.sync.models import SourceKind

FOLDER = Path(outreach.__file__).parent
INVENTED = {"practice", "demo"}
"""Rooms whose people and secrets are made up."""
HIDDEN = {
    "secret",
    "secret_keys",
    "password",
    "token",
    "content",
    "cells",
    "document",
    "body",
    "html",
    "upn",
    "mis_id",
}
MARK = "hush"


def hidden_fields() -> Iterator[tuple[str, ast.ClassDef, ast.AnnAssign]]:
    for path in FOLDER.rglob("*.py"):
        if path.relative_to(FOLDER).parts[0] in INVENTED:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ClassDef) or not any(map(is_dataclass_mark, marks(node))):
                continue
            for part in node.body:
                if isinstance(part, ast.AnnAssign) and ast.unparse(part.target) in HIDDEN:
                    yield f"{path.relative_to(FOLDER)}:{part.lineno}", node, part


def marks(node: ast.ClassDef) -> list[str]:
    return [ast.unparse(mark) for mark in node.decorator_list]


def is_dataclass_mark(mark: str) -> bool:
    return mark.partition("(")[0] == "dataclass"


def test_no_dataclass_prints_a_secret_a_file_or_whom_a_record_is_of() -> None:
    found = list(hidden_fields())

    assert len(found) >= 12
    for where, owner, part in found:
        is_hidden = part.value is not None and "repr=False" in ast.unparse(part.value)
        assert is_hidden or any("repr=False" in mark for mark in marks(owner)), where


def test_what_is_printed_of_a_roster_on_its_way_shows_nothing_of_it() -> None:
    pupil = SourcePupil({Field.FORENAME: MARK})
    moment = datetime(2026, 11, 25, tzinfo=UTC)
    upload = Upload(UUID(int=1), "roster.csv", MARK.encode(), moment)
    printed = [
        pupil,
        SourcePage([pupil], None, gone=[MARK]),
        Leaver(MARK, None),
        Access(SourceKind.WONDE, "A1", MARK, callback_url=MARK),
        Answer(200, {"forename": MARK}, {}),
        _Token(MARK, moment),
        upload,
        ReceivedFile("roster.csv", MARK.encode(), upload, None),
        CellFault(2, "Forename", MARK, "It is too long."),
        RejectedPupil(MARK, MARK),
    ]

    for one in printed:
        assert MARK not in repr(one)
