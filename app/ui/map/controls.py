"""Choices of the map page: the widgets above the map, and what is chosen on the map itself.

All of it stands in the address. Outline, chosen point and hidden classes have no widget: session
state holds them, and they are written into the address at every run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, cast

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.services import map_classes, map_selection
from app.services.maps import What
from app.services.store import Run
from app.ui.map.component import LEGEND_KEY, MAP_KEY
from app.ui.map.figure import outlined
from app.ui.map.scene import NAMES, SIDE_BY_SIDE

WHAT, LAYOUT, COLOUR, FIND, DRAW = "sm_points", "sm_view", "sm_color", "sm_find", "sm_draw"
AREA, PICK, HIDE = "sm_area", "sm_pick", "sm_hide"
PLOT_KEY: Final = "sm_plot"
MISSING_KEY: Final = "sm_no_webgl"
FEW: Final = 30_000
"""Most points for plotly."""

Renderer = Literal["plotly", "webgl", "raster"]
WHATS: Final[dict[str, str]] = {
    "nodes": "Users + items",
    "users": "Users",
    "items": "Items",
    "interactions": "Interactions",
}
LAYOUTS: Final = {SIDE_BY_SIDE: "Side by side", "aligned": "Aligned", "raw": "Raw"}
DRAWINGS: Final = {"auto": "Automatic", "plotly": "Plotly", "webgl": "WebGL", "raster": "Pixels"}
STYLE: Final = """<style>
.st-key-sm_store {position: absolute; height: 0; overflow: hidden}
.st-key-chart_sm_plot > [data-testid="stElementContainer"]:first-child {
  border: 1px solid var(--st-border-color, #8884); border-radius: 4px}
.st-key-sm_name [data-testid="stText"] {font-size: 1.3rem; font-weight: 600}
.st-key-sm_said [data-testid="stVerticalBlock"], .st-key-sm_said {gap: .35rem}
</style>"""


@dataclass(frozen=True)
class Choices:
    """What the page is to show."""

    what: What
    layout: str
    colour: str
    find: str
    draw: str
    area: map_selection.Area | None
    pick: str
    """``n12``: node 12; ``r5``: interaction 5; empty: none."""

    @property
    def hidden(self) -> frozenset[int]:
        """Hidden classes of the colouring in force."""
        colour, _, places = str(st.session_state.get(HIDE) or "").partition(":")
        known = places.split(",") if colour == f"{self.what} {self.colour}" else []
        return frozenset(int(place) for place in known if place.isdecimal())

    def renderer(self, n_points: int) -> Renderer:
        """Who draws so many points."""
        if self.draw == "raster" or st.session_state.get(MISSING_KEY):
            return "raster"
        if self.draw in ("plotly", "webgl") and not (self.draw == "plotly" and n_points > FEW):
            return cast(Renderer, self.draw)
        return "plotly" if n_points <= FEW else "webgl"

    def picked(self, kind: str) -> int | None:
        """Number of the chosen point, if it is a node (``n``) or an interaction (``r``)."""
        number = self.pick[1:]
        return int(number) if self.pick[:1] == kind and number.isdecimal() else None


def draw(run: Run, beside: DeltaGenerator) -> Choices:
    """Draw the widgets above the map, and that of the colour ``beside`` it."""
    st.html(STYLE)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        what = cast(What, _segments("Points", WHATS, WHAT, _points_help()))
        layout = _segments("Map", LAYOUTS, LAYOUT, _map_help())
        with st.container(width=200):
            find = st.text_input(
                "Find",
                key=FIND,
                bind="query-params",
                type="search",
                placeholder="title or user",
                help="Marks the points with this in their title. Users go by their id.",
            )
        with st.popover("Drawing", icon=":material/tune:"):
            drawing = _segments("Draw with", DRAWINGS, DRAW, _draw_help())
    _sync_address()
    with beside:
        colour = _colour(run, what)
    area = map_selection.read_area(str(st.session_state.get(AREA) or ""))
    pick = str(st.session_state.get(PICK) or "")
    return Choices(what, layout, colour, find.strip(), drawing, area, pick)


def _sync_address() -> None:
    """Take what has no widget from the address, at first, and write it there from then on."""
    for key in (AREA, PICK, HIDE):
        value = str(st.session_state.setdefault(key, st.query_params.get(key, "")))
        if value and st.query_params.get(key) != value:
            st.query_params[key] = value
        elif not value and key in st.query_params:
            del st.query_params[key]


def on_map(ids: np.ndarray, letter: str) -> None:
    """Take an event of the component: an outline, a point or neither.

    Args:
        ids: Node or row of each point, ``(P,)``.
        letter: ``n`` for nodes, ``r`` for interactions.
    """
    event = st.session_state[MAP_KEY]["event"] or {}
    if event.get("kind") == "pick" and 0 <= int(event["place"]) < len(ids):
        st.session_state[PICK] = f"{letter}{ids[int(event['place'])]}"
    elif event.get("kind") == "area":
        corners = np.array(event["corners"], float).reshape(-1, 2)
        st.session_state[AREA] = map_selection.write_area(str(event["view"]), corners)
    elif event.get("kind") == "clear":
        clear()


def on_plot(panes: tuple[str, ...], letter: str) -> None:
    """Take a selection of the plotly figure; points are known by id, never by place."""
    selection = st.session_state[PLOT_KEY]["selection"]
    drawn = outlined(selection, panes)
    if drawn is not None:
        st.session_state[AREA] = map_selection.write_area(*drawn)
    elif selection["points"] and "customdata" in selection["points"][0]:
        st.session_state[PICK] = f"{letter}{int(selection['points'][0]['customdata'][0])}"


def on_legend(choices: Choices) -> None:
    """Hide a class, or show it again."""
    press = st.session_state[LEGEND_KEY]["press"]
    if press is None:
        return
    hidden = choices.hidden ^ {int(press["place"])}
    places = ",".join(str(place) for place in sorted(hidden))
    st.session_state[HIDE] = f"{choices.what} {choices.colour}:{places}" if hidden else ""


def on_missing() -> None:
    """Remember that the browser has no WebGL2."""
    st.session_state[MISSING_KEY] = bool(st.session_state[LEGEND_KEY]["missing"])


def clear() -> None:
    """Forget the outline, the search and the chosen point."""
    st.session_state[AREA] = ""
    st.session_state[FIND] = ""
    st.session_state[PICK] = ""


def _segments(label: str, titles: dict[str, str], key: str, help_text: str) -> str:
    """One of several, the first to begin with."""
    chosen = st.segmented_control(
        label,
        list(titles),
        default=next(iter(titles)),
        format_func=titles.__getitem__,
        key=key,
        bind="query-params",
        required=True,
        help=help_text,
    )
    return str(chosen)


def _colour(run: Run, what: What) -> str:
    options = map_classes.colours(run, what)
    if st.session_state.get(COLOUR) not in (None, *options):
        st.session_state[COLOUR] = options[0]
    return str(
        st.selectbox(
            "Colour",
            options,
            format_func=lambda name: _capital(map_classes.title(what, name)),
            key=COLOUR,
            bind="query-params",
            help="  \n".join(
                f"**{_capital(map_classes.title(what, name))}**: {map_classes.MEANINGS[name][1]}"
                for name in options
            ),
        )
    )


def _capital(title: str) -> str:
    return title[:1].upper() + title[1:]


def _points_help() -> str:
    return (
        "A user lies where the text about their history lies, an item where its text lies. An "
        "interaction lies midway between its user and its item: far from both means they are far "
        "apart."
    )


def _map_help() -> str:
    return (
        f"**{NAMES['raw']}**: what the texts say.  \n**{NAMES['aligned']}**: the same texts "
        "projected into the space of the recommender. Both are UMAP pictures: what is near is "
        "alike, distances between far groups mean little. Colours are the same on both."
    )


def _draw_help() -> str:
    return (
        f"Automatic: plotly up to {FEW:,} points, WebGL above, pixels where the browser has no "
        "WebGL2."
    )
