"""Deletes what is held of a school whose revocation was not taken back in time."""

from uuid import UUID

from outreach.privacy.deleting import delete_if_due
from workers.parts import parts


def run(school_id: str) -> None:
    delete_if_due(parts(), UUID(school_id))
