"""Excel workbooks for tests, written part by part, so that a hostile one can be written too."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DAY_STYLE = 1

Cell = str | int | float | bool | date | None


def workbook(*sheets: Sequence[Sequence[Cell]], **parts: str) -> bytes:
    """Sheets of rows. `parts` replace or add members: `shared="<sst>…"`, `sheet1="<worksheet>…"`."""
    members = {f"sheet{number}": sheet(rows) for number, rows in enumerate(sheets, start=1)}
    return pack(members | parts)


def pack(parts: Mapping[str, str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    names = [name for name in parts if name.startswith("sheet")]
    files = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": parts.get("book") or _book(names),
        "xl/_rels/workbook.xml.rels": _links(names),
        "xl/styles.xml": (
            f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
            "</styleSheet>"
        ),
    }
    files |= {f"xl/worksheets/{name}.xml": parts[name] for name in names}
    if "shared" in parts:
        files["xl/sharedStrings.xml"] = parts["shared"]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def sheet(rows: Sequence[Sequence[Cell]], first_row: int = 1) -> str:
    lines = [
        f'<row r="{number}">{"".join(_cell(value) for value in row)}</row>'
        for number, row in enumerate(rows, start=first_row)
    ]
    return sheet_of("".join(lines))


def sheet_of(rows: str) -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def _cell(value: Cell) -> str:
    match value:
        case None:
            return "<c/>"
        case bool():
            return f'<c t="b"><v>{value:d}</v></c>'
        case int() | float():
            return f"<c><v>{value}</v></c>"
        case date():
            return f'<c s="{DAY_STYLE}"><v>{(value - date(1899, 12, 30)).days}</v></c>'
        case _:
            return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def _book(names: Sequence[str]) -> str:
    sheets = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="r{number}"/>'
        for number, name in enumerate(names, start=1)
    )
    return f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><sheets>{sheets}</sheets></workbook>'


def _links(names: Sequence[str]) -> str:
    links = "".join(
        f'<Relationship Id="r{number}" Type="{LINKS}/worksheet" Target="worksheets/{name}.xml"/>'
        for number, name in enumerate(names, start=1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>'
