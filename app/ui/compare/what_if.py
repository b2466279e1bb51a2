"""View of one run under other rules: sliders, what follows at once, and settings for a next run."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services import environment
from app.services.compare import next_settings, signals, what_if
from app.services.compare.what_if import Outcome, Scenario, Side
from app.services.store import Run
from app.ui import components, state
from app.ui.figures import compare as figures
from app.ui.glossary import explain
from app.ui.graph_edges import ink
from core.errors import ConfigError
from core.types import VERDICTS

BY: Final = "co_w_by"
SHARE: Final = "co_w_share"
CUT: Final = "co_w_p"
RULE: Final = "co_w_rule"
LEAST: Final = "co_w_grade"
WITHOUT: Final = "co_w_without"
CAUTION: Final = "co_w_caution"
BY_SHARE, BY_P = "Share called noisy", "P(noisy)"
RULES: Final = {"posterior": "P(noisy) decides", "grades": "Grades decide"}
LEASTS: Final = {"High": "High and High", "Mid": "at least Mid and Mid"}
_SEEN: Final = "_co_w_seen"


def draw(run: Run) -> None:
    """Draw the view."""
    st.text(f"Run {run.id}, chosen in the sidebar.")
    st.caption(
        "Other rules on the signals as they are, at once: nothing is trained anew, so "
        "recommendations are not foretold. What a person decided stays."
    )
    _start(run)
    _view(run)


@st.fragment
def _view(run: Run) -> None:
    asked, answer = st.columns([2, 5], gap="large")
    with asked:
        scenario = _ask(run)
    found = state.ask(what_if.outcome, run, scenario)
    with answer:
        _counts(found)
        _table(found)
        components.chart(
            figures.verdict_flows(found.moves, ink(), "now", "then"), "co_w_flows", "what-if"
        )
    _keep(run, scenario)


def _start(run: Run) -> None:
    """Put the rules of the run into the widgets, on the first visit and for another run."""
    first = _SEEN not in st.session_state
    if first or st.session_state[_SEEN] != run.id:
        for key, value in _defaults(run).items():
            if not first or (key not in st.session_state and key not in st.query_params):
                st.session_state[key] = value
    st.session_state[_SEEN] = run.id


def _defaults(run: Run) -> dict[str, Any]:
    own = what_if.start(run)
    return {
        BY: BY_SHARE,
        SHARE: round(own.value, 3),
        CUT: round(run.manifest.threshold or 0.5, 3),
        RULE: own.rule,
        LEAST: own.least,
        WITHOUT: [],
        CAUTION: what_if.caution_of(run) or 0.0,
    }


def _ask(run: Run) -> Scenario:
    """Every rule as a widget, and what they ask for together."""
    own, caution = what_if.start(run), what_if.caution_of(run)
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
        "Both grades must be", list(LEASTS), key=LEAST, bind="query-params",
        format_func=lambda name: LEASTS[name], horizontal=True,
        help="For the verdict hard, and for edges that are kept or added.",
    )  # fmt: skip
    without, weight = _ask_parts(run, caution)
    if st.button("Back to the run", icon=":material/undo:", key="co_w_back"):
        state.set_next(**_defaults(run))
        st.rerun()
    return Scenario(
        "share" if by_share else "threshold",
        value,
        "posterior" if is_posterior else "grades",
        "Mid" if least == "Mid" else "High",
        without,
        None if caution is None or weight == caution else weight,
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
    has_parts = signals.load(run).has_parts
    without = st.multiselect(
        "Leave out", list(what_if.PARTS), key=WITHOUT, bind="query-params",
        format_func=lambda name: what_if.PARTS[name], disabled=not has_parts,
        help="The part is taken out of the log-odds, and the level is found anew so that the mean "
        "of P(noisy) stays the estimated noise rate.",
    )  # fmt: skip
    weight = st.slider(
        "Caution (weight of behaviour)", 0.0, 1.0, step=0.05, key=CAUTION, bind="query-params",
        disabled=caution is None or not has_parts or "behaviour" in without,
        help="As scoring.caution. Not known or 0 in this run: cannot be weighed anew."
        if caution is None
        else "As the setting scoring.caution.",
    )  # fmt: skip
    return tuple(sorted(without)), float(weight)


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
    rows = [
        ("Threshold of P(noisy)", "threshold", ".3f"),
        ("Planted noise found", "noise_found", ".1%"),
        ("Planted noise among the noisy", "precision", ".1%"),
        ("Hard ones kept", "hard_kept", ".1%"),
        ("Verdict is the label, of those kept for measuring", "agree", ".1%"),
        ("Edges dropped (preset paper)", "dropped", ",d"),
        ("Edges added (preset paper)", "added", ",d"),
    ]
    known = [
        (title, _said(found.now, name, form), _said(found.then, name, form))
        for title, name, form in rows
        if getattr(found.now, name) is not None or getattr(found.then, name) is not None
    ]
    known.append(("Mean change of an edge's weight (preset soft)", "–", f"{found.moved:.3f}"))
    st.dataframe(
        pd.DataFrame(known, columns=["", "Now", "Then"]), hide_index=True, height="content"
    )
    if found.now.noise_found is None:
        st.caption("Nothing was planted in this dataset: how much noise is found is not known.")
    if found.n_told and found.now.noise_found is not None:
        st.caption(
            f"Planted noise and hard ones without the {found.n_told:,} interactions that labels "
            "decided or taught. What people decided about edges stays."
        )
    if found.now.dropped is None:
        st.caption("The run kept no judgements: which edges would change is not known.")


def _said(side: Side, name: str, form: str) -> str:
    value = getattr(side, name)
    return "–" if value is None else f"{value:{form}}"


def _keep(run: Run, scenario: Scenario) -> None:
    """Settings of a next run that mean the same."""
    changes, cannot = what_if.expressible(run, scenario)
    st.subheader("Settings of the next run")
    if changes:
        table = pd.DataFrame([(name, str(value)) for name, value in changes.items()])
        table.columns = pd.Index(["Setting", "Value"])
        st.dataframe(table, hide_index=True, width=420, height="content")
    else:
        st.caption("As in this run: there is nothing to set otherwise.")
    for sentence in cannot:
        st.text(f"No setting says this. {sentence}")
    if st.button(
        "Save as settings of the next run",
        icon=":material/save:",
        key="co_w_save",
        disabled=not changes,
        help="The settings of this run with these changes, as a file.",
    ):
        try:
            path = next_settings.save(run, changes)
        except ConfigError as error:
            components.explain(error)
            return
        st.success("Saved. Start the run with:")
        command = environment.shell_command(
            "run", run.manifest.dataset, "--config", str(path), place=state.workspace()
        )
        st.code(command, language=None, wrap_lines=True)
