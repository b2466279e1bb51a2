"""What the interactions of each verdict are, where noise was planted."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app.services import detection
from app.services.store import Run

SETS: Final = {"verdicts": "All interactions", "verdicts_top_loss": "The fifth of highest loss"}
PARTS: Final = {"noise": "Planted noise", "hard": "Hard", "ordinary": "Ordinary"}
HELP: Final = {
    "noise": "Planted noise among the interactions of this verdict.",
    "hard": "Genuine interactions that are labelled hard; where none are labelled, the genuine "
    "fifth with the lowest out-of-fold score.",
    "ordinary": "All other genuine interactions.",
}


def verdict_truth(run: Run) -> None:
    """Show two tables, of all interactions and of those where hard and noisy look alike."""
    found = detection.by_verdict(run)
    if not found:
        return  # nothing was planted, or the run is older than this count
    st.markdown("**What the verdicts fell upon**")
    n_left_out = detection.n_left_out(run)
    if n_left_out:
        st.caption(f"Without {n_left_out:,} interactions that labels told of.")
    for column, (name, title) in zip(st.columns(2), SETS.items(), strict=True):
        with column:
            st.caption(title)
            st.dataframe(
                _table(found[name]),
                column_config={
                    PARTS[part]: st.column_config.NumberColumn(format="percent", help=text)
                    for part, text in HELP.items()
                },
                placeholder="–",
            )


def _table(counts: dict[str, dict[str, int]]) -> pd.DataFrame:
    """Number of interactions and shares by verdict, and of all together."""
    table = pd.DataFrame.from_dict(counts, orient="index", columns=list(PARTS))
    table.loc["all"] = table.sum()
    size = table.sum(axis=1)
    shares = table.div(size.where(size > 0), axis=0).rename(columns=PARTS)
    shares.insert(0, "Interactions", size.astype(int))
    return shares.rename_axis("Verdict")
