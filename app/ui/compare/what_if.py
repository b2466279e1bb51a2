"""View of one run under other rules: sliders, what follows at once, and settings for a next run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services.compare import scenario, signals, what_if
from app.services.compare.scenario import Preset, Scenario
from app.services.compare.what_if import Outcome
from app.services.method_of import method_of
from app.services.store import Run
from app.ui import components, state
from app.ui.compare import next_settings, which
from app.ui.figures import compare as figures
from app.ui.glossary import explain
from app.ui.graph_edges import ink
from app.ui.wording import UNKNOWN, number
from core.scoring.accept import ACCEPTED
from core.types import VERDICTS

BY: Final = "co_w_by"
SHARE: Final = "co_w_share"
CUT: Final = "co_w_p"
RULE: Final = "co_w_rule"
LEAST: Final = "co_w_grade"
WITHOUT: Final = "co_w_without"
CAUTION: Final = "co_w_caution"
PRESET: Final = "co_w_preset"
BY_SHARE, BY_P = "Share called noisy", "P(noisy)"
RULES: Final = {"posterior": "P(noisy) decides", "grades": "Grades decide"}
PRESETS: Final[dict[Preset, str]] = {
    "soft": "soft weights",
    "paper": "hard edits (paper)",
    "none": "left as it is",
    "": "not known",
}
MEASURED: Final = {
    "threshold": ("Threshold of P(noisy)", ".3f"),
    "noise_found": ("Planted noise found", ".1%"),
    "precision": ("Planted noise among the noisy", ".1%"),
    "hard_kept": ("Hard ones kept", ".1%"),
    "agree": ("Verdict is the label, of those kept for measuring", ".1%"),
}
EDGES: Final = {
    "dropped": ("Edges dropped", ",d"),
    "added": ("Edges added", ",d"),
    "weight": ("Weight of all observed edges", ",.0f"),
}
"""Field of a side -> what it is called, and how its number reads."""
_SEEN: Final = "_co_w_seen"


def draw(run: Run) -> None:
    """Draw the view."""
    run = which.draw(run)
    st.caption(
        "Other rules on the signals as they are, at once: nothing is trained anew, so "
        "recommendations are not foretold. What a person decided stays."
    )
    method = method_of(run.manifest)
    if method.is_baseline:
        st.text(
            f"This run is of the baseline {method.title}: its P(noisy) is a rank that no signal "
            "and no grade moved. Leaving signals out changes nothing, and it cannot be retrained."
        )
    _start(run)
    _view(run)


@st.fragment
def _view(run: Run) -> None:
    asked, answer = st.columns([2, 5], gap="large")
    with asked:
        asked_for = _ask(run)
    found = state.ask(what_if.outcome, run, asked_for)
    with answer:
        _counts(found)
        _table(found)
        components.chart(
            figures.verdict_flows(found.moves, ink(), "now", "then"), "co_w_flows", "what-if"
        )
    if not method_of(run.manifest).is_baseline:
        next_settings.draw(run, asked_for)


def _start(run: Run) -> None:
    """Put the rules of the run into the widgets, on the first visit and for another run."""
    first = _SEEN not in st.session_state
    if first or st.session_state[_SEEN] != run.id:
        for key, value in _defaults(run).items():
            if not first or (key not in st.session_state and key not in st.query_params):
                st.session_state[key] = value
    st.session_state[_SEEN] = run.id


def _defaults(run: Run) -> dict[str, Any]:
    own = scenario.start(run)
    return {
        BY: BY_SHARE,
        SHARE: round(own.value, 3),
        CUT: round(run.manifest.threshold or 0.5, 3),
        RULE: own.rule,
        LEAST: own.accept,
        WITHOUT: [],
        CAUTION: scenario.caution_of(run) or 0.0,
        PRESET: own.preset,
    }


def _ask(run: Run) -> Scenario:
    """Every rule as a widget, and what they ask for together."""
    own, caution = scenario.start(run), scenario.caution_of(run)
    rule = st.radio(
        "Rule",
        list(RULES),
        key=RULE,
        bind="query-params",
        format_func=lambda name: RULES[name],
        horizontal=True,
        help="Grades decide: noisy = low-scored, judged, and not both grades high enough.",
    )
    is_posterior = rule == "posterior"
    by_share, value = _ask_how_many(run, own, is_posterior)
    least = st.radio(
        "Both grades must be", list(ACCEPTED), key=LEAST, bind="query-params",
        format_func=lambda name: ACCEPTED[name], horizontal=True,
        help="For the verdict hard, and for edges that are kept or added. As the setting "
        "refine.accept; the method of the paper asks for High and High.",
    )  # fmt: skip
    without, weight = _ask_parts(run, caution)
    preset = _ask_preset(own.preset)
    if st.button("Back to the run", icon=":material/undo:", key="co_w_back"):
        state.set_next(**_defaults(run))
        st.rerun()
    return Scenario(
        "share" if by_share else "threshold",
        value,
        "posterior" if is_posterior else "grades",
        "mid" if least == "mid" else "high",
        without,
        None if caution is None or weight == caution else weight,
        preset,
    )


def _ask_how_many(run: Run, own: Scenario, enabled: bool) -> tuple[bool, float]:
    """Whether a share says how many are noisy, else a p_noisy does; and its value."""
    by = st.segmented_control(
        "Noisy is", [BY_SHARE, BY_P], required=True, key=BY, bind="query-params",
        disabled=not enabled,
    )  # fmt: skip
    share = st.slider(
        BY_SHARE, 0.0, 1.0, step=0.001, format="percent", key=SHARE, bind="query-params",
        disabled=not enabled or by != BY_SHARE,
        help="The interactions with the highest P(noisy), so many of all.",
    )  # fmt: skip
    cut = st.slider(
        "P(noisy) from", 0.0, 1.0, step=0.001, key=CUT, bind="query-params",
        disabled=not enabled or by != BY_P, help=explain("threshold"),
    )  # fmt: skip
    if by != BY_P:  # sliders round: untouched ones mean the run's own value
        return True, float(own.value if share == round(own.value, 3) else share)
    threshold = run.manifest.threshold
    is_own = threshold is not None and cut == round(threshold, 3)
    return False, float(threshold if is_own and threshold is not None else cut)


def _ask_parts(run: Run, caution: float | None) -> tuple[tuple[str, ...], float]:
    """Which parts of the log-odds to leave out, and the weight of behaviour."""
    has_parts, gone = state.ask(signals.has_parts, run), scenario.left_out(run)
    without = st.multiselect(
        "Leave out", [name for name in scenario.PARTS if name not in gone], key=WITHOUT,
        bind="query-params", format_func=lambda name: scenario.PARTS[name], disabled=not has_parts,
        help="The part is taken out of the log-odds, and the level is found anew so that the mean "
        "of P(noisy) stays the estimated noise rate. As the settings scoring.use_language, "
        "scoring.use_behaviour and scoring.use_grades. Where the judge graded every pair, grades "
        "are part of language.",
    )  # fmt: skip
    if gone:
        names = ", ".join(scenario.PARTS[name] for name in gone)
        st.caption(f"Left out by the run itself, and not known any more: {names}.")
    weight = st.slider(
        "Caution (weight of behaviour)", 0.0, 1.0, step=0.05, key=CAUTION, bind="query-params",
        disabled=caution is None or not has_parts or "behaviour" in (*without, *gone),
        help="As scoring.caution. Not known or 0 in this run: cannot be weighed anew."
        if caution is None
        else "As the setting scoring.caution.",
    )  # fmt: skip
    return tuple(sorted(without)), float(weight)


def _ask_preset(own: Preset) -> Preset:
    """How the graph is refined; nothing to choose where the run did not refine it."""
    can = own in ("soft", "paper")
    options: list[Preset] = ["soft", "paper"] if can else [own]
    return st.radio(
        "Refined graph", options, key=PRESET, bind="query-params", disabled=not can,
        format_func=lambda name: PRESETS[name], horizontal=True,
        help="Soft: every observed edge stays, with the weight 1 - P(noisy). Paper: low-scored "
        "edges that the judge does not accept are dropped. As the setting refine.preset; another "
        "one than this run's is trained from scratch.",
    )  # fmt: skip


def _counts(found: Outcome) -> None:
    for column, verdict in zip(st.columns(len(VERDICTS)), VERDICTS, strict=True):
        now, then = found.now.verdicts[verdict], found.then.verdicts[verdict]
        column.metric(
            verdict.capitalize(),
            f"{then:,}",
            f"{then - now:+,} against now" if then != now else "as now",
            delta_color="off",
            delta_arrow="off",
            help=explain(verdict),
            border=True,
        )


def _table(found: Outcome) -> None:
    known = _numbers(found, MEASURED)
    known.append(("Refined graph", PRESETS[found.now.preset], PRESETS[found.then.preset]))
    known += _numbers(found, EDGES)
    if found.moved is not None:
        known.append(("Mean change of an edge's weight", UNKNOWN, number(found.moved, ".3f")))
    st.dataframe(
        pd.DataFrame(known, columns=["", "Now", "Then"]), hide_index=True, height="content"
    )
    if found.now.noise_found is None:
        st.caption("Nothing was planted in this dataset: how much noise is found is not known.")
    if found.n_told and found.now.noise_found is not None:
        st.caption(
            f"Planted noise and hard ones without the {found.n_told:,} interactions "
            "that a label decided, or that helped to correct P(noisy). What people decided about "
            "edges stays."
        )
    _about_edges(found)


def _numbers(found: Outcome, rows: Mapping[str, tuple[str, str]]) -> list[tuple[str, str, str]]:
    """What is known of some rows, now and then."""
    sides = {name: (getattr(found.now, name), getattr(found.then, name)) for name in rows}
    return [
        (rows[name][0], number(now, rows[name][1]), number(then, rows[name][1]))
        for name, (now, then) in sides.items()
        if now is not None or then is not None
    ]


def _about_edges(found: Outcome) -> None:
    """What the numbers of edges are, by preset."""
    if found.then.weight is None:
        st.caption("The run kept no judgements: which edges would change is not known.")
    elif "soft" in (found.now.preset, found.then.preset):
        people = "Soft weights drop no edge but those that people called noisy."
        judged = " The run kept no judgements: what is added is not known."
        st.caption(people + (judged if found.then.added is None else ""))
    if found.then.preset == "none":
        st.caption("The run left the graph as it is (train.interaction_denoising is off).")
