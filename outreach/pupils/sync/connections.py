"""The school's connection to its information system, as it stands."""

from sqlalchemy.orm import Session

from outreach.database import school_of
from outreach.errors import NotFound
from outreach.pupils.sync.models import SourceConnection


def connection_of(session: Session) -> SourceConnection | None:
    return session.get(SourceConnection, school_of(session), populate_existing=True)


def require_connection(session: Session) -> SourceConnection:
    found = connection_of(session)
    if found is None:
        raise NotFound(
            "This school is not connected to an information system. Connect it first, with "
            "`outreach source connect` or on the page “Roster”."
        )
    return found
