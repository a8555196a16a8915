"""Which source is made for which kind of connection."""

from outreach.clock import Clock
from outreach.pupils.sources.http import Patience
from outreach.pupils.sources.source import Access, Source
from outreach.pupils.sync.models import SourceKind
from outreach.settings import Settings

PATIENCE = Patience()

CALLED = {
    SourceKind.WONDE: "Wonde",
    SourceKind.XPORTER: "Groupcall Xporter",
    SourceKind.ONEROSTER: "OneRoster",
}
"""How staff know it. Integrators change their names; the kind does not."""


def make_source(access: Access, settings: Settings, clock: Clock) -> Source:
    from outreach.pupils.sources.oneroster import OneRosterSource
    from outreach.pupils.sources.wonde import WondeSource
    from outreach.pupils.sources.xporter import XporterSource

    match access.kind:
        case SourceKind.WONDE:
            return WondeSource(access, settings.wonde_url, PATIENCE)
        case SourceKind.XPORTER:
            return XporterSource(
                access,
                settings.xporter_url,
                settings.xporter_token_url,
                settings.xporter_app_id,
                clock,
                PATIENCE,
            )
        case SourceKind.ONEROSTER:
            return OneRosterSource(access, PATIENCE, clock)
