"""A copy that was asked for by mail, where something goes wrong with it on the way."""

from collections.abc import Callable
from typing import Any

import pytest

from outreach.audit import OPERATOR
from outreach.campaigns import delivery, recovering
from outreach.campaigns.delivery import deliver
from outreach.campaigns.models import Message
from outreach.campaigns.states import MessageStep
from outreach.privacy.erasing import erase_pupils
from outreach.profiles import copy_mailing
from outreach.profiles.copy_mailing import MAKERS
from tests.contract.catching import Catcher
from tests.journeys.dsl import Browser, Launched
from tests.journeys.test_own_copy import COPY, answer_all, copies

Launch = Callable[..., Launched]


def asking(launched: Launched) -> Browser:
    """A student who has answered and asked for the copy. A neighbour's invite waits beside it."""
    student = launched.browser().start()
    answer_all(student)
    student.get(COPY).press()
    return student


def copy_of(launched: Launched) -> Message:
    return next(one for one in reversed(launched.messages) if one.step is MessageStep.COPY)


def fate(launched: Launched) -> tuple[str, str | None]:
    copy = copy_of(launched)
    return copy.state.value, copy.reason


def fail(*_: Any) -> Any:
    raise RuntimeError("a fault of ours")


def test_a_copy_whose_pupil_is_erased_as_it_is_written_stops_alone(
    launch: Launch, mailbox: Catcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched = launch("gcse")
    asking(launched)
    claim = delivery._claim

    def claim_then_erase(*given: Any) -> Any:
        batch = claim(*given)
        with launched.in_school() as session:
            erase_pupils(session, [launched.pupil_id], OPERATOR, launched.clock())
        return batch

    monkeypatch.setattr(delivery, "_claim", claim_then_erase)
    deliver(launched.parts, launched.school.id, MAKERS)

    assert fate(launched) == ("stopped", "nothing_to_copy")
    assert len(mailbox.mails) == 1, "the neighbour's invite"


def test_a_copy_that_cannot_be_written_stops_alone(
    launch: Launch, mailbox: Catcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = launch("gcse"), launch("gcse")
    asking(first)
    asking(second)

    deliver(first.parts, first.school.id, {})
    monkeypatch.setattr(copy_mailing, "copy_of", fail)
    deliver(second.parts, second.school.id, MAKERS)

    for launched in (first, second):
        assert fate(launched) == ("stopped", "not_written")
    assert len(mailbox.mails) == 2
    assert not copies(mailbox)


def test_a_fault_before_anything_left_gives_the_whole_batch_back(
    launch: Launch, mailbox: Catcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched = launch("gcse")
    asking(launched)
    with monkeypatch.context() as broken:
        broken.setattr(delivery, "letters_for", fail)
        with pytest.raises(RuntimeError):
            deliver(launched.parts, launched.school.id, MAKERS)
    assert fate(launched) == ("sending", None)

    assert recovering.recover(launched.parts) == 1, "the journal is nobody's any more"
    assert fate(launched) == ("queued", None)
    deliver(launched.parts, launched.school.id, MAKERS)
    assert fate(launched) == ("accepted", None)
    assert len(mailbox.mails) == 2
