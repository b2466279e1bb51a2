"""Data map: mean loss against variability, with a lasso that leads to the review list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services import data_map
from app.services.store import Run
from app.ui import components, review, state, theme
from app.ui.figures import data_map as figures
from app.ui.graph_edges import mark
from app.ui.loss_distribution import choice

POINTS, DENSITY = "Points", "Density"
VERDICTS: Final = tuple(theme.VERDICT_SIGNS)
READING: Final = (
    "Low and left: easy. Right: the model keeps changing its mind (ambiguous). High: never learnt, "
    "where hard and noisy lie together. After Swayamdipta et al., EMNLP 2020, with the "
    "out-of-fold loss in place of the confidence."
)


def draw(run: Run) -> None:
    """Draw the view."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        kind = choice("Draw", [POINTS, DENSITY], "ls_map", DRAW_HELP)
        verdicts = st.pills(
            "Verdict",
            list(VERDICTS),
            selection_mode="multi",
            format_func=lambda name: f"{theme.VERDICT_SIGNS[name]} {name}",
            key="ls_verdict",
            bind="query-params",
            help="None chosen: all.",
        ) or list(VERDICTS)
    chosen = state.current_list(run)
    path = str(chosen.path) if chosen else ""
    sample = state.ask(data_map.sample, run, data_map.SAMPLE, path)
    if sample.points.empty:
        st.info("No mean loss of these interactions is known.", icon=":material/info:")
        return
    shown = [verdict for verdict in VERDICTS if verdict in verdicts and verdict in sample.totals]
    if not shown:
        st.info("No interaction has this verdict.", icon=":material/filter_alt:")
        return
    key = mark([run.id, kind, shown, path])
    place = st.container()  # what was selected is said above the picture
    if kind == POINTS:
        figure = figures.points(sample, shown, key)
    else:
        fine = 70 if run.manifest.n_interactions > 100_000 else 36
        cells = state.ask(data_map.cells, run, fine, path)
        figure = figures.density(cells, shown, sample, key)
    name = f"{run.id}-data-map-{kind.lower()}"
    event = components.chart(figure, f"ls_map_{key}", name, on_select="rerun")
    _remark(kind, sample)
    with place:
        found = _selected(run, event, shown, path, panels=kind == DENSITY)
        _send(run, found)


DRAW_HELP: Final = (
    f"**Points**: at most {data_map.SAMPLE:,}, of each verdict the same number if there are. "
    "**Density**: all of them, counted in cells. Either way a box or a lasso selects among all."
)


def _remark(kind: str, sample: data_map.Sample) -> None:
    total = sum(sample.totals.values())
    drawn = len(sample.points)
    sampled = (
        f" A sample of {drawn:,} of {total:,} points is drawn, of each verdict the same number if "
        "there are; a box or a lasso still selects among all."
        if kind == POINTS and drawn < total
        else ""
    )
    st.caption(READING + sampled)


def _selected(
    run: Run, event: Mapping[str, Any], shown: list[str], path: str, panels: bool
) -> pd.DataFrame:
    """Interactions in the drawn areas, or the points that were clicked: columns row, verdict."""
    selection = event["selection"] if event else {}
    parts = []
    for area in [*selection.get("box", []), *selection.get("lasso", [])]:
        x, y = list(map(float, area["x"])), list(map(float, area["y"]))
        if len(x) == 2:  # a box: two opposite corners
            x, y = [x[0], x[1], x[1], x[0]], [y[0], y[0], y[1], y[1]]
        verdicts = shown
        if panels:  # the axes are x, x2, x3
            panel = int(str(area.get("xref", "x")).removeprefix("x") or 1) - 1
            verdicts = shown[panel : panel + 1]
        # Not kept: every area is new, and its rows can be megabytes.
        parts.append(data_map.inside(run, x, y, verdicts, path))
    if not parts and selection.get("points"):
        ids = [_number(point) for point in selection["points"]]
        parts.append(data_map.verdicts_of(run, [number for number in ids if number is not None]))
    empty = pd.DataFrame({"row": [], "verdict": []})
    return pd.concat(parts).drop_duplicates("row") if parts else empty


def _number(point: Mapping[str, Any]) -> int | None:
    """Number of the interaction of a point: never its place in the picture."""
    data = point.get("customdata")
    return int(data[0]) if data else None


def _send(run: Run, found: pd.DataFrame) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if found.empty:
            st.caption("Draw a lasso or a box around interactions to review them.")
            return
        counts = found["verdict"].value_counts()
        said = ", ".join(
            f"{theme.VERDICT_SIGNS[name]} {counts[name]:,} {name}"
            for name in VERDICTS
            if name in counts
        )
        st.text(f"{len(found):,} selected: {said}")
        source = "an area of the data map"
        if st.button("Review them", type="primary", icon=":material/checklist:", key="ls_send"):
            review.show_list(run, found["row"].to_numpy(), source)
        if st.button("Draw their curves", icon=":material/show_chart:", key="ls_to_curves"):
            state.keep_list(run, found["row"].to_numpy(), source)
            state.set_next(ls_view="Loss curves")
            st.rerun()
