"""Documents: tagged, and nothing of the data is read as markup."""

import pytest

from outreach.documents.rendering import LARGEST, NoFont, render_pdf

WORDS = {
    "title": "Your own copy",
    "lead": "Said on 3 May.",
    "reference": "FSQ-7K3M-92QD",
    "next": "Next",
    "who": "Who to ask",
    "who_text": "Your tutor.",
    "said": "What you said",
}


def copy(language: str = "en", direction: str = "ltr", **changes: object) -> bytes:
    document = {
        "language": language,
        "direction": direction,
        "words": WORDS,
        "meanings": [["Sure about", ["Ideas"]], ["Empty", []]],
        "steps": ["One", "Two", "Three"],
        "sections": [{"title": "Plans", "rows": [["What next?", "College"]]}],
    }
    return render_pdf("copy.typ", document | changes)


def test_a_document_is_a_tagged_pdf() -> None:
    made = copy()

    assert made.startswith(b"%PDF-")
    assert b"pdfuaid" in made
    assert b"/StructTreeRoot" in made


@pytest.mark.parametrize(
    "hostile",
    [
        '#read("/etc/passwd")',
        '#import "@preview/x:1.0.0": *',
        "$ x $ *bold* _it_ `raw` <label> @ref \\ #",
        "= heading\n== another",
        "x" * 5_000,
        "Українська Ŵŷ \u202e",
    ],
    ids=["reads", "imports", "marks", "headings", "a long word", "scripts"],
)
def test_what_stands_in_the_data_is_printed_and_not_obeyed(hostile: str) -> None:
    made = copy(
        meanings=[[hostile, [hostile]]],
        steps=[hostile],
        sections=[{"title": hostile, "rows": [[hostile, hostile]]}],
    )

    assert made.startswith(b"%PDF-")


def test_text_without_a_font_is_said_so_and_can_be_left_blank() -> None:
    lost = {"steps": ["\U000fabcd \U0010abcd"]}  # for private use: no font draws them

    with pytest.raises(NoFont):
        copy(**lost)
    words = {"language": "en", "direction": "ltr", "words": WORDS, "meanings": [], "sections": []}
    assert render_pdf("copy.typ", words | lost, whatever_fonts=True).startswith(b"%PDF-")


def test_a_document_goes_from_right_to_left() -> None:
    assert copy("ar", "rtl") != copy("ar", "ltr")


def test_too_much_data_is_refused() -> None:
    with pytest.raises(ValueError, match="is no document"):
        copy(steps=["x" * LARGEST])
