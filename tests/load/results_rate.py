"""How long the pages of a campaign's results take, and the document for governors.

    python -m tests.load.results_rate --responses 10000 --campaigns 3

Brings its own PostgreSQL and Redis, as the tests do. Rows of roster, invitations, responses and
results are made by SQL, as write-back would have left them; the pages are asked in this process,
so that what is measured is the service and its database, without a web server.
"""

import argparse
import os
import statistics
import time
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from outreach.answering.models import Response
from outreach.app import create_app
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.models import Invitation, Message
from outreach.clock import now
from outreach.database import refresh_statistics, transaction
from outreach.parts import Parts
from outreach.profiles.models import ProfileEntry, Result
from outreach.pupils.models import GroupMember, Pupil, PupilCharacteristic, RosterGroup
from outreach.reports.counting import count_in
from outreach.reports.models import CountedResponse
from outreach.schools.models import Role
from questionnaires.model import Block, Questionnaire
from tests.factories import MadeSchool, make_school, signed_in
from tests.load.answering_rate import _service

ROSTER = text("""
    WITH made AS (
        INSERT INTO pupil (school_id, id, mis_id, forename, surname, gender, year, source,
                           created_at, changed_at)
        SELECT :school, gen_random_uuid(), 'L' || n, 'Robin', 'Pupil' || n,
               CASE n % 2 WHEN 0 THEN 'F' ELSE 'M' END, 10 + n % 2, 'csv', now(), now()
        FROM generate_series(1, :pupils) AS n RETURNING id, mis_id, year
    ), groups AS (
        INSERT INTO roster_group (school_id, id, kind, name)
        SELECT :school, gen_random_uuid(), 'registration', year || 'G' || n
        FROM generate_series(10, 11) AS year, generate_series(0, :pupils / 56) AS n
        RETURNING id, name
    ), sen AS (
        INSERT INTO pupil_characteristic (school_id, pupil_id, item, value, changed_at)
        SELECT :school, id, 'sen', (ARRAY['N', 'N', 'N', 'K', 'E'])[1 + hashtext(mis_id) % 2 + 2],
               now() FROM made
    )
    INSERT INTO group_member (school_id, pupil_id, group_id)
    SELECT :school, made.id, groups.id FROM made
    JOIN groups ON groups.name = year || 'G' || substr(mis_id, 2)::int % (:pupils / 56 + 1)
""")

ANSWERED = text("""
    WITH asked AS (
        INSERT INTO invitation (school_id, campaign_id, pupil_id, questionnaire, version, sha256,
                                pupil_year, state, created_at, started_at, submitted_at)
        SELECT :school, :campaign, id, :questionnaire, :version, :sha256, year, 'written_back',
               :at, :at, :at FROM pupil WHERE school_id = :school
        RETURNING id, pupil_id
    ), responded AS (
        INSERT INTO response (school_id, id, invitation_id, questionnaire, version, sha256,
                              language, started_at, submitted_at, reference, written_back_at)
        SELECT :school, gen_random_uuid(), id, :questionnaire, :version, :sha256, 'en', :at, :at,
               id::text, :at FROM asked RETURNING id, invitation_id
    ), planned AS (
        INSERT INTO profile_entry (school_id, id, pupil_id, field, value, source, recorded_at,
                                   response_id, superseded_at)
        SELECT :school, gen_random_uuid(), asked.pupil_id, field, value::jsonb, 'questionnaire',
               :at, responded.id, :at
        FROM responded JOIN asked ON asked.id = responded.invitation_id,
        (VALUES ('intended_destination', '"apprenticeship"'), ('destination_certainty', '"certain"'),
                ('interests', '["health", "sport"]')) AS said (field, value)
    ), mailed AS (
        INSERT INTO link (school_id, invitation_id, created_at)
        SELECT :school, id, :at FROM asked RETURNING id, invitation_id
    ), sent AS (
        INSERT INTO message (school_id, campaign_id, invitation_id, link_id, step, attempt, state,
                             tries, queued_at, next_attempt_at, changed_at)
        SELECT :school, :campaign, invitation_id, id, 'invite', 1, 'accepted', 1, :at, :at, :at
        FROM mailed
    )
    INSERT INTO result (school_id, response_id, kind, key, campaign_id, score, positive,
                        not_positive, unsure, skipped, asked)
    SELECT :school, responded.id, kind, key, :campaign, 50, 1, 1, (random() < 0.1)::int, 0,
           3 FROM responded, unnest(cast(:kinds AS text[]), cast(:keys AS text[])) AS m (kind, key)
""")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--responses", type=int, default=10_000, help="of each campaign")
    arguments.add_argument("--campaigns", type=int, default=3, help="one an academic year")
    arguments.add_argument("--times", type=int, default=5)
    given = arguments.parse_args()
    with _service() as parts:
        school = make_school(parts.sessions)
        campaign = _fill(parts, school, given.responses, given.campaigns)
        app = create_app(parts.settings)
        client = signed_in(app, school, Role.CAREERS_LEADER)
        print(f"load average before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")
        for name in ("results", "results/years", "results.pdf"):
            took = []
            for _ in range(given.times):
                began = time.perf_counter()
                answer = client.get(f"/staff/campaigns/{campaign}/{name}")
                took.append(time.perf_counter() - began)
                assert answer.status_code == 200, answer.status_code
            middle, worst = statistics.median(took), max(took)
            size = len(answer.data) / 1000
            print(f"{name}: {middle:.2f} s, at worst {worst:.2f} s, {size:.0f} kB")


def _fill(parts: Parts, school: MadeSchool, responses: int, campaigns: int) -> UUID:
    definition = parts.library.latest("gcse")
    with transaction(parts.sessions, school.id) as session:
        session.execute(ROSTER, {"school": school.id, "pupils": responses})
        refresh_statistics(session, Pupil, RosterGroup, GroupMember, PupilCharacteristic)
    for ago in reversed(range(campaigns)):
        with transaction(parts.sessions, school.id) as session:
            campaign = _campaign(session, parts, definition, f"Campaign {campaigns - ago}", ago)
            refresh_statistics(session, Invitation, Message, Response, Result, ProfileEntry)
            began = time.perf_counter()
            count_in(session, now())
            print(f"counted in: {time.perf_counter() - began:.2f} s")
            refresh_statistics(session, CountedResponse)
    return campaign


def _campaign(
    session: Session, parts: Parts, definition: Questionnaire, name: str, ago: int
) -> UUID:
    campaign = create_campaign(
        session,
        parts.library,
        name=name,
        questionnaire=definition.id,
        years=[10, 11],
        groups=[],
        closes_on=None,
        created_by=None,
        now=now(),
    )
    session.flush()
    scored = {
        one.construct for one in definition.questions if getattr(one, "scoring", None) is not None
    }
    blocks = {definition.constructs[key].block for key in scored} & set(Block)
    moment = now()
    session.execute(
        ANSWERED,
        {
            "school": campaign.school_id,
            "campaign": campaign.id,
            "questionnaire": definition.id,
            "version": definition.version,
            "sha256": definition.sha256,
            "at": moment.replace(year=moment.year - ago, day=min(moment.day, 28)),
            "kinds": ["construct"] * len(scored) + ["block"] * len(blocks),
            "keys": [*sorted(scored), *sorted(block.value for block in blocks)],
        },
    )
    return campaign.id


if __name__ == "__main__":
    main()
