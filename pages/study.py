"""Study: does LLMHNI tell hard from noisy better than what one would use instead? The evidence."""

from __future__ import annotations

import streamlit as st

from app.ui.study import (
    ablations,
    cells,
    choice,
    detection,
    header,
    negatives,
    ranking,
    tradeoff,
    verdicts,
)

CELLS = "Cells"
VIEWS = {
    "Verdicts": verdicts.draw,
    "Detection": detection.draw,
    "Ranking": ranking.draw,
    "Trade-off": tradeoff.draw,
    "Ablations": ablations.draw,
    "Negatives": negatives.draw,
}

st.title("Study")
top = st.container(horizontal=True, vertical_alignment="bottom")
with top:
    one = choice.draw()
if one is None:
    header.empty()
    st.stop()
about = header.draw(one, top)
view = st.segmented_control(
    "View",
    [*VIEWS, CELLS],
    default="Verdicts",
    required=True,
    key="st_view",
    bind="query-params",
    label_visibility="collapsed",
)
if view == CELLS:
    cells.draw(one, about)
elif not about.n_rows:
    st.info("No cell is finished yet.", icon=":material/hourglass_empty:")
else:
    VIEWS[str(view)](one)
    header.foot()
