"""Wonde throttled, cut off, senseless, and led astray."""

import logging

import pytest

from outreach.practice.server import PracticeServer, Reply, Request
from outreach.pupils.sources import mapping as mapping_files
from outreach.pupils.sources.mapping import MappingFault
from outreach.pupils.sources.source import (
    Access,
    Nonsense,
    PutOff,
    Unreachable,
)
from outreach.pupils.sources.wonde import WondeSource
from outreach.pupils.sync.models import SourceKind
from tests.unit.pupils.wonde.asking import (
    EVERYTHING,
    SCHOOL,
    TOKEN,
    Wonde,
    failing_at,
    patience_of,
    source_of,
    whole,
)


def test_a_question_that_wonde_does_not_understand_leads_to_the_mapping_file(
    source: WondeSource, wonde: Wonde
) -> None:
    wonde.trouble = failing_at("/students", Reply(422, {"error": "include"}))

    with pytest.raises(Nonsense, match=r"wonde\.yaml"):
        whole(source)


def test_a_short_retry_after_is_waited_for(source: WondeSource, wonde: Wonde) -> None:
    wonde.trouble = failing_at("/students", Reply(429, headers={"Retry-After": "7"}), 1, after=1)

    assert sum(len(page.pupils) for page in whole(source)) == 450
    assert 7.0 in wonde.waits


def test_a_long_retry_after_puts_the_sync_off(source: WondeSource, wonde: Wonde) -> None:
    wonde.trouble = failing_at("/students", Reply(429, headers={"Retry-After": "900"}), after=1)
    pages = source.pages(EVERYTHING, changed_since=None, cursor=None)
    next(pages)

    with pytest.raises(PutOff, match="15 minutes") as put_off:
        next(pages)
    assert put_off.value.seconds == 900


@pytest.mark.parametrize("times", [1, 3])
def test_a_page_that_is_cut_off_is_asked_for_again(
    source: WondeSource, wonde: Wonde, times: int
) -> None:
    cut = Reply(200, {"data": [{"id": "A1"}] * 100}, cut_after=300)
    wonde.trouble = failing_at("/students", cut, times, after=1)

    pages = whole(source)

    assert sum(len(page.pupils) for page in pages) == 450
    assert len(wonde.waits) == times


def test_a_page_that_stays_cut_off_is_out_of_reach(source: WondeSource, wonde: Wonde) -> None:
    wonde.trouble = failing_at("/students", Reply(200, {"data": []}, cut_after=3), after=1)
    pages = source.pages(EVERYTHING, changed_since=None, cursor=None)
    next(pages)

    with pytest.raises(Unreachable, match="cut off, 4 times"):
        next(pages)
    assert wonde.waits == sorted(wonde.waits)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, content=b"<html>Sign in</html>"),
        Reply(200, content=b"[" * 100_000),
        Reply(200, content=b'{"data": [' + b"9" * 5_000 + b"]}"),
        Reply(200, [1, 2]),
        Reply(200, {"data": {"id": "A1"}}),
        Reply(200, {"data": [], "meta": {"pagination": {"more": True, "next": None}}}),
        Reply(200, {"data": [], "meta": {"pagination": {"more": True, "next": "?page=\n2"}}}),
        Reply(302, headers={"Location": "http://127.0.0.1:9/"}),
    ],
)
def test_an_answer_that_makes_no_sense_ends_the_reading(
    source: WondeSource, wonde: Wonde, reply: Reply
) -> None:
    wonde.trouble = failing_at("/students", reply)

    with pytest.raises(Nonsense):
        whole(source)


@pytest.mark.parametrize(
    "following",
    ["http://127.0.0.1:9/next", "//evil.example/next", "http://[", "http://127.0.0.1:port/"],
)
def test_a_next_page_on_another_host_never_sees_the_token(
    source: WondeSource, wonde: Wonde, following: str
) -> None:
    pagination = {"pagination": {"more": True, "next": following}}
    wonde.trouble = failing_at("/students", Reply(200, {"data": [], "meta": pagination}))

    with pytest.raises(Nonsense, match="another host"):
        whole(source)


def test_pages_that_lead_nowhere_come_to_an_end(
    source: WondeSource, wonde: Wonde, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach.pupils.sources.wonde.MOST_PAGES", 20)

    def circle(request: Request) -> Reply | None:
        other = {"a": "b"}.get(request.query.get("turn", "a"), "a")
        meta = {
            "pagination": {"more": True, "next": f"{request.path.rpartition('/')[2]}?turn={other}"}
        }
        return Reply(200, {"data": [], "meta": meta}) if "students" in request.path else None

    wonde.trouble = circle

    with pytest.raises(Nonsense, match="do not come to an end"):
        whole(source)


def test_no_token_shows_in_logs_errors_or_reprs(
    server: PracticeServer, wonde: Wonde, caplog: pytest.LogCaptureFixture
) -> None:
    access = Access(SourceKind.WONDE, SCHOOL, TOKEN)
    source = WondeSource(access, server.url("wonde"), patience_of(wonde))
    wonde.trouble = failing_at("/students", Reply(500), after=1)

    with caplog.at_level(logging.DEBUG), pytest.raises(Unreachable) as trouble:
        whole(source)

    name = next(iter(wonde.school.pupils.values())).surname
    for text in (caplog.text, repr(access), repr(source), str(trouble.value)):
        assert TOKEN not in text
        assert name not in text


def test_an_id_that_is_no_wonde_id_is_never_put_in_an_address(
    server: PracticeServer, wonde: Wonde
) -> None:
    access = Access(SourceKind.WONDE, "../schools/all", TOKEN)
    source = WondeSource(access, server.url("wonde"), patience_of(wonde))

    with pytest.raises(Nonsense, match="ID is not one of Wonde's"):
        source.standing()
    assert not wonde.asked


@pytest.mark.parametrize(
    ("was", "is_now", "words"),
    [
        ("  mis_id: {called: id", "  mis_ident: {called: id", "fields"),
        ("  mis_id: {called: id, paths: [id]}\n", "", "mis_id is missing"),
        ("otherwise: teaching", "otherwise: learning", "otherwise"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_where(
    server: PracticeServer,
    wonde: Wonde,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    was: str,
    is_now: str,
    words: str,
) -> None:
    text = (mapping_files.FOLDER / "wonde.yaml").read_text(encoding="utf-8")
    folder = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("DATA_DIR", str(folder))
    (folder / "mappings").mkdir()
    assert was in text
    (folder / "mappings" / "wonde.yaml").write_text(text.replace(was, is_now), encoding="utf-8")

    with pytest.raises(MappingFault, match=words):
        source_of(server, wonde)
