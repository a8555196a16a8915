"""Every room's tables in one import, for migrations and for the tests that watch over them."""

from sqlalchemy import Table

from outreach import audit, queues
from outreach.answering import feedback_models as feedback
from outreach.answering import models as answering
from outreach.answering.safeguarding import models as safeguarding
from outreach.campaigns import code_models, held_models, reminder_models, scanner_models
from outreach.campaigns import models as campaigns
from outreach.campaigns.chat import models as chat
from outreach.campaigns.own import models as own_questionnaires
from outreach.database import Base
from outreach.it_team import models as it_team
from outreach.profiles import models as profiles
from outreach.pupils import models as pupils
from outreach.pupils.objections import models as objections
from outreach.pupils.roster import models as roster
from outreach.pupils.sync import models as sync
from outreach.reports import models as reports
from outreach.schools import models as schools
from outreach.schools import term_models

rooms = (
    audit,
    queues,
    schools,
    pupils,
    roster,
    sync,
    objections,
    campaigns,
    code_models,
    reminder_models,
    chat,
    term_models,
    held_models,
    scanner_models,
    own_questionnaires,
    answering,
    feedback,
    safeguarding,
    profiles,
    reports,
    it_team,
)
names = frozenset(Base.metadata.tables)


def tenant_tables() -> list[Table]:
    """Tables that row-level security guards: all but those that say why they are global."""
    return [table for table in Base.metadata.sorted_tables if "global_reason" not in table.info]
