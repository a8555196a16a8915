"""What Xporter posts by itself: a school's authorisation with its secret, and that data are fresh.

Neither is signed, so nothing here is proof of anything: a secret proves itself when a token is
given for it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from outreach.pupils.sources.records import Field
from outreach.pupils.sources.xporter_mapping import xporter_mapping
from outreach.pupils.sources.xporter_shapes import (
    folded,
    identifiers_in,
    is_fresh,
    plain,
)

LONGEST_SECRET = 200
_ESTAB = re.compile(r"[0-9]{7}")


@dataclass(frozen=True)
class Authorisation:
    """A school has agreed, perhaps anew: then the secret is another one."""

    estab: str
    secret: str = field(repr=False)
    asked: frozenset[Field]
    granted: frozenset[Field]
    school_name: str | None
    app_id: str | None
    """Whom it was for; a message for another application is none of ours."""


def parse_authorisation(form: Mapping[str, str]) -> Authorisation | None:
    """From the form that is posted once, and again when the school's installation is complete.

    `templateScopes` were asked for, `scopes` granted. None where it is no such form.
    """
    estab, secret = form.get("schoolId", "").strip(), form.get("schoolSecret", "").strip()
    is_secret = secret.isascii() and secret.isprintable() and 0 < len(secret) <= LONGEST_SECRET
    if not _ESTAB.fullmatch(estab) or not is_secret:
        return None
    mapping = xporter_mapping()
    third_party = form.get("thirdParty", mapping.token.third_party)
    if third_party.casefold() != mapping.token.third_party.casefold():
        return None
    return Authorisation(
        estab=estab,
        secret=secret,
        asked=mapping.fields_of_scopes(identifiers_in(form.get("templateScopes", ""))),
        granted=mapping.fields_of_scopes(identifiers_in(form.get("scopes", ""))),
        school_name=plain(form.get("schoolName", "")),
        app_id=plain(form.get("partnerId", "")),
    )


def is_fresh_notice(document: Any) -> bool:
    """Whether a message to `callbackUrl` says that the data are fresh.

    It holds the DbStatus object, alone or under its name. One that cannot be read counts: that it
    came at all is the message.
    """
    if isinstance(document, Mapping):
        document = folded(document).get("dbstatus", document)
    return is_fresh(document, xporter_mapping().db_status)
