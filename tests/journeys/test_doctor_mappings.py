"""`outreach doctor` reads an operator's own mapping file as the next sync will."""

from pathlib import Path

from outreach import web
from outreach.doctor import Finding, Verdict, examine
from outreach.pupils.sources import mapping


def of_mappings(wired: web.Parts) -> list[Finding]:
    return [finding for finding in examine(wired) if finding.part == "mapping files"]


def test_an_operators_own_mapping_is_named_or_its_fault_is(
    wired: web.Parts, data_dir: Path
) -> None:
    own = data_dir / "mappings" / "wonde.yaml"
    own.parent.mkdir(exist_ok=True)
    try:
        assert of_mappings(wired) == []
        own.write_text((mapping.FOLDER / "wonde.yaml").read_text(encoding="utf-8"))
        [note] = of_mappings(wired)
        own.write_text("pages: [")
        [unreadable] = of_mappings(wired)
        own.write_text("no_such_key: 1")
        [wrong] = of_mappings(wired)
    finally:
        own.unlink()

    assert (note.verdict, unreadable.verdict, wrong.verdict) == (
        Verdict.NOTE,
        Verdict.WRONG,
        Verdict.WRONG,
    )
    assert str(own) in note.words
    assert "cannot be read" in unreadable.words
    assert str(own) in wrong.words
