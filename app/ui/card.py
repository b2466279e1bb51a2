"""The card of one interaction, the same on every page.

Titles, profiles and reasons come from data and language models: they are shown with ``st.text``
and in tables alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services import interaction as about
from app.services.method_of import method_of
from app.services.store import Run
from app.ui import components, decided, labels_at_hand, planted, review, state, theme
from app.ui.figures import card as figures
from app.ui.glossary import explain
from app.ui.wording import GRADES

GRAPH: Final = "../pages/graph_diff.py"
COLUMN: Final = 300
"""Narrowest column of a card, in pixels: the parts stand side by side where there is room."""
STYLE: Final = """<style>
[class*="st-key-card_title_"] [data-testid="stText"] {font-size: 1.3rem; font-weight: 600}
[class*="st-key-card_body_"] [data-testid="stText"] {line-height: 1.4}
[class*="st-key-card_body_"] h5 {padding: .25rem 0}
</style>"""


def open_flagged(row: int) -> None:
    """Show the card of an interaction on the page of flagged interactions."""
    review.show_card(row)


def interaction(run: Run, row: int, key: str, choose: Callable[[int], None] = open_flagged) -> None:
    """Draw everything about one interaction.

    Args:
        run: Whose interaction.
        row: Its number, as in the column ``row``.
        key: Prefix of the keys of the elements; unique on the page.
        choose: What to do with the number of a similar case that was picked.
    """
    facts = state.ask(about.facts, run, row)
    if facts is None:
        st.info("This run has no interaction of this number.", icon=":material/search_off:")
        return
    st.html(STYLE)
    with st.container(key=f"card_body_{key}"):
        _head(run, facts, key)
        grid = st.grid(min_column_width=COLUMN, gap=("small", "medium"))
        for part in (
            partial(_moves, run, facts, key),
            partial(_standing, run, facts, key),
            partial(_grades, run, facts),
            partial(_curve, run, facts, key),
            partial(_user, run, facts, key),
            partial(_item, run, facts, key),
            partial(_edge, facts),
            partial(_similar, run, facts, key, choose),
        ):
            with grid.cell():
                part()


def _head(run: Run, facts: dict[str, Any], key: str) -> None:
    verdict = str(facts["verdict"])
    with st.container(key=f"card_title_{key}"):
        st.text(components.named(facts["title"], str(facts["item_id"])))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(chip(verdict), width="content")
        if decided.is_by_person(facts):
            decided.on_card(facts)
        else:
            rank = ", a rank" if method_of(run.manifest).is_baseline else ""
            st.text(f"P(noisy) {_number(facts['p_noisy'])}{rank}", help=explain("p_noisy"))
        st.text(f"User {facts['user_id']}")
        st.text(f"Item {facts['item_id']}")
        planted.on_card(facts, key)
    labels_at_hand.buttons(run, facts, key)
    st.text(str(facts["explanation"]))


def chip(verdict: str) -> str:
    """HTML of a verdict with its colour and its sign."""
    if verdict not in theme.VERDICT_COLORS:  # from a file: nothing else becomes HTML
        return "<span>–</span>"
    style = f"background:{theme.VERDICT_COLORS[verdict]};color:#fff;border-radius:4px;"
    return (
        f'<span style="{style}padding:2px 10px;font-weight:600;white-space:nowrap">'
        f"{theme.VERDICT_SIGNS[verdict]} {verdict}</span>"
    )


def _moves(run: Run, facts: dict[str, Any], key: str) -> None:
    method = method_of(run.manifest)
    if method.is_baseline:
        st.markdown("##### What P(noisy) is")
        decided.beside_moves(facts)
        st.text(method.note)
        return
    _title("What moved P(noisy)", "from_language")
    names = {"from_language": "Language", "from_behaviour": "Behaviour", "from_grades": "Grades"}
    pushes = {
        title: float(facts[name])
        for name, title in names.items()
        if facts[name] is not None and (facts[name] or name != "from_grades")
    }
    if not pushes:
        st.text("Not known.")
        return
    decided.beside_moves(facts)
    threshold = run.manifest.threshold
    components.chart(figures.moves(pushes), f"{key}_moves", f"interaction-{facts['row']}-moves")
    st.caption(
        "Log-odds against the average interaction"
        + (", as labels corrected them." if decided.corrected(run) else ".")
        + (f" Noisy from P(noisy) {threshold:.2f}." if threshold is not None else "")
    )


def _standing(run: Run, facts: dict[str, Any], key: str) -> None:
    st.markdown("##### Where each signal stands", help=STANDING_HELP)
    table = state.ask(about.standing, run, facts["row"])
    name = f"interaction-{facts['row']}-standing"
    components.chart(figures.standing(table, facts["verdict"]), f"{key}_standing", name)
    st.caption("Value · share of interactions below. Blue end: genuine, red end: noise.")


STANDING_HELP: Final = (
    "Each strip runs from the lowest to the highest value among all interactions of the run. "
    "Text: plain text similarity among the item's users. Grades: mean of both grades."
)


def _grades(run: Run, facts: dict[str, Any]) -> None:
    _title("Grades", "logical")
    if facts["user_grade"] < 0 and facts["item_grade"] < 0:
        baseline = method_of(run.manifest).is_baseline
        st.text("No grade counts in this run." if baseline else "The judge was not asked.")
        return
    for view, name in (("user", "User's view"), ("item", "Item's view")):
        grade = GRADES.get(int(facts[f"{view}_grade"]), "not asked")
        support = facts[f"{view}_support"]
        st.text(
            f"{name}: {grade}" + (f" (support {support:.2f})" if support is not None else ""),
            help=explain(f"{view}_grade"),
        )
        st.text(str(facts[f"{view}_reason"] or "No reason given."))
    st.text(f"Graded by: {run.manifest.judge}")


def _curve(run: Run, facts: dict[str, Any], key: str) -> None:
    _title("Loss by epoch", "loss")
    table = state.ask(about.curve, run, facts["row"])
    if table.empty:
        st.text("No losses were kept.")
        return
    figure = figures.curve(table, state.ask(about.mean_curve, run))
    components.chart(figure, f"{key}_curve", f"interaction-{facts['row']}-loss")


def _user(run: Run, facts: dict[str, Any], key: str) -> None:
    st.markdown("##### The user")
    texts = state.ask(about.texts, run, facts["user"], facts["item"])
    st.text(texts["profile"] or "No profile.")
    st.text(f"Nearest of the {facts['user_items'] - 1:,} other items, by text:")
    table = state.ask(about.history, run, facts["user"], facts["item"])
    if table.empty:
        st.text("None.")
    else:
        _table(table, ["similarity", "title", "verdict", "p_noisy"], f"{key}_history")
    _neighbourhood(f"{key}_user", gd_user=str(facts["user_id"]))


def _item(run: Run, facts: dict[str, Any], key: str) -> None:
    st.markdown("##### The item")
    texts = state.ask(about.texts, run, facts["user"], facts["item"])
    st.text(texts["text"] or "No text.")
    if not texts["attributes"].empty:
        st.dataframe(
            texts["attributes"],
            hide_index=True,
            key=f"{key}_attributes",
            row_height=28,
            column_config={
                "name": st.column_config.TextColumn("Attribute", width=80),
                "values": "Values",
            },
        )
    st.text(f"Chosen by {facts['item_users']:,} users.")
    _neighbourhood(f"{key}_item", gd_item=str(facts["item_id"]))


def _edge(facts: dict[str, Any]) -> None:
    _title("In the refined graph", "refined")
    origin = facts["origin"]
    if origin is None:
        st.text("Not known.")
        return
    decision = str(facts["decision"])
    sign = theme.EDGE_SIGNS.get(decision, "")
    st.text(f"{sign} {decision}, weight {facts['weight']:.2f}")
    st.text(f"Why: {facts['edge_reason']}")


def _similar(run: Run, facts: dict[str, Any], key: str, choose: Callable[[int], None]) -> None:
    st.markdown("##### Similar cases", help=SIMILAR_HELP)
    table = state.ask(about.similar, run, facts["row"])
    columns = ["verdict", "p_noisy", "user_id", "title", "grades"]
    if planted.shown() and key not in planted.LABELLING and table["kind"].notna().any():
        columns.append("kind")
    # Marks are places: other cases, or another run, are another table.
    said = repr((run.id, facts["row"], [int(row) for row in table["row"]]))
    mark = hashlib.sha256(said.encode()).hexdigest()[:12]
    place = _table(table, columns, f"{key}_similar_{mark}", choose=True)
    if place is not None:
        choose(int(table["row"].iloc[place]))
    st.caption("Choose one to open its card.")


SIMILAR_HELP: Final = (
    "Other interactions with nearly the same loss, score, semantic relevance and grades, "
    "whatever their verdict."
)


def _table(table: pd.DataFrame, columns: list[str], key: str, choose: bool = False) -> int | None:
    """A small table of interactions; the place of the chosen one, where one can be chosen."""
    shown = table.assign(verdict=table["verdict"].map(signed))
    if "user_grade" in shown:
        shown["grades"] = grade_pair(shown)
    number = st.column_config.NumberColumn
    options: dict[str, Any] = {"on_select": "rerun", "selection_mode": "single-row"}
    event = st.dataframe(
        shown[columns],
        hide_index=True,
        key=key,
        row_height=28,
        height=28 * len(shown) + 38,
        placeholder="–",
        column_config={
            "similarity": number("Cosine", format="%.2f", width=54),
            "p_noisy": number("P(noisy)", format="%.2f", width=66, help=explain("p_noisy")),
            "verdict": st.column_config.TextColumn("Verdict", width=70, help=explain("verdict")),
            "user_id": st.column_config.TextColumn("User", width=54),
            "title": st.column_config.TextColumn("Title", width=110),
            "grades": st.column_config.TextColumn("Grades", width=75, help=GRADES_HELP),
            "kind": st.column_config.TextColumn("Planted", width=80, help=explain("planted")),
        },
        **(options if choose else {}),
    )
    rows = event["selection"]["rows"] if choose else []
    return int(rows[0]) if rows else None


GRADES_HELP: Final = "User's view, item's view; a dash where the judge was not asked."


def signed(verdict: str) -> str:
    """A verdict with its sign, for tables."""
    return f"{theme.VERDICT_SIGNS.get(verdict, '')} {verdict}"


def grade_pair(table: pd.DataFrame) -> pd.Series:
    """Both grades of each row in one short text."""
    names = {view: table[f"{view}_grade"].map(GRADES).fillna("–") for view in ("user", "item")}
    return names["user"] + " " + names["item"]


def _neighbourhood(key: str, **target: str) -> None:
    """A way to the graph around a user or an item."""
    if st.button("Neighbourhood", key=f"{key}_graph", icon=":material/hub:", type="tertiary"):
        state.set_next(**target)
        state.go(GRAPH)


def _title(text: str, term: str) -> None:
    st.markdown(f"##### {text}", help=explain(term))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
