"""Run the method on a dataset: the settings, and the run that is going on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from app.services import background, datasets, fields, jobs
from app.services.datasets import PreparedData
from app.services.fields import Setting
from app.services.method_of import TITLES
from app.ui import components, settings_form, state
from app.ui.settings_form import Places
from core.config import RunConfig
from core.method_names import OURS
from core.presets import PRESETS, Assignments

PRESET: Final = "da_r_preset"
OWN: Final = "own"
STARTS: Final = {OWN: "Defaults of this project", "paper": "LLMHNI as in the paper"}
"""What the settings begin with: nothing, or a preset of :data:`core.presets.PRESETS`."""
METHOD: Final = "method"
MAIN: Final = {
    METHOD: "Method",
    "seed": "Seed",
    "pretrain.epochs": "Epochs, pre-training",
    "train.epochs": "Epochs, final training",
    "judge.scope": "Judge is asked about",
    "refine.preset": "Refined graph",
    "backbone.kind": "Backbone",
    "text.encoder": "Encoder of texts",
    "projection.method": "Maps",
}
"""Settings on top, and what they are called there, away from their section."""
SECTIONS: Final = {
    "": "General",
    "text": "Texts",
    "alignment": "Objective alignment",
    "backbone": "Backbone",
    "pretrain": "Pre-training",
    "judge": "Judge",
    "train": "Final training",
    "scoring": "P(noisy) and verdicts",
    "labels": "Labels of people",
    "projection": "Maps",
}


def draw(data: PreparedData) -> None:
    """Draw the settings, the button, the run that is going on, and the runs there are."""
    running = components.current_job()
    if running:
        _stop()
    known = {setting.name: setting for setting in fields.settings_of(RunConfig)}
    st.subheader("Settings of a new run")
    preset = _preset()
    main = [known[name].called(title) for name, title in MAIN.items() if name in known]
    values, places = _form(main, preset, 3)
    chosen, below = _options(str(values[METHOD]))
    values |= chosen
    places |= below
    with st.expander("All other settings", icon=":material/tune:"):
        st.caption("Marks: [P] from the paper, [2] second-hand, [D] of this project.")
        for section in dict.fromkeys(setting.section for setting in known.values()):
            rest = [s for s in known.values() if s.section == section and s.name not in MAIN]
            more, below = _section(section, rest, preset)
            values |= more
            places |= below
    config, errors = fields.build(RunConfig, values)
    settings_form.show_errors(errors, places)
    if config is not None:
        n_changed = len(fields.changed(config))
        st.caption(f"Settings that differ from their defaults: {n_changed}.")
    elif errors:
        st.error("A setting does not fit; it is marked.", icon=":material/error:")
    pressed = st.button(
        "Run the method on this dataset",
        type="primary",
        icon=":material/play_arrow:",
        disabled=config is None,
        help="It waits for the run that is going on, and then begins by itself."
        if running
        else None,
        key="da_run",
    )
    if pressed and config is not None:
        background.start_run(data.name, config, state.workspace())
        st.rerun()
    _runs(data)


def _preset() -> str:
    """Draw the choice of what the settings begin with."""
    chosen = str(
        st.selectbox(
            "Settings begin with",
            [OWN, *(name for name in STARTS if name in PRESETS)],
            key=PRESET,
            format_func=lambda name: STARTS[name],
            width=360,
            help="*LLMHNI as in the paper* is arXiv:2511.07295 by the letter, as far as it is "
            "known, and the same as `run --preset paper`: only the lowest-scored interactions and "
            "the highest-scored others are judged, High and High is hard and all else that was "
            "judged is noise, edges are dropped and added whole, every negative is a semantic "
            "hard one. Sizes are ours: those of the paper are not known. What you change below "
            "wins over the preset; choosing a preset sets its own settings anew and leaves all "
            "others as you set them.",
        )
    )
    if chosen != OWN:
        told = ", ".join(f"{name} = {_said(value)}" for name, value in PRESETS[chosen].items())
        st.caption(f"It sets {len(PRESETS[chosen])} settings: {told}.")
    return chosen


def _said(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _form(
    settings: Sequence[Setting], preset: str, per_row: int = 4
) -> tuple[dict[str, object], Places]:
    """Draw settings; those of the preset have widgets of their own, which begin with its values."""
    first: Assignments = PRESETS.get(preset, {})
    own = dict.fromkeys(first, f"da_r_{preset}_")
    return settings_form.draw(settings, "da_r_", first, per_row, prefixes=own)


def _options(method: str) -> tuple[dict[str, object], Places]:
    """Settings of a baseline, where one is chosen; each baseline has widgets of its own."""
    if method == OURS:
        return {}, {}
    st.markdown(f"**Options of the baseline {TITLES[method]}**")
    st.caption(
        "It is trained from its formula, on the same data, backbone and budget of epochs, and can "
        "be laid beside a run of LLMHNI on the page Compare. Its epochs, step size and weight "
        "decay are those of the final training."
    )
    found = fields.options_of(method)
    if not found:
        st.caption("It has no options of its own.")
    return settings_form.draw(found, f"da_r_{method}_")


def _section(
    section: str, rest: Sequence[Setting], preset: str
) -> tuple[dict[str, object], Places]:
    if not rest:
        return {}, {}
    st.markdown(f"**{SECTIONS.get(section, section.capitalize())}**")
    return _form(rest, preset)


@st.fragment(run_every=2.0)
def _stop() -> None:
    """A way to stop, as soon as the run has a name."""
    job = jobs.current(state.workspace())
    if job is None or job.run_id is None:
        return
    if st.button("Stop the run", icon=":material/stop:", help="What is finished is kept."):
        jobs.ask_to_stop(state.workspace(), job.run_id)
        st.toast("The run was asked to stop.")


def _runs(data: PreparedData) -> None:
    """Finished runs on this dataset, and a way to them."""
    st.subheader("Finished runs on this dataset")
    found = datasets.runs_of(state.workspace(), data)
    if not found:
        st.info("There is none yet.", icon=":material/info:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=360):
            chosen = st.selectbox("Finished run", [run.id for run in found], key="da_open_run")
        if st.button("Open its overview", icon=":material/arrow_forward:"):
            state.set_next(**{state.RUN_KEY: chosen})
            state.go("../pages/overview.py")
