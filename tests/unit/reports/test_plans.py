"""Answers of several questionnaires under one label each."""

from outreach.profiles.wording import asking
from questionnaires.loading import load_library
from questionnaires.model import ProfileField


def test_what_two_questionnaires_offer_is_called_as_the_staged_one_calls_it() -> None:
    staged, supported = (load_library().latest(id) for id in ("gcse", "access"))

    both = asking(ProfileField.INTERESTS.value, [*staged.questions, *supported.questions])
    alone = asking(ProfileField.INTERESTS.value, staged.questions)

    assert both is not None
    assert alone is not None
    labels = {option.value: option.label.in_("en") for option in both.options}
    assert labels.items() >= {one.value: one.label.in_("en") for one in alone.options}.items()
    assert [one.value for one in both.options][: len(alone.options)] == [
        one.value for one in alone.options
    ]
    after = asking("intended_destination", [*staged.questions, *supported.questions])
    assert after is not None
    assert {"apprenticeship", "work_and_learn"} <= {one.value for one in after.options}
