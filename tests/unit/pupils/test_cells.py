"""Cells that are far too long: refused before anything looks at them, and not remembered."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from outreach.pupils import addresses
from outreach.pupils.sources import cells
from outreach.pupils.sources.cells import BadCell, read_date, read_groups, read_year

LONG = " " * 1_000_000


@pytest.mark.parametrize(
    ("read", "cell"), [(read_date, f"04/09/2011{LONG}"), (read_year, f"{LONG}10")]
)
def test_a_padded_cell_is_refused(read: Callable[[str], object], cell: str) -> None:
    assert read(cell.strip()) is not None
    with pytest.raises(BadCell):
        read(cell)


def test_what_is_long_is_not_remembered() -> None:
    caches = [cells._read_date, cells._read_year, cells._read_groups, addresses._check]
    before = [cache.cache_info().currsize for cache in caches]

    for read, cell in ((read_date, LONG), (read_year, LONG), (read_groups, f"9A/Ma{LONG}")):
        with suppress(BadCell):
            read(cell)
    assert not isinstance(addresses.check_quickly("a" * 1_000_000 + "@b.example"), str)

    assert [cache.cache_info().currsize for cache in caches] == before
