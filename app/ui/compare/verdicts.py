"""View of changed verdicts: flows, reasons, and a list to go through."""

from __future__ import annotations

from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from app.services.compare import verdicts
from app.services.compare.verdicts import ORDERS, WHY, Flips
from app.services.method_of import method_of
from app.services.store import Run
from app.ui import components, paging, review, state
from app.ui.figures import compare as figures
from app.ui.glossary import explain
from app.ui.graph_edges import ink, mark, verdict_cell
from core.types import VERDICTS

SIZE: Final = 40
ANY: Final = "any"
PARTS: Final = {
    "language": "Texts",
    "behaviour": "Behaviour",
    "grades": "Grades",
    "level": "Level of all",
}


def draw(one: Run, two: Run, letter: str) -> None:
    """Draw the view.

    Args:
        one: The reference, A.
        two: The run it is compared with.
        letter: Of that run.
    """
    _ranks(one, two, letter)
    flows = state.ask(verdicts.flows, one, two.id)
    n_both = int(flows["n"].sum())
    changed = flows[flows["before"] != flows["after"]]
    n_changed = int(changed["n"].sum())
    for column, (title, value) in zip(
        st.columns(4),
        (
            ("Interactions in both", f"{n_both:,}"),
            ("Verdict changed", f"{n_changed:,} ({n_changed / max(1, n_both):.1%})"),
            ("Only in A", f"{one.manifest.n_interactions - n_both:,}"),
            (f"Only in {letter}", f"{two.manifest.n_interactions - n_both:,}"),
        ),
        strict=True,
    ):
        column.metric(title, value)
    if n_both:
        figure = figures.verdict_flows(flows, ink(), "A", letter)
        components.chart(figure, "co_flows", "verdict-changes")
    if not n_changed:
        st.success("No verdict differs.")
        return
    reasons = state.ask(verdicts.reasons, one, two.id)
    _reasons(reasons, letter)
    st.subheader("Changed interactions")
    _list(one, two, letter, reasons)


def _ranks(one: Run, two: Run, letter: str) -> None:
    """Say which run is of a baseline: its P(noisy) is another thing."""
    methods = [(name, method_of(run.manifest)) for name, run in (("A", one), (letter, two))]
    for name, method in methods:
        if method.is_baseline:
            st.text(f"{name} is of the baseline {method.title}: its P(noisy) is a rank.")
    if len({method.name for _, method in methods}) > 1:
        st.caption(
            "The methods differ: verdicts can be compared, values of P(noisy) mean different "
            "things, and nothing tells which signal changed a verdict."
        )


def _reasons(found: pd.DataFrame, letter: str) -> None:
    table = found.assign(
        before=found["before"].map(verdict_cell),
        after=found["after"].map(verdict_cell),
        why=found["why"].map(WHY),
    )
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(table) < 10 else 380,
        column_config={
            "before": st.column_config.TextColumn("A", width="small"),
            "after": st.column_config.TextColumn(letter, width="small"),
            "why": st.column_config.TextColumn(
                "Why",
                width="large",
                help=f"The first of these that holds: {'; '.join(WHY.values())}.",
            ),
            "n": st.column_config.NumberColumn("Interactions", format="localized"),
        },
    )


def _list(one: Run, two: Run, letter: str, reasons: pd.DataFrame) -> None:
    which, order = _filters(letter, reasons)
    n = state.ask(verdicts.count, one, two.id, which)
    if not n:
        st.info("No interaction fits these filters.", icon=":material/filter_alt_off:")
        return
    _actions(one, two, letter, which, order, n)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{n:,} interactions", width="content")
        number = paging.number(n, SIZE, "co_page")
    rows = state.ask(verdicts.page, one, two.id, which, order, SIZE, (number - 1) * SIZE)
    picked = _table(one, two, letter, rows)
    if picked is not None:
        _detail(one, two, letter, rows.iloc[picked])


