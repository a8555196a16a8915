"""Where a person may be sent after signing in, and what each role finds in the navigation."""

import pytest

from outreach.schools.access import home_of, navigation, own_path
from outreach.schools.models import Role


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example/staff/",
        "https://evil.example/staff/",
        "/\\evil.example",
        "/staff/\\evil.example",
        "/staff/\n/evil",
        "/answer/1",
        "staff/campaigns",
        "/staff/sign-in?next=/staff/",
        "javascript:alert(1)",
        "",
        None,
    ],
)
def test_a_wish_that_leads_elsewhere_is_not_followed(wanted: str | None) -> None:
    assert own_path(wanted) is None


def test_a_page_of_ours_is_followed_with_its_query() -> None:
    assert own_path("/staff/audit?page=2") == "/staff/audit?page=2"


@pytest.mark.parametrize("role", list(Role))
def test_the_home_of_every_role_is_in_its_navigation(role: Role) -> None:
    current = [label for label, _, is_current in navigation(role, home_of(role)) if is_current]

    assert len(current) == 1


def test_the_it_team_is_led_to_no_pupils() -> None:
    labels = {label for label, _, _ in navigation(Role.IT, "/staff/it-team")}

    assert labels == {"IT team", "Who can be emailed"}, "counts, without names"


def test_data_protection_is_led_to_sharing_and_audit_and_no_answers() -> None:
    labels = {label for label, _, _ in navigation(Role.DATA_PROTECTION, "/staff/sharing")}

    assert {"Data sharing", "Audit"} <= labels
    assert labels.isdisjoint({"Campaigns", "Pupils", "Roster", "Staff"})
