"""Retraining with labels: what it will change, the settings, one button, and how it goes."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services import fields, job_list, retrain
from app.services.fields import Setting
from app.services.labels import current, snapshot
from app.services.retrain import RetrainPlan
from app.services.retrain_labels import LEFT_OUT
from app.services.store import Run
from app.ui import analyst, database, jobs_detail, jobs_live, settings_form, state
from core.config import RunConfig
from core.errors import WorkbenchError

MAIN: Final = ("labels.", "scoring.", "refine.", "train.epochs", "train.learning_rate")
"""Settings on top: names, or how they begin."""
MEANINGS: Final = {
    "clean": "Edge kept whole.",
    "hard": "Edge kept whole.",
    "noisy": "Edge dropped.",
    "like": "Edge added.",
    "not": "Edge never added, and none that is suggested.",
}
"""What a label does."""
LEFT_OUT_HELP: Final = (
    "In conflict: people differ and nobody has resolved it. Unsure: nobody is sure. Not in the "
    "dataset: its user or item is not there. Validation or test: pairs that only measure the "
    "ranking. Of the wrong sort: clean, hard or noisy of a pair that is no training interaction, "
    "or like or not of one that is."
)
RUNS, WHAT_IF = SOURCES = ("Those of this run", "Those chosen under What if")
_STARTED: Final = "_retrain_started"
"""What this session started last: a double click starts one run."""


def panel(run: Run) -> None:
    """Draw what retraining a run with all labels on its dataset will do, and the way to do it."""
    _going_on(run)
    why_not = retrain.why_not(run)
    if why_not:
        st.info("This run cannot be retrained.", icon=":material/info:")
        st.text(why_not)
        return
    config, from_scratch = _settings(run)
    if config is None:
        st.error("A setting does not fit; it is marked.", icon=":material/error:")
        return
    why_not = retrain.why_not(run, config)
    if why_not:
        st.info("There is nothing to retrain with these settings.", icon=":material/info:")
        st.text(why_not)
        return
    with database.cursor() as cursor:
        moment = current.version(cursor, run.manifest.dataset)
    chosen = (config.model_dump_json(), from_scratch, retrain.reuses_stages(run))
    plan = state.ask(_plan, run, moment, *chosen)
    _labels(plan)
    _effects(plan, from_scratch)
    _changes(plan)
    _start(run, plan, config, from_scratch)


def _plan(
    run: Run,
    moment: int,  # noqa: ARG001 - labels are others where it is another one
    settings: str,
    from_scratch: bool,
    reuses: bool,  # noqa: ARG001 - likewise, of the time it takes
) -> RetrainPlan:
    """What retraining would mean, with the labels as they are."""
    with database.cursor() as cursor:
        standing = snapshot.standing(cursor, run.manifest.dataset)
    return retrain.plan(run, standing, RunConfig.model_validate_json(settings), from_scratch)


def _going_on(run: Run) -> None:
    """Retrainings of this run that work or wait, and the latest one if it was stopped."""
    stopped = retrain.stopped(state.workspace(), run)
    if stopped is not None:
        jobs_detail.card(stopped)
    for run_id in retrain.going_on(state.workspace(), run):
        entry = job_list.read(state.workspace() / "runs" / run_id)
        jobs_live.draw(run_id, jobs_live.earlier_seconds(entry))


def _settings(run: Run) -> tuple[RunConfig | None, bool]:
    """Ask for the settings; None where one does not fit. And whether to begin from scratch."""
    own, chosen = retrain.settings_to_start(run)
    start, source = own, RUNS
    if chosen is not None:
        source = st.segmented_control(
            "Settings to begin with",
            SOURCES,
            default=WHAT_IF,
            required=True,
            key=f"rt_source_{run.id}",
            help="On the Compare page, under What if, somebody chose settings for the next run.",
        )
        start = chosen if source == WHAT_IF else own
    with st.container(horizontal=True, gap="large"):
        scratch = st.toggle(
            "From scratch",
            key="rt_scratch",
            help="Begin the final training with random weights and not with those of this run: "
            "slower. Neither way shows what the labels did alone. From scratch, the difference to "
            "this run is that of labels and chance together. A warm start also trains on for some "
            "epochs from where this run was best, which moves the numbers without any label.",
        )
        edit = st.toggle("Change settings", key="rt_edit")
    values: dict[str, Any] = dict(start)
    places: settings_form.Places = {}
    if edit:
        answers, places = _form(start, f"rt_{run.id}_{SOURCES.index(str(source))}_")
        values |= answers
    config, errors = fields.build(RunConfig, values)
    settings_form.show_errors(errors, places)
    return config, scratch


def _form(start: dict[str, Any], prefix: str) -> tuple[dict[str, Any], settings_form.Places]:
    known = list(fields.settings_of(RunConfig))
    main = [setting.called(_title(setting)) for setting in known if setting.name.startswith(MAIN)]
    values, places = settings_form.draw(main, prefix, start)
    with st.expander("All other settings", icon=":material/tune:"):
        st.caption(
            "A change here may touch early stages, which are then done again: that takes longer."
        )
        rest = [
            setting.called(_title(setting))
            for setting in known
            if not setting.name.startswith(MAIN)
        ]
        more, below = settings_form.draw(rest, prefix, start)
    return values | more, places | below


def _title(setting: Setting) -> str:
    """Title with the step, because the form is not in sections."""
    return f"{setting.section}: {setting.title}" if setting.section else setting.title


def _labels(plan: RetrainPlan) -> None:
    """Labels by kind, and those that are left out."""
    with st.container(horizontal=True):
        for label, n_rows in plan.n_by_label.items():
            st.metric(label.capitalize(), f"{n_rows:,}", help=MEANINGS[label], border=True)
        st.metric(
            "Held out",
            f"{plan.n_held_out:,}",
            help="Kept for measuring how well the model agrees with people; the same pairs in "
            "every run. They decide nothing. Labels given to many pairs at once are never among "
            "them.",
            border=True,
        )
        st.metric(
            "Left out",
            f"{plan.n_left_out:,}",
            help=LEFT_OUT_HELP,
            border=True,
        )
    if plan.n_left_out:
        reasons = ", ".join(
            f"{n_rows:,} {LEFT_OUT[name]}" for name, n_rows in plan.left_out.items() if n_rows
        )
        st.caption(f"Left out: {reasons}.")
    if plan.n_overrule_only:
        st.caption(
            f"{plan.n_overrule_only:,} of the labels were given to many pairs at once (in bulk, "
            "from a table or a file). All they may do is decide about their own pairs: they do not "
            "correct P(noisy) and do not measure, because whoever chose the pairs may have gone by "
            "the model."
        )


def _effects(plan: RetrainPlan, from_scratch: bool) -> None:
    """What follows from the labels at once."""
    edges = plan.edges
    if plan.no_edges:
        st.text(f"Labels change no edge. {plan.no_edges}")
    rows = [
        ("Edges kept or added", edges.forced, f"{edges.n_new:,} are not in the graph of this run"),
        ("Edges dropped", edges.dropped, f"{edges.n_gone:,} are in the graph of this run"),
        ("Edges forbidden", edges.forbidden, f"{edges.n_forbidden_there:,} are in it"),
    ]
    st.dataframe(
        pd.DataFrame(rows, columns=["By labels", "Pairs", "Of these"]),
        hide_index=True,
        width=560,
        key="rt_effects",
    )
    warm = plan.can_warm_start and not from_scratch
    began = "from the weights of this run" if warm else "from scratch"
    why = "As you chose." if from_scratch and plan.can_warm_start else plan.warm_reason
    st.text(f"The final training begins {began}. {why}")
    also = ", further epochs from where this run was best, and chance" if warm else " and chance"
    st.caption(f"The difference between both runs will be that of labels{also}.")
    st.text(plan.correction)
    _time(plan)
    if plan.n_forgotten:
        st.warning(
            f"This run was given {plan.n_forgotten:,} labels that nobody has given in this "
            "workspace, from a file perhaps. The new run will not know them, though weights that "
            "they shaped may be where it begins. Import them first, or begin from scratch.",
            icon=":material/warning:",
        )


def _time(plan: RetrainPlan) -> None:
    """How long it takes, as far as that can be told."""
    if plan.seconds is None or plan.seconds_anew is None:
        return
    if not plan.reuses or plan.seconds_anew < 1.5 * plan.seconds:
        st.text(f"It takes about {jobs_live.duration(plan.seconds_anew)}.")
    else:
        st.text(
            f"It takes about {jobs_live.duration(plan.seconds)} if finished stages of earlier runs "
            f"can be taken over, else about {jobs_live.duration(plan.seconds_anew)}."
        )
        st.caption(
            "They can where program, libraries, device and number of threads are the same. By the "
            "times of this run; another load of the machine changes them."
        )


def _changes(plan: RetrainPlan) -> None:
    """Settings that differ from the run's."""
    if not plan.changes:
        st.caption("All settings are those of this run.")
        return
    rows = [(name, str(old), str(new)) for name, (old, new) in plan.changes.items()]
    st.dataframe(
        pd.DataFrame(rows, columns=["Setting", "This run", "New run"]),
        hide_index=True,
        width=560,
        key="rt_changes",
    )


