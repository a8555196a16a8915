"""Writes and mails the demo campaign as workers would, while the mailbox is there to take it."""

from uuid import UUID

from outreach.campaigns.delivery import deliver
from outreach.campaigns.launching import write_blocks
from outreach.mail.smtp_url import SmtpServer, parse_smtp_urls
from outreach.mail.transport import Connection, Limits
from outreach.parts import Parts
from outreach.profiles.copy_mailing import MAKERS

DELIVER_SECONDS = 8.0


def deliver_campaign(parts: Parts, school_id: UUID) -> None:
    """Without a mail server in reach the mail waits for the workers, as always."""
    write_blocks(parts, school_id)
    if any(_is_in_reach(server) for server in parse_smtp_urls(parts.settings.smtp_url)):
        deliver(parts, school_id, MAKERS, DELIVER_SECONDS)


def _is_in_reach(server: SmtpServer) -> bool:
    connection = Connection(server, limits=Limits(connect_seconds=1, reply_seconds=2))
    is_out_of_reach = connection.try_to_open() is not None
    connection.close()
    return not is_out_of_reach
