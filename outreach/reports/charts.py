"""Charts as SVG, by pygal: no script, no font or style from elsewhere, and a number on every bar.

A page shows one as an image with a text alternative, a document places the same drawing. Either
has the table of the same numbers beside it: a chart only repeats what stands there.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pygal
from pygal.style import Style

# pygal puts a finder of its plug-ins, of an old kind, into the list that every later import asks.
sys.meta_path[:] = [one for one in sys.meta_path if type(one).__module__ != pygal.__name__]

WIDTH = 800
ROW = 22
"""Height of one bar."""
GAP = 10
COLOURS = ("#3d85c6", "#d9822b", "#2e9e6b", "#a879c9", "#d9635a", "#868f99")
"""Each at least 3:1 on white, and black numbers on each at least 4.5:1."""
_FONT = "Atkinson Hyperlegible, Noto Sans, DejaVu Sans, Arial, sans-serif"
_NOT_DRAWN = re.compile(r"<!--.*?-->|<script\b.*?</script>|<script\b[^>]*/>", re.DOTALL)
_LONGEST_LABEL = 46
_LETTER = 9
"""Width of a letter of the legend, rather too much than too little."""


@dataclass(frozen=True)
class Chart:
    """`alt` says what is drawn; the numbers are in the table."""

    svg: str
    alt: str

    @property
    def address(self) -> str:
        """For the `src` of an image: no second request, and no other page to keep from others."""
        return f"data:image/svg+xml,{quote(self.svg, safe=_PLAIN)}"


_PLAIN = " !$()*+,-./:;=?@[]_{}~"
Series = Sequence[tuple[str, Sequence[float | None]]]


def bars(labels: Sequence[str], series: Series, alt: str, *, unit: str = "%") -> Chart:
    """From 0 to 100 across; one bar a label and series, the first label on top."""
    height = 50 + 40 * (len(series) > 1) + (GAP + ROW * len(series)) * len(labels)
    chart = pygal.HorizontalBar(
        **_settings(series, height, unit), range=(0, 100), spacing=12, margin_right=30
    )
    chart.x_labels = [_short(label) for label in reversed(labels)]
    chart.y_labels = [0, 25, 50, 75, 100]
    for name, values in series:
        chart.add(name, list(reversed(values)))
    return _drawn(chart, alt)


def stacked(labels: Sequence[str], series: Series, alt: str, *, unit: str = "") -> Chart:
    """Counts that add up to the whole of each label, the first label on top."""
    chart = pygal.HorizontalStackedBar(
        **_settings(series, 115 + (GAP + ROW) * len(labels), unit), spacing=12
    )
    chart.x_labels = [_short(label) for label in reversed(labels)]
    for name, values in series:
        chart.add(name, [value or None for value in reversed(values)])
    return _drawn(chart, alt)


def lines(labels: Sequence[str], series: Series, alt: str, *, unit: str = "%") -> Chart:
    """From 0 to 100 upwards, over the labels; a gap where there is no value."""
    chart = pygal.Line(
        **_settings(series, 340 + 25 * -(-len(series) // _legend_columns(series)), unit),
        margin_right=50,
        range=(0, 100),
        dots_size=5,
        stroke_style={"width": 3},
    )
    chart.x_labels = list(labels)
    chart.y_labels = [0, 25, 50, 75, 100]
    for name, values in series:
        chart.add(name, list(values))
    return _drawn(chart, alt)


def _settings(series: Series, height: int, unit: str) -> dict[str, Any]:
    return {
        "style": _style(),
        "js": [],
        "width": WIDTH,
        "height": height,
        "print_values": True,
        "value_formatter": lambda value: f"{value:g}{unit}" if value else "",
        "show_legend": len(series) > 1,
        "legend_at_bottom": True,
        "legend_at_bottom_columns": _legend_columns(series),
        "truncate_legend": -1,
        "truncate_label": -1,
        "disable_xml_declaration": True,
        "no_data_text": "",
    }


def _legend_columns(series: Series) -> int:
    """As many beside each other as have room: a name that is too long would run into the next."""
    longest = max((len(name) for name, _ in series), default=0)
    return max(1, min(len(series), 3, (WIDTH - 150) // (_LETTER * longest + 40)))


def _style() -> Style:
    return Style(
        background="#ffffff",
        plot_background="#ffffff",
        foreground="#1d2733",
        foreground_strong="#1d2733",
        foreground_subtle="#c3c9d1",
        guide_stroke_color="#d7dbe0",
        major_guide_stroke_color="#d7dbe0",
        opacity="1",
        opacity_hover="1",
        transition="0s",
        colors=COLOURS,
        value_colors=("#000000",) * len(COLOURS),
        font_family=_FONT,
        label_font_size=15,
        major_label_font_size=15,
        value_font_size=14,
        legend_font_size=15,
    )


def _drawn(chart: Any, alt: str) -> Chart:
    """The same numbers give the same drawing: pygal's own id, its dated remark
    and its settings for a script that is not there are taken out."""
    chart.uuid = "c"
    drawn = chart.render(is_unicode=True).replace("chart-c", "c")
    return Chart(_NOT_DRAWN.sub("", drawn), alt)


def _short(label: str) -> str:
    if len(label) <= _LONGEST_LABEL:
        return label
    return f"{label[: _LONGEST_LABEL - 1].rstrip()}…"
