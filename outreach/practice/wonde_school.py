"""One school at the practice Wonde, for tests to change as they like."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from outreach.practice.people import PracticePupil

STATES = ("approved", "pending", "audited", "declined", "revoked")


@dataclass
class WondeSchool:
    """`state` is one of STATES, or None where nobody has requested access."""

    id: str
    name: str
    token: str
    state: str | None = "approved"
    urn: str = "999001"
    postcode: str = "ZZ1 1ZZ"
    id_prefix: str = "A"
    """Before every student's id; another one after a move to another information system."""
    pupils: dict[int, PracticePupil] = field(default_factory=dict)
    leavers: dict[int, PracticePupil] = field(default_factory=dict)
    deleted: dict[str, datetime] = field(default_factory=dict)
    changed: dict[int, datetime] = field(default_factory=dict)
    odd_records: list[Any] = field(default_factory=list)
    """Sent after the pupils as they are, whatever they are."""
    counted: int | None = None
    """What is said when asked how many there are; None says the truth."""
    contacts: list[Any] = field(default_factory=list)
    """Whom those who requested access said to ask."""

    def student_id(self, number: int) -> str:
        return f"{self.id_prefix}{number}"

    def put(self, pupil: PracticePupil, now: datetime) -> None:
        """A new pupil, or one whose record is another now."""
        self.pupils[pupil.id], self.changed[pupil.id] = pupil, now

    def delete(self, number: int, now: datetime) -> None:
        del self.pupils[number]
        self.deleted[self.student_id(number)] = now

    def leave(self, number: int, on: date) -> None:
        self.leavers[number] = self.pupils.pop(number).but(leaving_date=on)
