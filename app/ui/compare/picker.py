"""Which runs are compared: the first is the reference, A; the others are B, C ... ."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import chain
from string import ascii_uppercase
from typing import Final

import pandas as pd
import streamlit as st

from app.services import store
from app.services.compare import pair
from app.services.method_of import method_of
from app.services.store import Run
from app.ui import state
from core.errors import DataError

RUNS: Final = "co_runs"
WITH: Final = "co_with"
MOST: Final = 8
"""More runs than this are told apart by nobody."""
_SEEN: Final = "_co_seen"


def draw(run: Run) -> list[Run]:
    """Draw the picker and what the letters mean; the chosen runs, reference first."""
    ids = store.run_ids(state.workspace())
    _start(run, ids)
    chosen = st.multiselect(
        "Runs",
        ids,
        key=RUNS,
        bind="query-params",
        max_selections=MOST,
        placeholder="Choose two runs or more",
        help="The first one is the reference, A. Take it out and add it again to change the order.",
    )
    runs = _load(chosen)
    if runs:
        _legend(runs)
    return runs


def chosen() -> list[Run]:
    """The chosen runs that can be read, reference first; without a word."""
    found = []
    for name in st.session_state.get(RUNS) or []:
        with contextlib.suppress(DataError):
            found.append(store.load_run(state.workspace(), name))
    return found


def letters(runs: list[Run]) -> dict[str, str]:
    """Letter of each run, by its id."""
    return {run.id: ascii_uppercase[place] for place, run in enumerate(runs)}


def two(runs: list[Run]) -> tuple[Run, Run] | None:
    """Reference and the run it is compared with; None, and a word why, where there are no two."""
    others = [run for run in runs[1:] if run.manifest.dataset == runs[0].manifest.dataset]
    if not others:
        if len(runs) > 1:
            st.info(
                "These runs are of different datasets: their interactions cannot be compared. "
                "Settings and metrics can.",
                icon=":material/info:",
            )
        else:
            st.info("Choose a second run above.", icon=":material/info:")
        return None
    other = others[0]
    if len(others) > 1:
        by_id = {one.id: one for one in others}
        picked = st.selectbox(
            "Compare A with",
            list(by_id),
            key=WITH,
            bind="query-params",
            width=420,
        )
        other = by_id.get(str(picked), other)
    if not pair.same_data(runs[0], other):
        st.caption(
            "The runs read different states of the dataset: interactions are matched by their ids."
        )
    return runs[0], other


def _start(run: Run, ids: list[str]) -> None:
    """Choose runs on the first visit and when another run is chosen in the sidebar."""
    moved = st.session_state.get(_SEEN, run.id) != run.id
    st.session_state[_SEEN] = run.id
    named = st.session_state.get(RUNS) or st.query_params.get_all(RUNS)
    if moved or not [name for name in named if name in ids]:
        if not moved and RUNS in st.session_state:
            return  # somebody took all of them out
        state.put(RUNS, _first(run, ids))


def _first(run: Run, ids: list[str]) -> list[str]:
    """The run after its parent; without one, beside the newest other run on its dataset.

    A baseline stands before the newest run of LLMHNI, if there is one: two baselines say nothing
    of LLMHNI.
    """
    if run.manifest.parent in ids:
        return [run.manifest.parent, run.id]
    others = _others(run, ids)
    other = next(others, None)
    if other is None:
        return [run.id]
    if not _is_baseline(run):
        return _in_order(run, other, ids)
    ours = next((one for one in chain([other], others) if not _is_baseline(one)), None)
    return [run.id, ours.id] if ours else _in_order(run, other, ids)


def _others(run: Run, ids: list[str]) -> Iterator[Run]:
    """Other runs on the same dataset, newest first."""
    for name in ids:
        with contextlib.suppress(DataError):
            found = store.load_run(state.workspace(), name)
            if name != run.id and found.manifest.dataset == run.manifest.dataset:
                yield found


def _in_order(one: Run, other: Run, ids: list[str]) -> list[str]:
    """The reference first: a baseline before LLMHNI, else the older run."""
    ranked = sorted((one.id, other.id), key=lambda name: -ids.index(name) if name in ids else 0)
    if _is_baseline(one) == _is_baseline(other):
        return ranked
    return [one.id, other.id] if _is_baseline(one) else [other.id, one.id]


def _is_baseline(run: Run) -> bool:
    return method_of(run.manifest).is_baseline


def _load(names: list[str]) -> list[Run]:
    runs = []
    for name in names:
        try:
            runs.append(store.load_run(state.workspace(), name))
        except DataError as error:
            st.warning("A run is left out:", icon=":material/warning:")
            st.text(str(error))
    return runs


def _legend(runs: list[Run]) -> None:
    manifests = [run.manifest for run in runs]
    table = pd.DataFrame(
        {
            "letter": list(letters(runs).values()),
            "run": [run.id for run in runs],
            "what": ["reference", *["" for _ in runs[1:]]],
            "method": [method_of(one).title for one in manifests],
            "judge": [one.judge for one in manifests],
            "dataset": [one.dataset for one in manifests],
            "when": [one.when for one in manifests],
            "message": [one.message for one in manifests],
        }
    )
    first = ["letter", "run", "what", "method", "judge", "dataset", "when"]
    shown = [*first, *["message"][: int(any(table["message"]))]]
    st.dataframe(
        table,
        column_order=shown,
        hide_index=True,
        row_height=28,
        column_config={
            "letter": st.column_config.TextColumn("", width=36),
            "run": st.column_config.TextColumn("Run", width="medium"),
            "what": st.column_config.TextColumn("", width="small"),
            "method": st.column_config.TextColumn(
                "Method",
                width="small",
                help="LLMHNI, or a baseline: P(noisy) of those is a rank, no probability.",
            ),
            "judge": st.column_config.TextColumn(
                "Judge",
                width="small",
                help="Who was asked. Verdicts of a baseline take no grades; how many it flags is "
                "LLMHNI's estimate, which may rest on them.",
            ),
            "dataset": st.column_config.TextColumn("Dataset", width="small"),
            "when": st.column_config.TextColumn("When", width="medium"),
            "message": st.column_config.TextColumn("Message", width="large"),
        },
    )
