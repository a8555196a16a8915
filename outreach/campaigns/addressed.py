"""Messages with the address that they go to, sorted by its domain."""

from collections.abc import Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from outreach.mail.addresses import domain_of


class Addressed(Protocol):
    @property
    def message_id(self) -> UUID: ...

    @property
    def address(self) -> str: ...


A = TypeVar("A", bound=Addressed)


def by_domain(messages: Sequence[A]) -> dict[str, list[A]]:
    """In the order given, within each domain."""
    found: dict[str, list[A]] = {}
    for message in messages:
        found.setdefault(domain_of(message.address), []).append(message)
    return found
