"""Writes the rows of launched campaigns of one school."""

from uuid import UUID

from outreach.campaigns.launching import write_blocks
from workers.parts import parts


def run(school_id: str) -> None:
    write_blocks(parts(), UUID(school_id))
