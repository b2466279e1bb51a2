"""Filters, order and saved views of the list of flagged interactions."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal

import streamlit as st
from streamlit.errors import StreamlitAPIException

from app.services import flagged
from app.services.patterns import PATTERNS
from app.services.store import Run
from app.ui import labels_at_hand, saved_views, state
from app.ui.glossary import TERMS, explain
from app.ui.review import EVERYTHING, PAGE, ROW, START
from core.types import VERDICTS

READY: Final = {
    "Start: hard and noisy, signals most at odds first": START,
    "Surest noise": START | {"fl_verdict": ["noisy"], "fl_sort": "p_high"},
    "Kept although hard, highest loss first": START
    | {"fl_verdict": ["hard"], "fl_sort": "loss_high"},
    "Nearest to the threshold, any verdict": EVERYTHING | {"fl_sort": "border"},
    "Model against language, any verdict": EVERYTHING | {"fl_pattern": "model_against_language"},
}
GRADED: Final = {"any": None, "asked": True, "not asked": False}


def draw(run: Run) -> tuple[flagged.Filters, str]:
    """Draw the filters; return them and the chosen order."""
    _drop_unknown(run)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        _pills("Verdict", list(VERDICTS), "fl_verdict", explain("verdict"))
        _select("Signals", {"any": "Any", **_titles()}, "fl_pattern", _meanings(), 180)
        order = {name: flagged.ORDERS[name][0] for name in orders(run)}
        _select(
            "Order",
            order,
            "fl_sort",
            ORDER_HELP if START["fl_sort"] in order else BASELINE_HELP,
            190,
        )
        _text("Search", "fl_text", "Title or id", 150, "Part of a title or an id.")
        with st.popover("More", icon=":material/tune:", type=_more_type()):
            _more(run)
        possible = orders(run)
        ready = {name: view for name, view in READY.items() if view["fl_sort"] in possible}
        saved_views.menu("flagged", list(START), ready, {PAGE: 1, ROW: None})
    return _read(run), str(st.session_state["fl_sort"])


ORDER_HELP: Final = (
    "Signals most at odds: language and behaviour pushed P(noisy) in opposite directions, the "
    "strongest first; here a person's look decides most. Also orders all pages, not only this one."
)
BASELINE_HELP: Final = (
    "P(noisy) of this run is the rank of what a baseline suspects: signals did not move it, so "
    "there is no order by how they pull. Also orders all pages, not only this one."
)


def _more(run: Run) -> None:
    """Filters of the second rank."""
    titles = {"any": "Any", **{name: title for name, (title, _) in flagged.LABELLED.items()}}
    _select("Label", titles, "fl_label", LABEL_HELP, "stretch")
    st.slider("P(noisy)", 0.0, 1.0, START["fl_p"], 0.01, **_bound("fl_p"), help=explain("p_noisy"))
    st.segmented_control(
        "Judge",
        list(GRADED),
        default="any",
        required=True,
        **_bound("fl_graded"),
        help="Whether the judge was asked about the interaction.",
    )
    _text("User", "fl_user", "Exact id", "stretch", "Id of a user, as in the source.")
    _text("Item", "fl_item", "Exact id", "stretch", "Id of an item, as in the source.")
    _text("Reason", "fl_reason", "Part of a reason", "stretch", "Words of the judge, either view.")
    help_text = "  \n".join(f"**{name}**: {explain(name)}" for name in ("dropped", "weakened"))
    _pills("Edge", list(flagged.EDGE_DECISIONS), "fl_edge", help_text)
    kinds = _kinds(run)
    if kinds:
        help_text = "  \n".join(f"**{kind}**: {TERMS[kind]}" for kind in kinds if kind in TERMS)
        _pills("Planted", kinds, "fl_kind", help_text)


LABEL_HELP: Final = (
    "What people decided about the interaction, all of them together. Label on the card, or on "
    "the page Label."
)


def orders(run: Run) -> list[str]:
    """Orders that mean something in this run: without a threshold nothing is near to one."""
    return flagged.orders(run)


def leave_out(run: Run, total: int) -> None:
    """Say so where filters hide a part of the review list in force; offer to show all of it."""
    chosen = state.current_list(run)
    if chosen is None or total >= chosen.n_rows:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f"Showing {total:,} of the {chosen.n_rows:,} on the review list: filters leave out "
            "the rest.",
            width="content",
        )
        if st.button("Show all", key="fl_all", type="tertiary", icon=":material/filter_alt_off:"):
            state.set_next(**{**EVERYTHING, "fl_sort": st.session_state["fl_sort"], PAGE: 1})
            st.rerun()


def _kinds(run: Run) -> list[str]:
    """Planted kinds that can be asked for; none where nothing was planted."""
    kinds = state.ask(flagged.kinds, run)
    return [*kinds, flagged.NO_KIND] if kinds else []


def _drop_unknown(run: Run) -> None:
    """Forget values, of an address or a view of another run, that this run does not have.

    They would be in force without a widget that shows them.
    """
    kinds = _kinds(run)
    chosen = st.session_state.get("fl_kind") or []
    if any(kind not in kinds for kind in chosen):
        state.put("fl_kind", [kind for kind in chosen if kind in kinds])
    # An address has what the widget shows, and that of the order is its title.
    titles = [flagged.ORDERS[name][0] for name in orders(run)]
    for key, known in (("fl_kind", kinds), ("fl_sort", [*orders(run), *titles])):
        if any(value not in known for value in st.query_params.get_all(key)):
            kept = [value for value in st.query_params.get_all(key) if value in known]
            with contextlib.suppress(StreamlitAPIException, KeyError):  # its widget does it
                if kept:
                    st.query_params[key] = kept
                else:
                    del st.query_params[key]
    if st.session_state.get("fl_sort", START["fl_sort"]) not in orders(run):
        st.session_state["fl_sort"] = orders(run)[0]


def _read(run: Run) -> flagged.Filters:
    """The filters that the widgets say."""
    said = answers(START)
    known = _kinds(run)
    return replace(
        common(run, said, "fl_"),
        reason=str(said["fl_reason"] or "").strip(),
        edges=tuple(said["fl_edge"] or ()),
        kinds=tuple(kind for kind in said["fl_kind"] or () if kind in known),
        labelled="" if said["fl_label"] == "any" else str(said["fl_label"]),
        labels_path=labels_at_hand.path(run),
    )


def answers(start: Mapping[str, Any]) -> dict[str, Any]:
    """What widgets say, by key; where one starts, if it says nothing."""
    return {key: st.session_state.get(key, value) for key, value in start.items()}


def common(run: Run, said: Mapping[str, Any], prefix: str) -> flagged.Filters:
    """Filters of the list and of the label queue alike, the review list in force included.

    Args:
        run: Whose interactions.
        said: Answers by key.
        prefix: Of the keys.
    """
    chosen = state.current_list(run)
    low, high = said[f"{prefix}p"]
    pattern = said[f"{prefix}pattern"]
    return flagged.Filters(
        verdicts=tuple(said[f"{prefix}verdict"] or ()),
        p_low=float(low),
        p_high=float(high),
        pattern="" if pattern == "any" else str(pattern),
        graded=GRADED.get(said[f"{prefix}graded"]),
        user_id=str(said[f"{prefix}user"] or "").strip(),
        item_id=str(said[f"{prefix}item"] or "").strip(),
        text=str(said[f"{prefix}text"] or "").strip(),
        list_path=str(chosen.path) if chosen else "",
    )


def _more_type() -> Literal["primary", "secondary"]:
    """The button of the second rank stands out while one of its filters is in force."""
    second = (
        "fl_label",
        "fl_p",
        "fl_graded",
        "fl_user",
        "fl_item",
        "fl_reason",
        "fl_edge",
        "fl_kind",
    )
    changed = any(key in st.query_params for key in second)  # the address leaves out defaults
    return "primary" if changed else "secondary"


def _bound(key: str) -> dict[str, Any]:
    """What all filters share: part of the address; a change leads to the first page."""
    return {"key": key, "bind": "query-params", "on_change": _first_page}


def _first_page() -> None:
    st.session_state[PAGE] = 1


def _titles() -> dict[str, str]:
    return {name: pattern.title for name, pattern in PATTERNS.items()}


def _meanings() -> str:
    lines = [f"**{pattern.title}**: {pattern.meaning}" for pattern in PATTERNS.values()]
    return "  \n".join(["How the signals agree or disagree.", *lines])


def _pills(label: str, options: list[str], key: str, help_text: str) -> None:
    st.pills(
        label,
        options,
        selection_mode="multi",
        default=START[key] or None,
        help=f"None chosen: all.  \n{help_text}",
        **_bound(key),
    )


def _select(
    label: str,
    titles: dict[str, str],
    key: str,
    help_text: str,
    width: Literal["stretch"] | int,
) -> None:
    with st.container(width=width):
        st.selectbox(
            label,
            list(titles),
            index=list(titles).index(START[key]) if START[key] in titles else 0,
            format_func=titles.__getitem__,
            help=help_text,
            **_bound(key),
        )


def _text(label: str, key: str, hint: str, width: Literal["stretch"] | int, help_text: str) -> None:
    st.text_input(label, placeholder=hint, help=help_text, width=width, **_bound(key))
