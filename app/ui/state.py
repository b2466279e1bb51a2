"""State that pages share; session state holds ids and choices, never values read from a run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar, cast

import numpy as np
import streamlit as st
from streamlit.errors import StreamlitAPIException

from app.services import environment, selection, store
from core.errors import DataError

RUN_KEY: Final = "run"
"""Key of the run picker, and its name in the address of the page."""
LIST_KEY: Final = "list"
"""Key of the review list in force, likewise."""
ALL: Final = "everything"
"""The list that leaves nothing out."""
_NEXT: Final = "_next"
"""Values that widgets are to take before they are drawn the next time: once drawn, their values
cannot be set."""

Answer = TypeVar("Answer")


def workspace() -> Path:
    """Folder of datasets, runs and logs."""
    return environment.workspace()


def choose_run() -> None:
    """Draw the pickers of the sidebar; the choices are part of the address."""
    for key, value in st.session_state.pop(_NEXT, {}).items():
        put(key, value)
    run_ids = store.run_ids(workspace())
    if not run_ids:
        return
    st.sidebar.selectbox(
        "Run", run_ids, key=RUN_KEY, bind="query-params", help="Finished runs, newest first."
    )
    with contextlib.suppress(DataError):  # the page itself says that a run is damaged
        run = current_run()
        if run is not None:
            _choose_list(run)


def put(key: str, value: object) -> None:
    """Set a widget that is drawn later in this run of the script, and the address with it.

    A widget that takes its first value from the session leaves the address as it was: a reload or
    a copied link would lose the value.
    """
    st.session_state[key] = value
    with contextlib.suppress(StreamlitAPIException):  # drawn before: the widget does it itself
        if isinstance(value, str | int) and value != "":
            st.query_params[key] = str(value)
        elif isinstance(value, list) and value:
            st.query_params[key] = [str(part) for part in value]


def current_run() -> store.Run | None:
    """Read the chosen run; None when there is no finished run yet.

    Raises:
        core.errors.DataError: If the run is damaged.
    """
    run_id = st.session_state.get(RUN_KEY)
    return store.load_run(workspace(), run_id) if run_id else None


def current_list(run: store.Run) -> selection.Selection | None:
    """Find the review list in force; None = every interaction."""
    return selection.load(run, st.session_state.get(LIST_KEY))


def keep_list(run: store.Run, rows: np.ndarray | list[int], source: str) -> None:
    """Make interactions the review list in force, from the next run of the script on."""
    set_next(**{LIST_KEY: selection.save(run, rows, source).id})


def set_next(**values: object) -> None:
    """Set widgets, by key, before they are drawn the next time.

    Follow it with a rerun or a change of page.
    """
    st.session_state[_NEXT] = {**st.session_state.get(_NEXT, {}), **values}


def go(page: str) -> NoReturn:
    """Change to another page; ``st.switch_page`` alone refuses while filters are in the address.

    Args:
        page: Path relative to the entry file, such as ``../pages/flagged.py``.
    """
    kept = {key: st.session_state[key] for key in (RUN_KEY, LIST_KEY) if key in st.session_state}
    st.session_state[_NEXT] = {**kept, **st.session_state.get(_NEXT, {})}
    st.switch_page(page, query_params={})


def ask(
    function: Callable[..., Answer], run: store.Run, *arguments: Hashable, **named: Hashable
) -> Answer:
    """Call a service about a run, once: what it says of a finished run never changes.

    Args:
        function: Takes a run first; its answer is copied for every session.
        run: Which run.
        *arguments: More arguments, hashable.
        **named: Likewise.
    """
    name = f"{function.__module__}.{function.__qualname__}"
    stamp = (str(run.folder), run.manifest.created.isoformat())
    answer = _answers(name, stamp, arguments, tuple(sorted(named.items())), function, run)
    return cast(Answer, answer)


@st.cache_data(max_entries=300, show_spinner=False)
def _answers(
    name: str,  # noqa: ARG001 - part of the key
    stamp: tuple[str, str],  # noqa: ARG001 - likewise
    arguments: tuple[Any, ...],
    named: tuple[tuple[str, Any], ...],
    _function: Callable[..., Any],
    _run: store.Run,
) -> object:
    return _function(_run, *arguments, **dict(named))


def _choose_list(run: store.Run) -> None:
    lists = {one.id: one for one in selection.every(run)}
    if not lists:
        return
    st.sidebar.selectbox(
        "Review list",
        [ALL, *lists],
        key=LIST_KEY,
        bind="query-params",
        help="Interactions you picked on a page. Every page with a list of interactions shows "
        "these alone; choose everything to lift it.",
    )
    chosen = lists.get(str(st.session_state.get(LIST_KEY)))
    if chosen:
        st.sidebar.text(f"{chosen.n_rows:,} interactions: {chosen.source}")
