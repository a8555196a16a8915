"""How long an export takes and how much memory: python -m tests.load.export_rate [RESPONSES].

Rows are made in this process, so that the figures are of reading, scoring and writing, without the
database's share.
"""

import random
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

from outreach.profiles.fields import score_fields
from outreach.reports.export_files import Kind, write_file
from outreach.reports.exporting import ResultRow, Results
from questionnaires.answers import Value, to_json
from questionnaires.loading import load_library
from questionnaires.model import ChoiceQuestion, Questionnaire
from questionnaires.path import walk
from questionnaires.scoring import score

SENT = datetime(2026, 11, 21, 9, 14, tzinfo=UTC)


def rows(definition: Questionnaire, count: int) -> Iterator[ResultRow]:
    rng = random.Random(1)
    choices = [q for q in definition.questions if isinstance(q, ChoiceQuestion)]
    for number in range(count):
        given: dict[str, Value] = {q.id: rng.choice(q.values) for q in choices}
        answers = walk(definition, given).on_path(given)
        scores = score(definition, answers)
        yield ResultRow(
            upn=None,
            mis_id=f"M{number}",
            response=UUID(int=number),
            submitted_at=SENT,
            questionnaire=definition.id,
            version=definition.version,
            campaign=UUID(int=1),
            superseded_at=None,
            answers={key: to_json(value) for key, value in answers.items()},
            scores=scores,
            fields=score_fields(definition, scores),
        )


def main(count: int) -> None:
    definition = load_library().latest("gcse")
    for kind in Kind:
        before = time.process_time()
        with write_file(Results((definition,), rows(definition, count)), kind) as made:
            size = made.seek(0, 2)
        took = time.process_time() - before
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{kind.value}: {count:,} responses in {took:.1f} s of one core, "
            f"{size / 1_000_000:.1f} MB, peak memory of the process {peak:.0f} MB"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
