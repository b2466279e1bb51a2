"""Loss by group and epoch: histogram, density or cumulative share, with a slider and play."""

from __future__ import annotations

from typing import Final

import numpy as np
import streamlit as st

from app.services import losses
from app.services.store import Run
from app.ui import components, state
from app.ui.figures import loss_lines
from app.ui.figures import losses as figures
from app.ui.glossary import explain

OUT_OF_FOLD, IN_SAMPLE = "Out of fold", "In sample"
AXES: Final = {OUT_OF_FOLD: "Out-of-fold loss", IN_SAMPLE: "In-sample loss"}
COLUMNS: Final = {OUT_OF_FOLD: "loss", IN_SAMPLE: "loss_in_sample"}
LOSS_HELP: Final = (
    "**Out of fold**: by models that never saw the interaction. **In sample**: by the model that "
    "was trained on everything. In sample even noise is learnt by heart and its loss falls."
)
BEHIND: Final = (
    f" Behind each kind, in grey: {losses.GENUINE}; where it is higher than the picture it is cut "
    "off. ◆ planted hard, ✕ planted noise."
)
VERDICT, KIND = "Verdict", "Planted kind"
LINEAR, LOG = "Linear", "Log"


def draw(run: Run) -> None:
    """Draw the view."""
    planted = state.ask(losses.planted, run)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        form = choice("Show", list(loss_lines.FORMS), "ls_form", "How the losses are drawn.")
        by = choice(
            "By", [VERDICT, KIND], "ls_by", explain("planted") if planted else "", bool(planted)
        )
        loss = choice("Loss", list(COLUMNS), "ls_loss", LOSS_HELP)
        scale = choice("Axis", [LINEAR, LOG], "ls_x", "Log spreads out the many small losses.")
    chosen = state.current_list(run)
    path = str(chosen.path) if chosen else ""
    found = state.ask(losses.bins, run, COLUMNS[loss], _by(by), scale == LOG, path)
    if not len(found.epochs):
        st.info("This run kept no losses by epoch.", icon=":material/info:")
        return
    shapes, remark = shape(found, form, AXES[loss])
    figure = figures.by_epoch(shapes, planted, _notes(found, planted))
    components.chart(figure, "ls_epochs", f"{run.id}-losses-{COLUMNS[loss]}-{form.lower()}")
    n_shown, n_epochs = len(figures.frames_of(len(found.epochs))), len(found.epochs)
    thinned = f" {n_shown} of {n_epochs} epochs, evenly spread." if n_shown < n_epochs else ""
    behind = BEHIND if len(loss_lines.panels(shapes.groups)) > 1 else ""
    st.caption(
        f"{remark}{behind} The axes stay the same over the epochs; at first all losses are alike, "
        f"and taller peaks are cut off. At most 0.1 % of an epoch's losses lie beyond the right "
        f"end.{thinned}"
    )


def choice(label: str, options: list[str], key: str, help_text: str, possible: bool = True) -> str:
    """A choice among few, part of the address; the first where there is no choice."""
    chosen = st.segmented_control(
        label,
        options,
        default=options[0],
        required=True,
        key=key,
        bind="query-params",
        help=help_text or "The truth is not known: nothing was planted in this data.",
        disabled=not possible,
    )
    return str(chosen) if possible and chosen else options[0]


def shape(found: losses.Bins, form: str, axis: str) -> tuple[loss_lines.Shapes, str]:
    """Turn counts into curves of the form, and say how."""
    if form == loss_lines.HISTOGRAM:
        x, y = losses.histogram(found)
        remark = f"{y.shape[2]} bins of equal {'ratio' if found.log else 'width'}."
    elif form == loss_lines.DENSITY:
        x, y, sigma = losses.density(found)
        unit = " of the natural logarithm" if found.log else ""
        remark = (
            f"Counts in {found.counts.shape[2]:,} fine bins, smoothed by a Gaussian of standard "
            f"deviation {sigma:.3f}{unit}."
        )
    else:
        x, y = losses.cumulative(found)
        remark = f"Empirical distribution, from {found.counts.shape[2]:,} fine bins."
    sizes = tuple(int(n) for n in found.totals[-1]) if len(found.totals) else ()
    return loss_lines.Shapes(form, found.epochs, found.groups, sizes, x, y, found.log, axis), remark


def _by(by: str) -> str:
    return "kind" if by == KIND else "verdict"


def _notes(found: losses.Bins, planted: dict[str, str]) -> list[str] | None:
    """How far hard and noisy overlap, by epoch."""
    if "hard" in found.groups and "noisy" in found.groups:
        sides, names = (["hard"], ["noisy"]), "hard and noisy"
    else:
        kinds = [[kind for kind in planted if planted[kind] == side] for side in ("hard", "noise")]
        sides = (kinds[0], kinds[1])
        names = "planted hard and planted noise"
    if not all(sides):
        return None
    area = losses.shared_area(found, *sides)
    return [
        f"{names} share {value:.0%} of their area" if np.isfinite(value) else "" for value in area
    ]
