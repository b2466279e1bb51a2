"""The queue: choose an order, then label by keyboard; what was decided is in the database at once.

The fragment below is all that runs again while somebody labels.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services.flagged import Filters
from app.services.labels import queue as orders
from app.services.labels.current import own_keys
from app.services.store import Run
from app.ui import analyst, card, database, state
from app.ui.label import component, content, counts, desk, filters

TAB: Final = "la_tab"
"""View of the page."""
ORDER: Final = "la_order"
SECOND: Final = "second"
NAMES: Final = {
    "noisy": "Most noisy",
    "uncertain": "Uncertain",
    "disagreement": "Disagreement",
    "influence": "Influence",
    "random": "Random sample",
    "additions": "Additions",
    SECOND: "Second opinion",
}
"""Short titles; the help has the long ones."""
SECOND_HELP: Final = (
    "What exactly one other person labelled and you did not. Their label stays hidden until you "
    "have given yours."
)
BLIND: Final = "la_blind"
LEAVE_OTHERS: Final = "la_leave"
GOAL: Final = "la_goal"
_BROUGHT_BACK: Final = "_la_brought_back"
"""When skipped pairs were brought back, in milliseconds: the browser then forgets its own."""
_SEEN: Final = "_la_unblinded"
"""The one card that was asked for although labelling is blind."""


def choose(run: Run) -> tuple[str, Filters]:
    """Draw order, filters and options; return the first two."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        order = st.segmented_control(
            "Order",
            list(NAMES),
            format_func=NAMES.__getitem__,
            default="noisy",
            required=True,
            key=ORDER,
            bind="query-params",
            help=_help(),
        )
        chosen = filters.draw(run)
        with st.popover("Options", icon=":material/settings:"):
            _options()
        st.toggle(
            "Blind",
            key=BLIND,
            bind="query-params",
            help="Hides the model's verdict, P(noisy) and its reasoning, and labels of yours from "
            "before, so that they do not sway you. The order Most noisy still says something by "
            "itself; the full card shows all and asks first.",
        )
    _notes(run, str(order), chosen)
    return str(order), chosen


def draw(run: Run, who: str, order: str, chosen: Filters) -> None:
    """Draw the queue, and what the labels say so far."""
    desk.rest()
    _work(run, who, order, chosen, _around())


def _around() -> tuple[object, ...]:
    """What the page around the queue depends on."""
    keys = (TAB, ORDER, BLIND, LEAVE_OTHERS, *filters.START)
    return (analyst.who(), *(st.session_state.get(key) for key in keys))


@st.fragment
def _work(run: Run, who: str, order: str, chosen: Filters, around: tuple[object, ...]) -> None:
    """The queue itself; only this runs again when events come."""
    if _around() != around:
        # A click elsewhere in the very moment when events go up: Streamlit makes one message of
        # both, and runs the fragment alone.
        st.rerun()
    dataset = run.manifest.dataset
    with database.cursor() as cursor:
        if order == SECOND:
            found = orders.second_opinions(run, cursor, who, content.N_ASKED, desk.skipped())
        else:
            labelled = _leave_out(cursor, dataset, who)
            found = orders.next_items(
                run, order, labelled, chosen, desk.skipped(), n=content.N_ASKED
            )
        source = SECOND if order == SECOND else orders.source(order, chosen)
        data = content.build(
            run,
            cursor,
            who,
            found,
            source=source,
            token=_token(run, who, order, chosen),
            goal=int(st.session_state.get(GOAL) or 100),
            blind=bool(st.session_state.get(BLIND)),
            empty=_empty(order),
        )
        data["brought_back"] = int(st.session_state.get(_BROUGHT_BACK, 0))
        component.draw_queue(data, desk.receive, desk.toggle_card, desk.rest)
        with st.container(horizontal=True, gap="small"):
            if desk.skipped():
                st.button(
                    f"Bring back {len(desk.skipped()):,} skipped",
                    key="la_unskip",
                    type="tertiary",
                    icon=":material/replay:",
                    on_click=_bring_back,
                )
        _card(run)
        counts.draw(run, cursor, desk.round_of_counts())


def _card(run: Run) -> None:
    row = desk.card()
    if row is None:
        return
    with st.container(border=True, key="la_card"):
        st.button(
            "Close the card",
            key="la_close",
            type="tertiary",
            icon=":material/close:",
            on_click=desk.close_card,
        )
        if st.session_state.get(BLIND) and st.session_state.get(_SEEN) != (run.id, row):
            with st.container(horizontal=True, vertical_alignment="center"):
                text = "You label blind. The full card shows the model's verdict and P(noisy)."
                st.text(text, width="content")
                show = "Show it all the same"
                st.button(show, key="la_unblind", on_click=_unblind, args=(run, row))
            return
        card.interaction(run, row, "la")


def _unblind(run: Run, row: int) -> None:
    st.session_state[_SEEN] = (run.id, row)


def _bring_back() -> None:
    desk.bring_back_skipped()
    st.session_state[_BROUGHT_BACK] = time.time_ns() // 1_000_000


def _leave_out(cursor: Any, dataset: str, who: str) -> pd.DataFrame:  # noqa: ANN401 - a DuckDB cursor
    """Pairs that are not asked about: one's own, and if wanted everybody's."""
    return own_keys(cursor, dataset, who, everybody=bool(st.session_state.get(LEAVE_OTHERS)))


def _options() -> None:
    st.number_input(
        "Goal for today",
        min_value=1,
        max_value=100_000,
        value=100,
        step=50,
        key=GOAL,
        persist_state="session",
        help="For the bar above the queue.",
    )
    st.toggle(
        "Leave out what others labelled",
        key=LEAVE_OTHERS,
        persist_state="session",
        help="To share the work. Off: everybody can label everything, which shows how far people "
        "agree.",
    )


def _help() -> str:
    lines = [f"**{NAMES[name]}**: {one.help}" for name, one in orders.ORDERS.items()]
    return "  \n".join([*lines, f"**{NAMES[SECOND]}**: {SECOND_HELP}"])


def _notes(run: Run, order: str, chosen: Filters) -> None:
    """Say what limits the queue, or the use of its labels."""
    listed = state.current_list(run)
    if listed is not None and order not in ("additions", SECOND):
        st.caption(f"Only the {listed.n_rows:,} of the review list in force.")
    if order == "random" and orders.source(order, chosen) != "random":
        st.caption(
            "A part of the run: these labels correct P(noisy) and measure it like those of other "
            "orders, but do not count for the estimates of precision and noise rate. Lift filters "
            "and review list for those."
        )


def _empty(order: str) -> list[str]:
    """Two lines for a queue without items."""
    n_skipped = len(desk.skipped())
    hint = f"{n_skipped:,} skipped ones can be brought back below. " if n_skipped else ""
    if order == SECOND:
        return ["Nothing waits for a second opinion.", hint + "It takes labels of another person."]
    if order == "additions":
        return ["No possible additions are left.", hint + "They come from the judge."]
    return ["Nothing is left in this order.", hint + "Choose another one, or take a filter away."]


def _token(run: Run, who: str, order: str, chosen: Filters) -> str:
    """Names the queue: with another token the browser starts afresh."""
    others = bool(st.session_state.get(LEAVE_OTHERS))
    said = repr((run.id, who, order, chosen, others, desk.version()))
    return hashlib.sha256(said.encode()).hexdigest()[:16]
