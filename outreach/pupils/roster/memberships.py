"""Who is in which group since when: what the source gives, written into the roster with dates.

A membership that the source gives no more ends the day before and stays as history; one that had
not begun goes. Whoever was known before and joins a group starts today; what a pupil new to the
roster is in has no first day unless the source gives one.
"""

from collections.abc import Collection
from datetime import date, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from outreach.database import school_of
from outreach.pupils.models import GroupKind
from outreach.pupils.sources.records import Field

_KINDS = {
    Field.REG_GROUP: (GroupKind.REGISTRATION,),
    Field.GROUPS: (GroupKind.TEACHING, GroupKind.USER_DEFINED),
}


def change_memberships(session: Session, fields: Collection[Field], today: date) -> None:
    """Of all kinds of group that the source gives, for the pupils who have a row."""
    given = [field for field in _KINDS if field in fields]
    if not given:
        return
    keys = {
        "school_id": school_of(session),
        "today": today,
        "yesterday": today - timedelta(days=1),
        "kinds": [kind.value for field in given for kind in _KINDS[field]],
    }
    session.execute(_DROP_TABLES)
    session.execute(_MAKE_GIVEN)
    session.execute(_MAKE_CHANGES)
    for field in given:
        session.execute(_FILL[field], keys)
    session.execute(text("ANALYZE given_membership"))
    session.execute(_ADD_GROUPS, keys)
    session.execute(_COMPARE, keys)
    for statement in (_JOIN, _CHANGE, _FORGET):
        session.execute(statement, keys)
    session.execute(_TOUCH)


_DROP_TABLES = text("DROP TABLE IF EXISTS pg_temp.given_membership, pg_temp.membership_change")
_MAKE_GIVEN = text("""
    CREATE TEMPORARY TABLE given_membership
    (pupil_id uuid, is_new boolean, kind text, name text, starts_on date, ends_on date)
    ON COMMIT DROP
""")
_MAKE_CHANGES = text("""
    CREATE TEMPORARY TABLE membership_change
    (pupil_id uuid, group_id uuid, was_member boolean, stays boolean, starts_on date, ends_on date)
    ON COMMIT DROP
""")
_FILL = {
    Field.REG_GROUP: text("""
        INSERT INTO given_membership (pupil_id, is_new, kind, name)
        SELECT pupil_id, is_new, 'registration', reg_group FROM incoming
        WHERE reg_group IS NOT NULL
    """),
    Field.GROUPS: text("""
        INSERT INTO given_membership
        SELECT pupil_id, is_new, place ->> 0, place ->> 1,
            CAST(place ->> 2 AS date), CAST(place ->> 3 AS date)
        FROM incoming, jsonb_array_elements(CAST(groups AS jsonb)) AS place
        WHERE groups IS NOT NULL AND place ->> 0 = ANY(:kinds)
    """),
}

_ADD_GROUPS = text("""
    INSERT INTO roster_group (school_id, kind, name)
    SELECT :school_id, kind, name FROM (SELECT DISTINCT kind, name FROM given_membership) given
    WHERE NOT EXISTS (
        SELECT FROM roster_group known
        WHERE known.school_id = :school_id AND known.kind = given.kind AND known.name = given.name
    )
""")

# Back within a day of its end, a membership was never broken off.
_COMPARE = text("""
    INSERT INTO membership_change
    WITH given AS (
        SELECT g.*, roster_group.id AS group_id FROM given_membership g
        JOIN roster_group ON roster_group.school_id = :school_id
            AND roster_group.kind = g.kind AND roster_group.name = g.name
    ), stored AS (
        SELECT m.pupil_id, m.group_id, m.starts_on, m.ends_on FROM group_member m
        JOIN incoming ON incoming.pupil_id = m.pupil_id AND NOT incoming.is_new
        JOIN roster_group ON roster_group.school_id = :school_id
            AND roster_group.id = m.group_id AND roster_group.kind = ANY(:kinds)
        WHERE m.school_id = :school_id
    ), compared AS (
        SELECT
            coalesce(given.pupil_id, stored.pupil_id) AS pupil_id,
            coalesce(given.group_id, stored.group_id) AS group_id,
            stored.pupil_id IS NOT NULL AS was_member,
            given.pupil_id IS NOT NULL OR coalesce(stored.starts_on < :today, true) AS stays,
            CASE
                WHEN given.starts_on IS NOT NULL THEN given.starts_on
                WHEN given.pupil_id IS NULL THEN stored.starts_on
                WHEN given.is_new OR given.ends_on < :today THEN stored.starts_on
                WHEN stored.pupil_id IS NULL OR stored.ends_on < :yesterday THEN :today
                ELSE stored.starts_on
            END AS starts_on,
            CASE
                WHEN given.pupil_id IS NOT NULL THEN given.ends_on
                ELSE least(stored.ends_on, :yesterday)
            END AS ends_on,
            stored.starts_on AS old_start,
            stored.ends_on AS old_end
        FROM given FULL JOIN stored
            ON stored.pupil_id = given.pupil_id AND stored.group_id = given.group_id
    )
    SELECT pupil_id, group_id, was_member, stays, starts_on, ends_on FROM compared
    WHERE NOT was_member OR NOT stays
        OR starts_on IS DISTINCT FROM old_start OR ends_on IS DISTINCT FROM old_end
""")

_JOIN = text("""
    INSERT INTO group_member (school_id, pupil_id, group_id, starts_on, ends_on)
    SELECT :school_id, pupil_id, group_id, starts_on, ends_on FROM membership_change
    WHERE NOT was_member ORDER BY pupil_id
""")

_CHANGE = text("""
    UPDATE group_member m SET starts_on = change.starts_on, ends_on = change.ends_on
    FROM membership_change change
    WHERE m.school_id = :school_id AND m.pupil_id = change.pupil_id
        AND m.group_id = change.group_id AND change.was_member AND change.stays
""")

_FORGET = text("""
    DELETE FROM group_member m USING membership_change change
    WHERE m.school_id = :school_id AND m.pupil_id = change.pupil_id
        AND m.group_id = change.group_id AND NOT change.stays
""")

_TOUCH = text("INSERT INTO touched SELECT DISTINCT pupil_id FROM membership_change")
