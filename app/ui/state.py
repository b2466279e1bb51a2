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
from app.ui import navigation
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

_LIST_PICK: Final = "_list_pick"
"""Key of the picker of review lists that people see."""
_GONE: Final = "_gone_run"
"""The run that an address named and that does not exist."""
_PLACES: Final = {"fl_row": None, "fl_page": 1, "sm_area": "", "sm_pick": ""}
"""Key and empty value of what means something else, or nothing, in another run: numbers, pages and
places. Ids of users and items stay, so that one can be looked at in two runs."""

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
    _forget_missing(run_ids)
    if st.session_state.get(RUN_KEY) is None and RUN_KEY not in st.query_params:
        put(RUN_KEY, run_ids[0])
    st.sidebar.selectbox(
        "Run",
        run_ids,
        index=None,  # no default: an address leaves defaults out, and would mean another run later
        key=RUN_KEY,
        bind="query-params",
        on_change=_forget_places,
        help="Finished runs, newest first.",
    )
    if _GONE in st.session_state:
        st.sidebar.warning("The address names a run that is not there:", icon=":material/warning:")
        st.sidebar.text(st.session_state[_GONE])
        st.sidebar.text("This is another one.")
    with contextlib.suppress(DataError):  # the page itself says that a run is damaged
        run = current_run()
        if run is not None:
            _about(run)
            _choose_list(run)


def _about(run: store.Run) -> None:
    """What tells the chosen run from others, below its name, which is cut where it is long."""
    about, labels = run.manifest, run.manifest.labels
    if about.message:
        st.sidebar.text(f"“{about.message}”")
    if about.parent:
        given = f", {int(labels['n_used']):,} labels" if labels and "n_used" in labels else ""
        st.sidebar.text(f"Retrained{given}, from {about.parent}")


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
    """Change to another page, as one step of the browser's history.

    ``st.switch_page`` alone refuses while filters are in the address, and takes no value of a
    widget that is on show, such as the run: those are set as the page opens.

    Args:
        page: Path relative to the entry file, such as ``../pages/flagged.py``.
    """
    kept = {key: st.session_state[key] for key in (RUN_KEY, LIST_KEY) if key in st.session_state}
    st.session_state[_NEXT] = {**kept, **st.session_state.get(_NEXT, {})}
    st.switch_page(page, query_params={navigation.MOVE: navigation.address(page)})


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


# Answers are pages and summaries, some of them large, such as the points of a map: the oldest
# make way.
@st.cache_data(max_entries=300, max_size="400 MB", show_spinner=False)
def _answers(
    name: str,  # noqa: ARG001 - part of the key
    stamp: tuple[str, str],  # noqa: ARG001 - likewise
    arguments: tuple[Any, ...],
    named: tuple[tuple[str, Any], ...],
    _function: Callable[..., Any],
    _run: store.Run,
) -> object:
    return _function(_run, *arguments, **dict(named))


def _forget_missing(run_ids: list[str]) -> None:
    """Take a run that does not exist out of the choice, and what belonged to it."""
    named = (st.session_state.get(RUN_KEY), st.query_params.get(RUN_KEY))
    missing = [run_id for run_id in named if run_id is not None and run_id not in run_ids]
    if not missing:
        return
    st.session_state.pop(RUN_KEY, None)
    _drop_from_address(RUN_KEY, LIST_KEY)
    _forget_places()
    st.session_state[_GONE] = str(missing[-1])
    st.rerun()  # widgets take their first value from the address that this run began with


def _forget_places() -> None:
    """Forget what was chosen in the run that was shown so far."""
    st.session_state.pop(_GONE, None)
    for key, nothing in _PLACES.items():
        if key in st.session_state or key in st.query_params:
            st.session_state[key] = nothing  # the session comes before the address
    _drop_from_address(*_PLACES)


def _drop_from_address(*keys: str) -> None:
    for key in keys:
        with contextlib.suppress(StreamlitAPIException, KeyError):  # drawn: its value is the way
            del st.query_params[key]


def _choose_list(run: store.Run) -> None:
    lists = {one.id: one for one in selection.every(run)}
    if not lists:
        return
    # An address takes what a widget shows: this one, out of sight, keeps the ids there.
    st.sidebar.container(key="list_in_address").selectbox(
        LIST_KEY, [ALL, *lists], key=LIST_KEY, bind="query-params", label_visibility="collapsed"
    )
    named = {ALL: "Everything", **selection.names(lists.values())}
    st.session_state[_LIST_PICK] = st.session_state[LIST_KEY]
    st.sidebar.selectbox(
        "Review list",
        list(named),
        format_func=named.__getitem__,
        key=_LIST_PICK,
        on_change=_take_list,
        help="Interactions you picked on a page, newest first: what they are and how many. Every "
        "page with a list of interactions shows these alone; choose Everything to lift it.",
    )
    chosen = lists.get(str(st.session_state.get(LIST_KEY)))
    if chosen:
        st.sidebar.text(f"{chosen.n_rows:,} interactions: {chosen.source}")


def _take_list() -> None:
    st.session_state[LIST_KEY] = st.session_state[_LIST_PICK]
