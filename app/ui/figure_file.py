"""A figure as an HTML file of its own, which says what it shows and where it comes from."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from app.ui import theme


def write(figure: go.Figure, config: Mapping[str, Any], title: str, source: str) -> str:
    """Write the figure with everything it needs: it opens offline.

    Args:
        figure: What to draw.
        config: Of plotly.
        title: What the figure shows; any text.
        source: Page and run it comes from; any text.
    """
    drawn = figure.to_html(include_plotlyjs=True, full_html=False, config=dict(config))
    shown, whence = html.escape(title), html.escape(source)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{shown} · {whence}</title>\n"
        f"<style>body {{ font-family: {theme.FONT}; margin: 1.2rem }}"
        " h1 { font-size: 1.2rem; margin: 0 0 .2rem } p { color: #5A6068; margin: 0 0 .8rem }"
        f"</style>\n</head>\n<body>\n<h1>{shown}</h1>\n<p>{whence}</p>\n{drawn}\n</body>\n</html>\n"
    )


def title_of(name: str, run_id: str = "") -> str:
    """What a figure shows, from its file name: ``run-1-loss-curves`` -> ``Loss curves``."""
    words = name.removeprefix(f"{run_id}-").replace("-", " ").replace("_", " ").strip()
    return f"{words[:1].upper()}{words[1:]}"
