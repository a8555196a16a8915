"""Hands over the due mail of one school, for as long as its turn lasts."""

from uuid import UUID

from outreach.campaigns.delivery import deliver
from outreach.profiles.copy_mailing import MAKERS
from workers.parts import parts


def run(school_id: str) -> None:
    deliver(parts(), UUID(school_id), MAKERS)
