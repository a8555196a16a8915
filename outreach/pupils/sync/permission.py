"""What is in force of two words: the school's own here, and the one that its integrator gives."""

from sqlalchemy.orm import Session

from outreach.pupils.sync.connections import connection_of
from outreach.pupils.sync.models import SourceState
from outreach.schools.models import Connection
from outreach.schools.sharing import agreement

_STRICTNESS = (
    Connection.AUTHORISED,
    Connection.PAUSED,
    Connection.NOT_CONNECTED,
    Connection.REVOKED,
)
_INTEGRATORS_WORD = {
    SourceState.PAUSED: Connection.PAUSED,
    SourceState.DECLINED: Connection.REVOKED,
    SourceState.REVOKED: Connection.REVOKED,
}
"""Where the school has not decided there, its word here holds: a roster may come as a file."""


def connection_in_force(session: Session) -> Connection:
    """The stricter of the two."""
    source = connection_of(session)
    theirs = Connection.AUTHORISED if source is None else _INTEGRATORS_WORD.get(source.state)
    ours = agreement(session).connection
    return max(ours, theirs or Connection.AUTHORISED, key=_STRICTNESS.index)
