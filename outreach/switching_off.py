"""How quickly a switch that is moved reaches workers with mail in hand.

Workers look at the sharing agreement every LOOK_SECONDS while they hand mail over, and let no mail
go without a look that said yes and began within FRESH_SECONDS. Whoever switches something off waits
a little longer than that after the commit: when they read that it is done, no worker takes up
another mail.
"""

import time

from sqlalchemy import event
from sqlalchemy.orm import Session

from outreach.database import Sessions

LOOK_SECONDS = 0.15
FRESH_SECONDS = 0.45
SETTLE_SECONDS = 0.5
_KEY = "switched_off"


def wait_for_senders(session: Session) -> None:
    """After this transaction's commit, and before anybody is told that it is done."""
    session.info[_KEY] = True


def attach_wait(sessions: Sessions) -> None:
    def wait(session: Session) -> None:
        if session.get_nested_transaction() is None and session.info.pop(_KEY, False):
            time.sleep(SETTLE_SECONDS)

    def forget(session: Session) -> None:
        if session.get_nested_transaction() is None:
            session.info.pop(_KEY, None)

    event.listen(sessions, "after_commit", wait)
    event.listen(sessions, "after_rollback", forget)
