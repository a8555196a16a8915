"""One school's roster from Wonde: students page by page, what is gone, and leavers."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime

from outreach.pupils.sources.http import Patience
from outreach.pupils.sources.mapping import as_cell, pick
from outreach.pupils.sources.records import Field
from outreach.pupils.sources.source import Access, Leaver, SourcePage, Standing
from outreach.pupils.sources.wonde_client import WondeClient, school_path
from outreach.pupils.sources.wonde_lists import MOST_PAGES, Closed, Rows, endless
from outreach.pupils.sources.wonde_mapping import wonde_mapping
from outreach.pupils.sources.wonde_records import read_gone, read_leavers, read_students
from outreach.pupils.sources.wonde_standing import ask_standing, find_trouble, no_students

DELETIONS = "deletions "
"""Before the address, in the cursor of a sync that has read all changes and not all deletions."""
_PATIENCE = Patience()


class WondeSource:
    """A `Source`. The access's own address, where there is one, comes before `base_url`."""

    def __init__(self, access: Access, base_url: str, patience: Patience = _PATIENCE) -> None:
        self._mapping = wonde_mapping()
        self._school_id = access.external_id
        self._client = WondeClient(
            access.url or base_url,
            access.secret,
            self._mapping,
            may_be_private=access.may_be_private or access.url is None,
            patience=patience,
        )

    @property
    def fields(self) -> Mapping[Field, str]:
        return self._mapping.called

    def standing(self) -> Standing:
        return ask_standing(self._client, self._mapping, self._school_id)

    def pages(
        self, wanted: Collection[Field], *, changed_since: datetime | None, cursor: str | None
    ) -> Iterator[SourcePage]:
        """What is gone follows the changes, on pages of its own. A cursor is the next address."""
        expected = None
        if cursor is None:
            expected = self._expected() if changed_since is None else None
            cursor = self._address("students", wanted, _since(changed_since))
        for _ in range(MOST_PAGES):
            if cursor.startswith(DELETIONS):
                page = self._read_gone(cursor.removeprefix(DELETIONS))
            else:
                page = self._read_students(wanted, cursor, changed_since, expected)
            yield page
            if page.next_cursor is None:
                return
            cursor = page.next_cursor
        raise endless()

    def leavers(self) -> Iterator[Leaver]:
        rule = self._mapping.leavers
        query = {"include": ",".join(rule.include)} if rule.include else {}
        try:
            for rows in self._client.every_page(
                f"{school_path(self._school_id)}/{rule.path}", query
            ):
                yield from read_leavers(self._mapping, rows)
        except Closed as closed:
            self._require_left_out(closed)

    def _address(self, path: str, wanted: Collection[Field], query: Mapping[str, str]) -> str:
        includes = self._mapping.includes(wanted)
        asked = {**query, "include": includes} if includes else query
        whole = f"{school_path(self._school_id)}/{path}"
        return self._client.address(whole, self._client.paged(asked))

    def _read_students(
        self,
        wanted: Collection[Field],
        address: str,
        changed_since: datetime | None,
        expected: int | None,
    ) -> SourcePage:
        try:
            page = self._client.page(address)
        except Closed as closed:
            self._require_left_out(closed)
            raise no_students() from None
        pupils, malformed = read_students(self._mapping, wanted, page.rows)
        following = page.next
        if following is None and changed_since is not None:
            rule = self._mapping.deletions
            query = {**rule.query, **_since(changed_since)}
            following = DELETIONS + self._address(rule.path, (), query)
        return SourcePage(pupils, following, expected, malformed)

    def _read_gone(self, address: str) -> SourcePage:
        try:
            page = self._client.page(address)
        except Closed as closed:
            self._require_left_out(closed)
            page = Rows((), None)
        following = None if page.next is None else DELETIONS + page.next
        return SourcePage((), following, gone=read_gone(self._mapping, page.rows))

    def _expected(self) -> int | None:
        """How many students Wonde counts, where it counts them for us."""
        rule = self._mapping.counts
        if not rule.paths:
            return None
        path = f"{school_path(self._school_id)}/{rule.path}"
        try:
            document = self._client.read(path, {"include": rule.include})
        except Closed:
            return None
        counts = (as_cell(pick(document, f"data.{path}")) for path in rule.paths)
        counted = next((count for count in counts if count), "")
        is_count = counted.isascii() and counted.isdigit() and len(counted) < 9
        return int(counted) if is_count else None

    def _require_left_out(self, closed: Closed) -> None:
        """Raise what has ended our permission; a list that it never covered is no trouble."""
        trouble = find_trouble(self._client, self._mapping, self._school_id, closed)
        if trouble is not None:
            raise trouble from None


def _since(moment: datetime | None) -> dict[str, str]:
    """`updated_after` takes a moment without a zone; what Wonde's own clients send is UTC."""
    if moment is None:
        return {}
    return {"updated_after": moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")}
