"""A school, its campaigns and its students on a running set, whatever happens to it meanwhile."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from outreach import web
from outreach.audit import OPERATOR
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.launching import launch
from outreach.campaigns.progress import Status, status
from outreach.campaigns.states import CampaignState, InvitationState, MessageState
from outreach.clock import now
from outreach.database import NotReady, transaction
from outreach.pupils.roster.importing import import_roster
from outreach.running.records import wait_until
from tests.contract.catching import CaughtMail
from tests.contract.roster import make_row, write_roster
from tests.contract.student import FINISHED, Browser, NotTaken, Page
from tests.factories import make_school
from tests.failures.running_set import PATIENCE

DOMAIN = "killed-school.example"
OUT_OF_REACH = (SQLAlchemyError, NotReady)


@dataclass
class School:
    """One campaign for each registration group, launched when its turn comes."""

    wired: web.Parts
    id: UUID
    campaigns: dict[str, UUID]

    def launch(self, group: str) -> None:
        """Pressed again where the database did not answer, until it is launched."""
        assert wait_until(lambda: self._is_launched(group), PATIENCE)

    def _is_launched(self, group: str) -> bool:
        try:
            with transaction(self.wired.sessions, self.id) as session:
                campaign = find_campaign(session, self.campaigns[group])
                if campaign.state is CampaignState.DRAFT:
                    launch(session, campaign.id, OPERATOR, now())
        except OUT_OF_REACH:
            return False
        return True

    def statuses(self) -> list[Status]:
        with transaction(self.wired.sessions, self.id) as session:
            return [status(session, campaign, now()) for campaign in self.campaigns.values()]


def make_journey_school(wired: web.Parts, groups: Sequence[str], pupils_a_group: int) -> School:
    rows = [
        make_row(number, DOMAIN) | {"Reg group": groups[number // pupils_a_group]}
        for number in range(len(groups) * pupils_a_group)
    ]
    made = make_school(wired.sessions)
    with transaction(wired.sessions, made.id) as session:
        import_roster(
            session,
            write_roster(rows).encode(),
            source="csv",
            is_full=False,
            confirm_drop=False,
            dry_run=False,
            staff_id=None,
            now=now(),
        )
        campaigns = {
            group: create_campaign(
                session,
                wired.library,
                name=group,
                questionnaire="gcse",
                years=[],
                groups=[group],
                closes_on=None,
                created_by=None,
                now=now(),
            ).id
            for group in groups
        }
    return School(wired, made.id, campaigns)


@dataclass
class CountKeeper:
    """Looks at all counts again and again. `looks`: how often; `wrong`: what did not add up."""

    school: School
    looks: int = 0
    wrong: list[Status] = field(default_factory=list)

    def look(self) -> list[Status]:
        counted = self.school.statuses()
        self.looks += 1
        self.wrong += [one for one in counted if not adds_up(one)]
        return counted

    def keep(self, is_over: threading.Event) -> None:
        while not is_over.wait(0.2):
            try:
                self.look()
            except OUT_OF_REACH:
                continue  # the database is the one that was killed


def adds_up(counted: Status) -> bool:
    asked, invited = counted.asked, sum(counted.invitations.values())
    mails = sum(counted.messages.values())
    is_written = not counted.invitations[InvitationState.PREPARING]
    return (
        asked == counted.mailable + sum(counted.excluded.values()) == invited
        and (mails == counted.mailable if is_written else mails <= counted.mailable)
        and not counted.messages[MessageState.REFUSED]
    )


@dataclass
class Students:
    """Answer every mail that comes, on one device each, and do not give up when pages fail."""

    mails: Callable[[], list[CaughtMail]]
    url: str
    given: dict[str, dict[str, object]] = field(default_factory=dict)
    """What the service said it had taken, by recipient and question."""
    finished: set[str] = field(default_factory=set)
    setbacks: int = 0
    _begun: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, is_over: threading.Event) -> None:
        while not is_over.is_set():
            mail = self._next()
            if mail is None:
                time.sleep(0.05)
                continue
            browser = Browser(len(self._begun))
            self.given[mail.recipient] = browser.given
            while not is_over.is_set():
                if self._is_finished(browser, mail.link):
                    self.finished.add(mail.recipient)
                    break
            browser.close()

    def _next(self) -> CaughtMail | None:
        with self._lock:
            waiting = (mail for mail in self.mails() if mail.recipient not in self._begun)
            mail = next(waiting, None)
            if mail is not None:
                self._begun.add(mail.recipient)
            return mail

    def _is_finished(self, browser: Browser, link: str) -> bool:
        """As far as it goes. Whatever fails, a student loads the page they were on again."""
        try:
            page = browser.get(f"{self.url}/answer/")
            if page.status == http.HTTPStatus.FORBIDDEN:
                page = self._begin(browser, link)
            while page.status == http.HTTPStatus.OK and page.forms:
                page = browser.answer(page)
                time.sleep(0.01)
            if page.status == http.HTTPStatus.OK:
                return FINISHED in browser.get(f"{self.url}/answer/receipt").text
        except (OSError, http.client.HTTPException, NotTaken):
            pass
        self.setbacks += 1
        time.sleep(0.2)
        return False

    def _begin(self, browser: Browser, link: str) -> Page:
        landing = browser.get(link)
        if landing.status != http.HTTPStatus.OK or not landing.forms:
            return landing
        return browser.send(landing, landing.forms[0], [])


@contextmanager
def going_on(*works: Callable[[threading.Event], None]) -> Iterator[None]:
    """Each in a thread, until the block ends."""
    is_over = threading.Event()
    threads = [threading.Thread(target=work, args=(is_over,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