def _filters(letter: str, reasons: pd.DataFrame) -> tuple[Flips, str]:
    columns = st.columns([2, 2, 4, 3, 3])
    kinds = [ANY, *VERDICTS]
    before = columns[0].selectbox("In A", kinds, key="co_from", bind="query-params")
    after = columns[1].selectbox(f"In {letter}", kinds, key="co_to", bind="query-params")
    codes = [code for code in WHY if code in set(reasons["why"])]
    why = columns[2].selectbox(
        "Why",
        [ANY, *codes],
        key="co_why",
        bind="query-params",
        format_func=lambda code: WHY.get(code, code),
    )
    text = columns[3].text_input(
        "User or item",
        key="co_text",
        bind="query-params",
        type="search",
        placeholder="id or title, or part of one",
    )
    order = columns[4].selectbox("Order", list(ORDERS), key="co_order", bind="query-params")
    verdict_a, verdict_b, code = ("" if one == ANY else str(one) for one in (before, after, why))
    return Flips(verdict_a, verdict_b, code, (text or "").strip()), str(order)


def _actions(one: Run, two: Run, letter: str, which: Flips, order: str, n: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        write = partial(verdicts.export, one, two.id, which, order)
        components.downloads(write, "co_flips", "changed-verdicts", n)
        for side, run, name in (("a", one, "A"), ("b", two, letter)):
            if st.button(
                f"Review these in {name}",
                key=f"co_review_{side}",
                icon=":material/fact_check:",
                help=f"Make these {n:,} interactions the review list of run {name} and open it.",
            ):
                rows = verdicts.rows(one, two.id, which, side)
                state.set_next(**{state.RUN_KEY: run.id})
                review.show_list(run, rows, "verdicts that differ from another run")


def _table(one: Run, two: Run, letter: str, rows: pd.DataFrame) -> int | None:
    """Draw a page; the place of the selected row."""
    table = rows.assign(
        before=rows["before"].map(verdict_cell),
        after=rows["after"].map(verdict_cell),
        why=rows["why"].map(WHY),
    )
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    labelled = (rows["label"].fillna("") != "").any()
    event = st.dataframe(
        table,
        # Selections are places: other rows need another table.
        key=f"co_rows_{mark([one.id, two.id, *rows['row_a']])}",
        column_order=[
            *("user_id", "title", "before", "after", "p_a", "p_b", "why"),
            *["label"][: int(labelled)],
        ],
        hide_index=True,
        height=460,
        placeholder="–",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "user_id": text("User", width="small"),
            "title": text("Item", width="medium"),
            "before": text("A", width="small", help=explain("verdict")),
            "after": text(letter, width="small", help=explain("verdict")),
            "p_a": number("P(noisy) A", format="%.3f", help=explain("p_noisy")),
            "p_b": number(f"P(noisy) {letter}", format="%.3f", help=explain("p_noisy")),
            "why": text("Why", width="medium"),
            "label": text("Label", width="small"),
        },
    )
    places = event["selection"]["rows"]
    return places[0] if places and places[0] < len(rows) else None


def _detail(one: Run, two: Run, letter: str, row: pd.Series) -> None:
    """The parts of the log-odds in both runs, and ways to the card."""
    st.text(f"{row['user_id']} · {components.named(row['title'], str(row['item_id']))}")
    _parts(one, two, letter, row)
    with st.container(horizontal=True):
        for side, run, name in (("a", one, "A"), ("b", two, letter)):
            if st.button(f"Open its card in {name}", key=f"co_card_{side}"):
                state.set_next(**{state.RUN_KEY: run.id})
                review.show_card(int(row[f"row_{side}"]))


def _parts(one: Run, two: Run, letter: str, row: pd.Series) -> None:
    """The parts of the log-odds in both runs, where there are any."""
    if all(method_of(run.manifest).is_baseline for run in (one, two)):
        return
    parts = pd.DataFrame(
        [(title, row[f"{name}_a"], row[f"{name}_b"]) for name, title in PARTS.items()],
        columns=["part", "a", "b"],
    ).astype({"a": "float64", "b": "float64"})
    total = ("Together", parts["a"].sum(skipna=False), parts["b"].sum(skipna=False))
    parts = pd.concat([parts, pd.DataFrame([total], columns=parts.columns)], ignore_index=True)
    form = st.column_config.NumberColumn
    st.dataframe(
        parts.assign(change=parts["b"] - parts["a"]),
        hide_index=True,
        placeholder="–",
        width=520,
        column_config={
            "part": st.column_config.TextColumn(
                "Log-odds of noise", help="Positive = towards noise. Level: the same for all."
            ),
            "a": form("A", format="%+.2f"),
            "b": form(letter, format="%+.2f"),
            "change": form("Change", format="%+.2f"),
        },
    )
