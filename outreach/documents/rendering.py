"""A PDF from a template and data, by typst: tagged for screen readers (PDF/UA-1), without a browser.

Data reaches the template as JSON alone and is never read as markup, so that whatever a name or an
answer holds is printed as it is. Fonts are those of the machine before the one that typst brings.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typst

TEMPLATES = Path(__file__).parents[2] / "templates" / "documents"
LARGEST = 1_000_000
"""Characters of data."""


class NoFont(Exception):
    """This machine has no font for some of the text, so nobody could read it."""


def render_pdf(template: str, data: Mapping[str, Any], *, whatever_fonts: bool = False) -> bytes:
    """`template` is a file of templates/documents, such as `copy.typ`.

    Raises ValueError for too much data, and NoFont; with `whatever_fonts` what has no font is left
    blank, and the document promises nothing of its accessibility.
    """
    text = json.dumps(data, ensure_ascii=False, default=str)
    if len(text) > LARGEST:
        message = f"{template}: so much data ({len(text):,} characters) is no document"
        raise ValueError(message)
    try:
        made = typst.compile(
            str(TEMPLATES / template),
            root=str(TEMPLATES),
            format="pdf",
            sys_inputs={"data": text},
            pdf_standards=[] if whatever_fonts else ["ua-1"],
        )
    except typst.TypstError as fault:
        if "could not be displayed with font" in str(fault):
            raise NoFont from None
        raise
    assert isinstance(made, bytes)
    return made
