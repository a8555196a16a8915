"""Fetches and merges the roster of one school from its information system."""

from uuid import UUID

from outreach.pupils.sync.syncing import sync
from workers.parts import parts


def run(school_id: str) -> None:
    sync(parts(), UUID(school_id))
