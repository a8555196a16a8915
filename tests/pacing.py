"""Messages that wait for a place, for tests of pace."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4


@dataclass(frozen=True)
class Due:
    address: str
    message_id: UUID = field(default_factory=uuid4)


def some_due(count: int, domain: str = "pupils.example") -> list[Due]:
    return [Due(f"pupil{number}@{domain}") for number in range(count)]
