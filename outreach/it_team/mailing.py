"""The test mail: as an invite looks to a filter, with a link of its own that names no pupil."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from outreach.errors import NotFound, Refusal
from outreach.it_team.testing import find_test, sealer, why_not_mailed
from outreach.mail.composing import Mail
from outreach.parts import Parts
from outreach.schools.composing import mail_to_staff
from outreach.schools.models import AccountMail, School
from outreach.signing import Purpose, TokenSigner


def compose_it_test(session: Session, parts: Parts, account_mail: AccountMail) -> Mail:
    """Of the school that the session has entered. NotFound where the test was removed, Refusal where
    its address must not be mailed by now."""
    if account_mail.it_test_id is None or account_mail.school_id is None:
        raise NotFound("This mail names no test.")
    test = find_test(session, account_mail.it_test_id)
    now = parts.clock()
    why_not = why_not_mailed(session, test.address_hash, now)
    if why_not is not None:
        raise Refusal(why_not)
    school = session.get_one(School, account_mail.school_id)
    address = sealer(parts.settings.secret_keys).open(test.sealed_address)
    token = test_token(parts.signer, school, test.id)
    words = {
        "school": school.name,
        "unit": test.unit,
        "link": f"{parts.settings.public_url}/it-test/{token}",
    }
    mail = mail_to_staff(parts, account_mail, "it_test", address, words, now)
    service, sender = mail.from_
    name = f"{school.name} via {service}" if service else school.name
    return replace(mail, from_=(name, sender))


def test_token(signer: TokenSigner, school: School, test_id: UUID) -> str:
    """What stands after /it-test/."""
    return signer.sign(Purpose.IT_TEST, school.key, test_id)
