"""A rule at a school's mail server: one alert, the rest held, and how it goes on."""



from sqlalchemy import select, update

from outreach import web
from outreach.campaigns.delivery import deliver
from outreach.campaigns.held_models import HeldDomain
from outreach.database import transaction
from outreach.profiles.copy_mailing import MAKERS
from tests.contract.catching import Catcher
from tests.outbox import Outbox, launched

RESTRICTED = "550 5.7.1 The domain that you are sending to has a policy that prohibited the mail"


def refuse_all(mailbox: Catcher, outbox: Outbox, words: str = RESTRICTED) -> None:
    mailbox.answers |= dict.fromkeys(outbox.addresses, words)


def held(outbox: Outbox) -> HeldDomain:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        return session.scalars(select(HeldDomain)).one()


def probe_is_due(outbox: Outbox) -> None:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        session.execute(update(HeldDomain).values(next_probe_at=outbox.wired.clock()))


def send(outbox: Outbox) -> None:
    deliver(outbox.wired, outbox.school.id, MAKERS)


def test_a_run_of_policy_refusals_opens_one_alert_and_holds_the_rest(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, pupils=130)
    refuse_all(mailbox, outbox)
    send(outbox)
    assert set(outbox.mails) <= {"held", "refused"}
    assert outbox.mails["held"] >= 127
    assert (held(outbox).state.value, held(outbox).diagnosis) == ("open", "google_restrict_delivery")
    assert held(outbox).domain == "pupils.example"
