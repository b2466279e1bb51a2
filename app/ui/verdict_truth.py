"""What the verdicts fell upon where hard and noisy look alike: among the highest losses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd
import streamlit as st

from app.services import detection
from app.services.store import Run

PARTS: Final = {"noise": "Planted noise", "hard": "Hard", "ordinary": "Ordinary"}
HELP: Final = {
    "noise": "Planted noise among the interactions of this verdict.",
    "hard": "Genuine interactions that are labelled hard; where none are labelled, the genuine "
    "fifth with the lowest out-of-fold score.",
    "ordinary": "All other genuine interactions.",
}


def verdict_truth(run: Run) -> None:
    """Show the shares of noise, hard and ordinary ones by verdict."""
    counts = detection.by_verdict(run)
    if not counts:
        return  # nothing was planted, or the run is older than this count
    left_out = f", without {n:,} that labels told of" if (n := detection.n_left_out(run)) else ""
    st.caption(f"What the verdicts fell upon in the fifth with the highest loss{left_out}:")
    st.dataframe(
        _table(counts),
        column_config={
            PARTS[part]: st.column_config.NumberColumn(format="percent", help=text)
            for part, text in HELP.items()
        },
        placeholder="–",
    )
    if told := hard_ones(counts):
        st.caption(told)


def hard_ones(counts: Mapping[str, Mapping[str, int]]) -> str:
    """Which verdicts the hard ones have, the most frequent first; empty where there are none."""
    found = {verdict: of["hard"] for verdict, of in counts.items() if of["hard"]}
    total = sum(found.values())
    ranked = sorted(found, key=lambda verdict: -found[verdict])
    said = ", ".join(f"{found[name] / total:.0%} {name} ({found[name]:,})" for name in ranked)
    return f"Of the {total:,} hard ones among them the method calls {said}." if total else ""


def _table(counts: dict[str, dict[str, int]]) -> pd.DataFrame:
    """Number of interactions and shares by verdict, and of all together."""
    table = pd.DataFrame.from_dict(counts, orient="index", columns=list(PARTS))
    table.loc["all"] = table.sum()
    size = table.sum(axis=1)
    shares = table.div(size.where(size > 0), axis=0).rename(columns=PARTS)
    shares.insert(0, "Interactions", size.astype(int))
    return shares.rename_axis("Verdict")
