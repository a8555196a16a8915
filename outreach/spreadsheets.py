"""Cells that a spreadsheet may safely open."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(cell: str | float | None) -> str | float | None:
    """A spreadsheet takes text that begins so for a formula and runs it: an apostrophe stops it."""
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell
