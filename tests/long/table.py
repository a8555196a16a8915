"""The table that `make test-long` prints, and what must hold of every line of it."""

import time
from collections import Counter
from dataclasses import dataclass, fields

from sqlalchemy import func, select

from outreach.campaigns import journal
from outreach.campaigns.models import DeliveryClaim, Invitation, Message
from outreach.database import transaction
from outreach.pupils.models import PupilAddress
from tests.long.runs import Run
from tests.outbox import add_up

WIDTH = 26
SECONDS_TO_TIDY = 30.0


@dataclass
class Row:
    scenario: str
    mails: int = 0
    kills: int = 0
    accepted: int = 0
    unknown: int = 0
    doubled: int = 0
    lost: int = 0
    seconds: float = 0.0


ROWS: list[Row] = []


def printed() -> str:
    names = [one.name for one in fields(Row)]
    head = f"{names[0]:<{WIDTH}}" + "".join(f"{name:>10}" for name in names[1:])
    return "\n".join([head, *map(_line, ROWS)])


def _line(row: Row) -> str:
    cells = [getattr(row, one.name) for one in fields(Row)]
    return f"{cells[0]:<{WIDTH}}" + "".join(f"{cell:>10.0f}" for cell in cells[1:])


def judge(run: Run, row: Row, *, most_unknown: int) -> None:
    """The line goes onto the table first, so that a bad one is seen there too."""
    row.seconds = time.monotonic() - run.began
    outbox, taken = run.outbox, run.taken()
    ids = Counter(message_id for message_id, _ in taken)
    received = {recipient for _, recipient in taken}
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        rows = session.execute(
            select(PupilAddress.address, Message.state)
            .join(Invitation, Invitation.pupil_id == PupilAddress.pupil_id)
            .join(Message, Message.invitation_id == Invitation.id)
        ).all()
    states = {address: state.value for address, state in rows}
    counts = Counter(states.values())
    told = {address for address, state in states.items() if state == "accepted"}
    unknown = {address for address, state in states.items() if state == "unknown"}
    row.mails, row.accepted, row.unknown = len(rows), counts["accepted"], counts["unknown"]
    row.doubled = sum(count - 1 for count in ids.values())
    row.lost = len(told - received) + row.mails - row.accepted - row.unknown
    ROWS.append(row)
    assert states.keys() == set(outbox.addresses), "a pupil without a message, or one too many"
    assert len(rows) == len(states), "a pupil with two messages"
    assert row.doubled == 0, "the mail server counted a Message-ID twice"
    assert len(received) == len(taken), "somebody was written to twice"
    assert row.lost == 0, f"in no true state, or told as accepted and not there: {counts}"
    assert received <= told | unknown, "the mail server has mail that we say did not leave"
    assert row.unknown <= most_unknown, "more unknown than one a connection a kill"
    assert add_up(outbox.status()), "the counts of the campaign's page do not add up"
    _wait_until_tidy(run)


def _wait_until_tidy(run: Run) -> None:
    """No claim is left, and no journal but those of workers that live."""
    outbox = run.outbox
    deadline = time.monotonic() + SECONDS_TO_TIDY
    while True:
        with transaction(outbox.wired.sessions, outbox.school.id) as session:
            claims = session.scalar(select(func.count()).select_from(DeliveryClaim))
        left = journal.journals(outbox.wired.settings.data_dir)
        if not claims and not left:
            return
        assert time.monotonic() < deadline, f"{claims} claims and {len(left)} journals are left"
        time.sleep(0.2)
