"""What a worker process works with: the parts, wired once, and its kept mail connections."""

import os
from functools import cache

from outreach.mail.accounts import Accounts, accounts_of
from outreach.parts import Parts
from outreach.settings import load
from outreach.wiring import wire

ACCOUNT_MAIL_CONNECTIONS = 1


@cache
def parts() -> Parts:
    return wire(load(os.environ))


@cache
def account_mail_pool() -> Accounts:
    """Mail to staff goes one at a time, beside the campaigns' own connections."""
    return accounts_of(parts().settings.smtp_url, ACCOUNT_MAIL_CONNECTIONS)
