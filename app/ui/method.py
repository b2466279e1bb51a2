"""Parts of the Method page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.services import honesty, method, settings_list, spreadsheet
from app.services.method_of import RunMethod, is_baseline
from app.services.method_steps import STEPS, of_run
from app.services.store import Run
from app.ui import components, method_boxes, review, state
from app.ui.figures import method as figures
from app.ui.figures import pipeline as steps
from app.ui.glossary import explain

EXAMPLE_KEY: Final = "me_example"
FIND_KEY: Final = "me_find"
CHANGED_KEY: Final = "me_changed"
EXAMPLES: Final = {
    "Hard, against behaviour": "hard",
    "Most likely noise": "noisy",
    "At the threshold": "border",
    "Least likely noise": "clean",
}
"""What the address says -> a key of :data:`app.services.method.EXAMPLES`."""
TITLES: Final[Mapping[honesty.Standing, str]] = {
    "limit": "Believe with care",
    "known": "Known",
    "not measured": "Not measured",
}
MARKS: Final = (
    "**P** the paper says so · **2** a second-hand description says so · **D** decided in this "
    "project"
)


NO_PARTS: Final = (
    "P(noisy) of this run is a rank, 0 to 1, by what the method suspects interactions by: it is "
    "not put together from language, behaviour and grades, so there is nothing to take apart."
)
NO_CALIBRATION: Final = (
    "P(noisy) of this run is a rank, no probability: there is nothing to compare with a share of "
    "noise. How well the order finds planted noise stands on Overview, as AUC."
)
NO_GRADES: Final = (
    "No verdict of this run is by a grade: {asked} pairs were graded in a step that all "
    "methods share. The estimated share of noise, so the number of flags, can depend on them."
)


def intro(of: RunMethod) -> None:
    """Name the method, and say of a baseline what it is."""
    st.text(f"Method: {of.title}")
    if of.is_baseline:
        with st.container(border=True):
            st.text(of.note)


def pipeline(run: Run) -> None:
    """The steps with the numbers of this run, and whose idea each is."""
    made = state.ask(method.step_numbers, run)
    seconds = dict(run.manifest.stages)
    boxes = method_boxes.boxes(run.manifest, made)
    _draw(steps.pipeline(boxes, seconds), "me_pipeline", "pipeline")
    named = {step.stage for step in STEPS}
    rest = " ".join(
        f"{words} took {seconds[name]:,.1f} s."
        for name, words in (("project", "Maps"), ("evaluate", "Comparison with planted truth"))
        if name in seconds and name not in named
    )
    st.caption(f"{MARKS}. Below the boxes: seconds of each stage, and its share. {rest}")
    described = of_run(run.manifest)
    with st.expander("Step by step: what is the paper's, and what is ours"):
        st.table(
            pd.DataFrame(
                [(step.paper, step.second_hand, step.ours) for step in described],
                index=pd.Index([step.name for step in described], name="Step"),
                columns=["P  the paper", "2  second-hand", "D  this project"],
            ).replace("", "–")
        )


def one_example(run: Run) -> None:
    """One p_noisy, taken apart; a rank has no parts."""
    if is_baseline(run.manifest):
        st.info(NO_PARTS, icon=":material/info:")
        return
    known = run.manifest.threshold is not None  # without one, nothing lies at it
    if not known and st.session_state.get(EXAMPLE_KEY) == "At the threshold":
        del st.session_state[EXAMPLE_KEY]
    chosen = st.segmented_control(
        "Example",
        [name for name in EXAMPLES if known or EXAMPLES[name] != "border"],
        default="Hard, against behaviour",
        required=True,
        key=EXAMPLE_KEY,
        bind="query-params",
        label_visibility="collapsed",
    )
    found = state.ask(method.example, run, EXAMPLES[str(chosen)])
    if found is None:
        st.info("This run has no such interaction.", icon=":material/search_off:")
        return
    picture, told = st.columns([3, 2], gap="large", vertical_alignment="center")
    with picture:
        figure = figures.waterfall(found, run.manifest.threshold)
        _draw(figure, "me_waterfall", "p-noisy-taken-apart")
    with told:
        st.text(f"{found['user_id']} → {found['title'] or found['item_id']}")
        st.text(str(found["explanation"]))
        if found["kind"]:
            st.text(f"Planted: {found['kind']}", help=explain("planted"))
        if st.button("Everything about it", icon=":material/open_in_new:", type="tertiary"):
            review.show_card(int(found["row"]))
    st.caption(
        "It starts at the log-odds of an interaction that nothing speaks for or against. Language "
        "(texts, and grades where every pair was judged) moves it at equal behaviour; behaviour "
        "(loss history, score, neighbours) moves it with the weight of the caution. Bars to the "
        "right speak for noise."
    )


def judge(run: Run) -> None:
    """Who graded, and how the grades are spread."""
    st.text(f"Graded by: {run.manifest.judge}")
    if is_baseline(run.manifest):
        asked = "–" if run.manifest.n_judged is None else f"{run.manifest.n_judged:,}"
        st.info(NO_GRADES.format(asked=asked), icon=":material/info:")
        return
    cells = state.ask(method.grade_matrix, run)
    total = int(cells["n"].sum())
    if total == 0:
        st.info("No training interaction was graded.", icon=":material/info:")
        return
    _draw(figures.grade_matrix(cells), "me_grades", "grades")
    known = bool(cells["noise"].notna().any())
    st.caption(
        f"{total:,} graded training interactions. "
        + (
            "Colour: share of planted noise, which the judge has not seen."
            if known
            else "Which of them are noise is not known: nothing was planted."
        )
    )


def truth(run: Run) -> None:
    """Whether p_noisy is as large as the noise it meets; of a rank nobody can ask that."""
    if is_baseline(run.manifest):
        st.info(NO_CALIBRATION, icon=":material/info:")
        return
    bins = state.ask(method.calibration, run)
    if bins.empty:
        st.info("Not known: the noise of this dataset was not planted.", icon=":material/info:")
        return
    _draw(figures.calibration(bins, run.manifest.threshold), "me_calibration", "calibration")
    n = bins["n"].sum()
    said = (bins["n"] * bins["p_noisy"]).sum() / n
    measured = bins["noise"].sum() / n
    st.caption(
        f"{len(bins)} bins of about {n / len(bins):,.0f} interactions. P(noisy) is "
        f"{said:.1%} on average, the planted noise {measured:.1%}: "
        + _verdict_on(said, measured)
        + " What it is made for is the order."
    )


def settings(run: Run) -> None:
    """Every setting with its meaning; what differs from the default is marked."""
    if is_baseline(run.manifest):
        st.caption(
            "Settings of the judge, the scoring and the refined graph are of LLMHNI: here they "
            "shape no more than the steps that all methods share. Epochs, batches and rates are of "
            "train; what else the baseline has to set is at its defaults."
        )
    table = state.ask(settings_list.of_run, run)
    typed, ticked = st.columns([3, 2], vertical_alignment="bottom")
    text = typed.text_input(
        "Find a setting", key=FIND_KEY, bind="query-params", placeholder="name, value or meaning"
    )
    changed = ticked.toggle(
        f"Changed from the default ({int(table['changed'].sum())})",
        key=CHANGED_KEY,
        bind="query-params",
    )
    differs = bool(table["changed"].any())
    shown = settings_list.matching(table, text or "", bool(changed))
    if shown.empty:
        st.info("No setting fits.", icon=":material/search_off:")
        return
    st.dataframe(
        shown.assign(changed=shown["changed"].map({True: "◆ changed", False: ""})),
        column_order=["name", "value", "default", *(["changed"] if differs else []), "meaning"],
        hide_index=True,
        row_height=28,
        height=min(28 * len(shown) + 36, 460),
        column_config={
            "name": st.column_config.TextColumn("Setting", width="medium"),
            "value": st.column_config.TextColumn("Value", width="small"),
            "default": st.column_config.TextColumn("Default", width="small"),
            "changed": st.column_config.TextColumn("", width=80),
            "meaning": st.column_config.TextColumn("Meaning", width="large"),
        },
    )
    components.downloads(partial(spreadsheet.write, table), "me_settings", "settings", len(table))


def honest(run: Run) -> None:
    """What the run can and cannot claim."""
    said = state.ask(honesty.statements, run)
    groups = [name for name in TITLES if any(one.standing == name for one in said)]
    for column, name in zip(st.columns(len(groups), gap="medium"), groups, strict=True):
        with column.container(border=True, height="stretch", gap="xxsmall"):
            st.markdown(f"**{honesty.SIGNS[name]} {TITLES[name]}**")
            for one in said:
                if one.standing == name:
                    st.caption(one.topic)
                    st.text(one.text)


def _draw(figure: go.Figure, key: str, name: str) -> None:
    """A figure in which words matter: in the colour of text, not the pale one of axes."""
    if st.context.theme.type == "dark":
        # The ground goes along, so that a saved figure can be read as well.
        ink, ground = "#E6E8EB", "#14171B"
        figure.update_layout(paper_bgcolor=ground, plot_bgcolor=ground)
    else:
        ink = "#1B1F24"
    figure.update_layout(font_color=ink)
    figure.update_yaxes(tickfont={"color": ink, "size": 13})
    components.chart(figure, key, name)


def _verdict_on(said: float, measured: float) -> str:
    if abs(said - measured) < 0.02:
        return "about right."
    wrong = "underestimated" if said < measured else "overestimated"
    return f"the share of noise was {wrong}."
