"""What labels say so far: agreement with the model, precision from the random sample, people."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import duckdb
import pandas as pd
import streamlit as st

from app.services.labels import current, estimates
from app.services.labels.schema import CONFLICT, OBSERVED, UNOBSERVED, UNSURE
from app.services.store import Run
from app.ui import theme
from app.ui.label.labels import signed

SAMPLE_HELP: Final = (
    "From labels of the order Random sample alone: every other order picks what it shows. Share "
    "with the 95 % interval of Wilson. Labels given in bulk, in a filtered list or by an import do "
    "not count, even of the same pairs. Noisy is right where people say noisy, hard where they say "
    "hard, clean where they do not say noisy."
)
AGREE_HELP: Final = (
    "All labels on which people agree, by the model's verdict. The order of labelling decides "
    "which ones these are, so this is no estimate for the whole run."
)


ORDER: Final = (*OBSERVED, *UNOBSERVED, UNSURE, CONFLICT)
"""Of verdicts and labels in a table, whatever the counts are."""


class Counts(NamedTuple):
    """What the labels of a dataset say about a run."""

    precision: estimates.Precision
    agreement: pd.DataFrame
    people: pd.DataFrame


def draw(run: Run, cursor: duckdb.DuckDBPyConnection, moment: int) -> None:
    """Draw what the labels of the dataset say about a run.

    Args:
        run: Which run.
        cursor: Of the workspace database.
        moment: Counted anew where it is another one.
    """
    found = _count((str(run.folder), run.manifest.created.isoformat()), moment, run, cursor)
    grid = st.grid(min_column_width=330, gap=("small", "large"))
    with grid.cell(), st.container(gap="xxsmall"):
        st.markdown("##### How right the verdicts are", help=SAMPLE_HELP)
        _precision(found.precision)
    with grid.cell(), st.container(gap="xxsmall"):
        st.markdown("##### Agreement with the model", help=AGREE_HELP)
        _agreement(found.agreement)
    with grid.cell(), st.container(gap="xxsmall"):
        st.markdown("##### Who has labelled", help="Current labels of each person, unsure too.")
        _people(found.people)


@st.cache_data(max_entries=20, show_spinner=False, scope="session")
def _count(
    stamp: tuple[str, str],  # noqa: ARG001 - part of the key
    moment: int,  # noqa: ARG001 - likewise
    _run: Run,
    _cursor: duckdb.DuckDBPyConnection,
) -> Counts:
    dataset = _run.manifest.dataset
    return Counts(
        estimates.precision(_run, _cursor),
        estimates.agreement(_run, current.effective(_cursor, dataset)),
        current.people(_cursor, dataset),
    )


def share(yes: int, n: int, low: float, high: float, begun: bool = False) -> str:
    """A share with its interval and size: ``0.80 (0.49-0.94), n = 10``.

    Args:
        yes: How many.
        n: Of how many.
        low: Lower end of the interval.
        high: Upper end.
        begun: Whether there is a sample, though nothing of this kind in it.
    """
    if n == 0 or math.isnan(low):
        return "none in the sample yet" if begun else "needs the random order"
    return f"{yes / n:.2f} ({low:.2f}–{high:.2f}), n = {n:,}"


def _precision(found: estimates.Precision) -> None:
    begun = found.noise_rate.n > 0
    for one in found.by_verdict.to_dict("records"):
        verdict = str(one["verdict"])
        interval = float(one["low"]), float(one["high"])
        said = share(int(one["n_agree"]), int(one["n"]), *interval, begun)
        st.text(f"{theme.VERDICT_SIGNS.get(verdict, '')} {verdict}: {said}")
    rate = found.noise_rate
    st.text(f"Noise rate: {share(rate.n_yes, rate.n, rate.low, rate.high)}")
    left_out = [
        f"{n:,} {name}"
        for n, name in (
            (found.n_unsure, "unsure"),
            (found.n_unknown, "not in this run"),
        )
        if n
    ]
    if left_out:
        st.caption(f"Left out of the sample: {', '.join(left_out)}.")
    if found.n_conflict:
        st.caption(
            f"{found.n_conflict:,} in conflict: the intervals reach from all of them wrong to all "
            "of them right."
        )
    if found.n_given:
        st.caption(
            f"{found.n_given:,} labels were given to this run: they count for the noise rate, not "
            "for its verdicts, which follow them."
        )


def _agreement(found: pd.DataFrame) -> None:
    if found.empty:
        st.text("No labels yet.")
        return
    known = found[found["verdict"].isin(list(theme.VERDICT_SIGNS))]
    counted = known[known["label"].isin(list(theme.VERDICT_SIGNS))]
    n = int(counted["n"].sum())
    same = int(counted.loc[counted["verdict"] == counted["label"], "n"].sum())
    if n:
        st.text(f"{same:,} of {n:,} the same ({same / n:.0%})")
    table = found.pivot_table(
        index="verdict", columns="label", values="n", aggfunc="sum", fill_value=0, sort=False
    )
    order = [name for name in ORDER if name in table.columns]
    rows = [name for name in ORDER if name in table.index]
    table = table.loc[[*rows, *table.index.difference(rows)], order]
    table.columns = pd.Index([signed(name) for name in table.columns])
    table.index = pd.Index([signed(name) for name in table.index], name="Model")
    st.dataframe(table, row_height=28, width="content")


def _people(found: pd.DataFrame) -> None:
    if found.empty:
        st.text("Nobody yet.")
        return
    st.dataframe(
        found[["who", "n", "last"]],
        hide_index=True,
        row_height=28,
        column_config={
            "who": "Who",
            "n": st.column_config.NumberColumn("Labels", width=70),
            "last": st.column_config.DatetimeColumn("Last", format="D MMM, HH:mm", width=110),
        },
    )
