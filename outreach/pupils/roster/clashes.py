"""Rows of an import that cannot be told to be one pupil: how they are found, and what is said.

Each query gives `row, value, first_row, by_upn, by_mis_id`, and sees no row that an earlier one
found. In the words, `{first}` is the earlier row and `{row}` what rows are called.
"""

from sqlalchemy import text

from outreach.pupils.sources.records import Field

_SAME_UPN_TWICE = text("""
    SELECT row, upn AS value, first_row, by_upn, by_mis_id
    FROM incoming JOIN (
        SELECT upn, min(row) AS first_row FROM incoming
        WHERE upn IS NOT NULL GROUP BY upn HAVING count(*) > 1
    ) doubled USING (upn)
    WHERE row <> first_row AND :school_id IS NOT NULL ORDER BY row
""")

_SAME_MIS_ID_TWICE = text("""
    SELECT row, mis_id AS value, first_row, by_upn, by_mis_id
    FROM incoming JOIN (
        SELECT mis_id, min(row) AS first_row FROM incoming
        WHERE mis_id IS NOT NULL GROUP BY mis_id HAVING count(*) > 1
    ) doubled USING (mis_id)
    WHERE row <> first_row AND :school_id IS NOT NULL ORDER BY row
""")

_TWO_PUPILS = text("""
    SELECT row, mis_id AS value, NULL AS first_row, by_upn, by_mis_id FROM incoming
    WHERE by_upn <> by_mis_id AND :school_id IS NOT NULL ORDER BY row
""")

_SOMEBODY_ELSE = text("""
    SELECT i.row, i.mis_id AS value, NULL AS first_row, i.by_upn, i.by_mis_id
    FROM incoming i JOIN pupil p ON p.school_id = :school_id AND p.id = i.by_mis_id
    WHERE i.by_upn IS NULL AND (i.upn = p.upn) IS NOT TRUE
      AND lower(i.forename) <> lower(p.forename) AND lower(i.surname) <> lower(p.surname)
      AND NOT coalesce(i.date_of_birth = p.date_of_birth, false)
    ORDER BY i.row
""")

_SAME_PUPIL_TWICE = text("""
    SELECT row, coalesce(mis_id, upn) AS value, first_row, by_upn, by_mis_id FROM (
        SELECT *, first_value(row) OVER same AS first_row, row_number() OVER same AS place
        FROM incoming JOIN (
            SELECT pupil_id FROM incoming WHERE NOT is_new GROUP BY pupil_id HAVING count(*) > 1
        ) doubled USING (pupil_id)
        WINDOW same AS (PARTITION BY pupil_id ORDER BY by_upn IS NULL, row)
    ) ranked
    WHERE place > 1 AND :school_id IS NOT NULL ORDER BY row
""")

_TWICE_IN_FILE = "{first} has the same one. Keep one {row} for each pupil."

CLASHES = (
    (_SAME_UPN_TWICE, Field.UPN, _TWICE_IN_FILE),
    (_SAME_MIS_ID_TWICE, Field.MIS_ID, _TWICE_IN_FILE),
    (
        _TWO_PUPILS,
        Field.MIS_ID,
        "The roster has this MIS ID for one pupil and the {row}'s UPN for another, so the {row} "
        "could be either. Correct the wrong one. If the MIS has renumbered its pupils, import once "
        "with the MIS ID cells left empty, then again with them filled.",
    ),
    (
        _SOMEBODY_ELSE,
        Field.MIS_ID,
        "The roster has this MIS ID for a pupil of another name whom neither a UPN nor a date of "
        "birth shows to be the same. Check whose it is. If the MIS gives old numbers to new "
        "pupils, import once with the MIS ID cell left empty.",
    ),
    (
        _SAME_PUPIL_TWICE,
        Field.MIS_ID,
        "{first} is the same pupil on the roster. Keep one {row} for each pupil.",
    ),
)

DELETE_CLASHES = text("DELETE FROM incoming WHERE row = ANY(:rows)")
