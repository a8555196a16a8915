"""How a group is named where its name alone is not enough."""

import pytest

from outreach.pupils.groups import GroupName, natural_order
from outreach.pupils.models import GroupKind


@pytest.mark.parametrize("kind", GroupKind)
@pytest.mark.parametrize("name", ["10A", "10A/Ma1", "teaching:10A", "registration:", "a:b"])
def test_a_key_is_read_back_as_the_group_it_names(kind: GroupKind, name: str) -> None:
    group = GroupName(kind, name)

    assert GroupName.read(group.key) == group


def test_a_registration_group_goes_by_its_name_alone() -> None:
    assert GroupName(GroupKind.REGISTRATION, "10A").key == "10A"
    assert GroupName(GroupKind.TEACHING, "10A").key == "teaching:10A"


def test_groups_stand_in_the_order_a_person_would_give_them() -> None:
    names = ["10A", "9B", "10a2", "9A", "", "²"]

    assert sorted(names, key=natural_order) == ["", "²", "9A", "9B", "10A", "10a2"]
