"""Exports as text: one column a question and a score, and nothing a spreadsheet would run."""

import csv
import io
import json
from datetime import UTC, datetime
from uuid import UUID

import yaml
from python_calamine import CalamineWorkbook

from outreach.profiles.fields import score_fields
from outreach.reports.exporting import ResultRow, Results, write_csv, write_json
from outreach.reports.workbooks import write_workbook
from questionnaires.answers import Value, to_json
from questionnaires.loading import load_text
from questionnaires.model import Questionnaire
from questionnaires.scoring import score
from tests.unit.questionnaires.tiny import FOLDER, GCSE, tiny

SUBMITTED = datetime(2026, 11, 21, 9, 14, tzinfo=UTC)


def row(definition: Questionnaire, answers: dict[str, Value], *, mis_id: str = "M1") -> ResultRow:
    scores = score(definition, answers)
    return ResultRow(
        upn=None,
        mis_id=mis_id,
        response=UUID(int=1),
        submitted_at=SUBMITTED,
        questionnaire=definition.id,
        version=definition.version,
        campaign=UUID(int=2),
        superseded_at=None,
        answers={key: to_json(value) for key, value in answers.items()},
        scores=scores,
        fields=score_fields(definition, scores),
    )


def read_csv(definition: Questionnaire, *rows: ResultRow) -> list[dict[str, str]]:
    return list(
        csv.DictReader(
            io.StringIO("".join(write_csv(Results((definition,), iter(rows)))), newline="")
        )
    )


def test_an_identifier_that_looks_like_a_formula_is_made_safe() -> None:
    (line,) = read_csv(GCSE, row(GCSE, {}, mis_id='=HYPERLINK("http://x")'))

    assert line["mis_id"] == '\'=HYPERLINK("http://x")'


def test_skipped_and_not_asked_stand_apart() -> None:
    (line,) = read_csv(tiny("profile"), row(tiny("profile"), {"next": None}))

    assert line["next"] == "(skipped)"
    assert line["certain"] == ""


def test_several_choices_share_a_cell() -> None:
    (line,) = read_csv(tiny("profile"), row(tiny("profile"), {"liked": ("sport", "health")}))

    assert line["liked"] == "sport;health"


def test_every_question_and_every_score_has_its_column() -> None:
    (line,) = read_csv(GCSE, row(GCSE, {"ideas_have_one": "definitely"}))

    assert {"destination_intended", "readiness", "block.essential_skills"} <= set(line)
    assert line["construct.ideas"] == "100.0"
    assert line["skill.listening"] == ""


def test_the_json_is_one_document_however_many_rows_it_has() -> None:
    for count in (0, 1, 3):
        text = "".join(write_json(Results((GCSE,), iter([row(GCSE, {})] * count))))

        assert len(json.loads(text)["results"]) == count


def test_labels_longer_than_a_cell_are_shortened_where_a_workbook_explains_them() -> None:
    definition = yaml.safe_load((FOLDER / "choice.yaml").read_text("utf-8"))
    question = definition["sections"][0]["questions"][0]
    question.pop("scale", None)
    question["options"] = [
        {"value": f"v{n}", "label": {"en": f"{n:02}" + "x" * 998}} for n in range(40)
    ]
    longest = load_text(yaml.safe_dump(definition).encode())
    file = io.BytesIO()

    write_workbook(Results((longest,), iter([row(longest, {})])), file)

    file.seek(0)
    sheet = CalamineWorkbook.from_filelike(file).get_sheet_by_name("Explained").to_python()
    [explained] = [one[4] for one in sheet if one[0] == question["id"]]
    assert isinstance(explained, str)
    assert explained.startswith("v0 = 00x")
    assert explained.endswith("x…")
    assert len(explained) == 32_767
