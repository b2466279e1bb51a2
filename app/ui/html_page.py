"""One HTML file of text, tables and figures that opens offline and asks no network for anything.

Everything that is not a tag of this module is escaped. The page's policy (CSP) allows the two
scripts of this module by their hashes and nothing else: a script that came in with the data would
not run, and nothing is loaded from or sent to anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Mapping, Sequence
from typing import Final

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

FONT: Final = '"Source Sans", "Source Sans Pro", "Segoe UI", "Helvetica Neue", Arial, sans-serif'
STARTER: Final = """
"use strict";
for (const place of document.querySelectorAll(".figure")) {
  const said = JSON.parse(document.getElementById(place.dataset.of).textContent);
  Plotly.newPlot(place, said.data, said.layout, {responsive: true, displaylogo: false});
}
"""
"""Draws the figures from the data beside them."""
STYLE: Final = """
:root { color-scheme: light; --ink: #1b1f24; --pale: #626a75; --line: #d9dce1; --ground: #f3f4f6; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 32px 28px 64px; color: var(--ink);
  background: #fff; font: 15px/1.5 FONT; font-variant-numeric: tabular-nums; }
h1 { font-size: 27px; margin: 0 0 4px; }
h2 { font-size: 19px; margin: 40px 0 8px; padding-top: 14px; border-top: 1px solid var(--line); }
p { margin: 6px 0; max-width: 85ch; overflow-wrap: anywhere; }
p.pale { color: var(--pale); font-size: 13.5px; }
nav { columns: 4 180px; margin: 18px 0 0; font-size: 14px; }
nav a { color: #005a8d; display: block; text-decoration: none; padding: 1px 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px;
  margin: 16px 0 4px; }
.tile { border: 1px solid var(--line); border-radius: 4px; padding: 9px 12px; }
.tile b { display: block; font-size: 23px; line-height: 1.25; font-weight: 600; }
.tile span { color: var(--pale); font-size: 13px; }
.wide { overflow-x: auto; margin: 10px 0; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; line-height: 1.4; }
th { text-align: left; font-weight: 600; background: var(--ground); vertical-align: bottom; }
th, td { padding: 5px 9px; border-bottom: 1px solid var(--line); }
td { vertical-align: top; overflow-wrap: anywhere; }
td.number, th.number { text-align: right; white-space: nowrap; overflow-wrap: normal; }
tr:has(+ tr.note) td { border-bottom: 0; font-weight: 600; padding-bottom: 0; }
tr.note td { color: var(--pale); padding-top: 2px; }
.figure { width: 100%; }
@media print { body { max-width: none; padding: 0; } h2, tbody, .figure { break-inside: avoid; } }
""".replace("FONT", FONT)


class Page:
    """Collects the parts of the file in their order."""

    def __init__(self, title: str) -> None:
        """Begin with a heading; the title is shown as it is."""
        self._title = title
        self._parts: list[str] = []
        self._sections: list[str] = []
        self._data: list[str] = []

    def section(self, heading: str) -> None:
        """Begin a section, and name it in the contents."""
        self._sections.append(heading)
        self._parts.append(f'<h2 id="s{len(self._sections)}">{_safe(heading)}</h2>')

    def say(self, text: str, pale: bool = False) -> None:
        """Add a paragraph; ``pale`` for remarks."""
        self._parts.append(f'<p class="{"pale" if pale else ""}">{_safe(text)}</p>')

    def tiles(self, numbers: Sequence[tuple[str, str]]) -> None:
        """Add numbers in large type: name and number of each."""
        said = "".join(
            f'<div class="tile"><span>{_safe(name)}</span><b>{_safe(number)}</b></div>'
            for name, number in numbers
        )
        self._parts.append(f'<div class="tiles">{said}</div>')

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        numbers: Sequence[str] = (),
        widths: Mapping[str, str] | None = None,
        notes: Sequence[Sequence[str]] = (),
    ) -> None:
        """Add a table.

        Args:
            columns: Headings.
            rows: Cells, shown as text.
            numbers: Columns that are set to the right.
            widths: Column -> CSS width, such as ``30%``.
            notes: For each row, lines that stand below it over its whole width.
        """
        kinds = ["number" if name in numbers else "" for name in columns]
        sizes = "".join(
            f'<col style="width:{(widths or {}).get(name, "auto")}">' for name in columns
        )
        head = _cells("th", columns, kinds)
        body = "".join(
            f"<tbody><tr>{_cells('td', row, kinds)}</tr>{_note(note, len(columns))}</tbody>"
            for row, note in zip(rows, notes or [()] * len(rows), strict=True)
        )
        self._parts.append(
            f'<div class="wide"><table><colgroup>{sizes}</colgroup>'
            f"<thead><tr>{head}</tr></thead>{body}</table></div>"
        )

    def figure(self, figure: go.Figure, name: str) -> None:
        """Add a figure, in light colours; ``name`` says what it is to those who cannot see it."""
        figure.update_layout(
            template="plotly_white",
            font={"color": "#1B1F24", "family": FONT.replace('"', "")},
            paper_bgcolor="rgba(0,0,0,0)",
        )
        figure.update_xaxes(title_font_size=13)
        figure.update_yaxes(title_font_size=13)
        key = f"f{len(self._data) + 1}"
        # In a script element "<" could end it: the data has none.
        said = str(figure.to_json()).replace("<", "\\u003c")
        self._data.append(f'<script type="application/json" id="{key}">{said}</script>')
        height = int(figure.layout.height or 360)
        self._parts.append(
            f'<div class="figure" role="img" aria-label="{_safe(name)}" data-of="{key}" '
            f'style="height:{height}px"></div>'
        )

    def html(self) -> str:
        """The whole file."""
        library = get_plotlyjs()
        contents = "".join(
            f'<a href="#s{place}">{_safe(heading)}</a>'
            for place, heading in enumerate(self._sections, start=1)
        )
        head, *rest = self._parts or [""]
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(library, STARTER)}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="referrer" content="no-referrer">\n'
            f"<title>{_safe(self._title)}</title>\n<style>{STYLE}</style></head>\n<body>\n"
            f"<h1>{_safe(self._title)}</h1>\n{head}\n<nav>{contents}</nav>\n"
            + "\n".join([*rest, *self._data])
            + f"\n<script>{library}</script>\n<script>{STARTER}</script>\n</body></html>\n"
        )


def _policy(*scripts: str) -> str:
    """Allow these scripts and inline styles; nothing else, and no network."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _cells(tag: str, cells: Sequence[object], kinds: Sequence[str]) -> str:
    return "".join(
        f'<{tag} class="{kind}">{_safe(cell)}</{tag}>'
        for cell, kind in zip(cells, kinds, strict=True)
    )


def _note(lines: Sequence[str], n_columns: int) -> str:
    said = "".join(f"<div>{_safe(line)}</div>" for line in lines)
    return f'<tr class="note"><td colspan="{n_columns}">{said}</td></tr>' if said else ""


def _safe(text: object) -> str:
    return html.escape(str(text), quote=True)