def _start(run: Run, plan: RetrainPlan, config: RunConfig, from_scratch: bool) -> None:
    message = st.text_input(
        "What is new?",
        key="rt_message",
        max_chars=200,
        placeholder="For example: checked the 200 most doubtful ones",
        help="Kept with the revision of the labels and with the run.",
        width=560,
    )
    who = analyst.who()
    if plan.n_used == 0:
        st.info("There is no label to retrain with yet.", icon=":material/info:")
    elif who is None:
        st.info("Say who you are first, where labels are given.", icon=":material/person:")
    pressed = st.button(
        f"Retrain with {plan.n_used:,} labels",
        type="primary",
        icon=":material/model_training:",
        key="rt_start",
        disabled=plan.n_used == 0 or who is None,
        help="Keeps the labels as a revision, and starts a new run; this one stays as it is.",
    )
    if pressed and who is not None:
        _run(run, config, from_scratch, message.strip(), who)


def _run(run: Run, config: RunConfig, from_scratch: bool, message: str, who: str) -> None:
    """Keep the labels and start, once."""
    try:
        with database.cursor() as cursor:
            revision = snapshot.save(cursor, run.manifest.dataset, message, who, state.workspace())
        ordered = (run.id, revision.id, config.model_dump_json(), from_scratch)
        if st.session_state.get(_STARTED) == ordered and retrain.going_on(state.workspace(), run):
            return
        retrain.start(run, config, revision.path, revision.id, message, from_scratch)
    except WorkbenchError as error:
        st.error("It could not be started.", icon=":material/error:")
        st.text(str(error))
    else:
        st.session_state[_STARTED] = ordered
        st.rerun()
