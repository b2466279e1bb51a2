"""Which judge is asked about which dataset: the form, made of the settings of a run."""

from __future__ import annotations

import re
from typing import Any, Final

import streamlit as st

from app.services import fields, judge_place, judging, store
from app.services.fields import Setting
from app.services.judge_place import Place
from app.ui import settings_form, state
from core.config import RunConfig
from core.errors import DataError

DATASET: Final = "ju_set"
KIND: Final = "ju_kind"
FROM: Final = "ju_from"
KINDS: Final = {
    "openai": "Model at an endpoint",
    "local": "Model file",
    "recorded": "Recorded judgements",
    "evidence": "Evidence, no model",
    "ensemble": "Two judges",
}
DEFAULTS, OF_RUN = SOURCES = ("Defaults", "Those of the run in the sidebar")
LLM: Final = "judge.llm."
_SHARED: Final = (f"{LLM}targets_per_call", f"{LLM}in_flight")
_BUDGET: Final = tuple(
    f"{LLM}{name}"
    for name in ("budget_calls", "budget_tokens", "budget_money", "price_prompt", "price_output")
)
OF_KIND: Final = {
    "openai": (f"{LLM}base_url", f"{LLM}model", *_SHARED, *_BUDGET, f"{LLM}timeout"),
    "local": (f"{LLM}model_file", *_SHARED),
    "recorded": (),
    "evidence": (),
}
"""Settings on top, by kind of judge."""
PAIRS: Final = tuple(
    f"judge.{name}"
    for name in ("scope", "observed_share", "unobserved", "controls", "history_items", "repeat")
)
"""Which pairs are judged."""
ELSEWHERE: Final = ("judge.kind", "judge.first", "judge.second", "judge.recorded", "judge.flip")
TITLES: Final = {
    f"{LLM}base_url": "Address (base URL)",
    f"{LLM}model": "Model",
    f"{LLM}model_file": "Model file (GGUF)",
    f"{LLM}targets_per_call": "Items per call",
    f"{LLM}in_flight": "Calls at once",
    f"{LLM}price_prompt": "Price, questions",
    f"{LLM}price_output": "Price, replies",
    f"{LLM}timeout": "Timeout (s)",
    "judge.scope": "Pairs judged",
    "judge.observed_share": "Share of interactions",
    "judge.unobserved": "Unobserved per user",
    "judge.controls": "Strangers per user",
    "judge.history_items": "Items of the history",
    "judge.repeat": "Pairs asked twice more",
}


_MORE_TITLES: Final = {
    **{f"{LLM}{name}": f"Budget {name[7:]}" for name in ("budget_calls", "budget_tokens")},
    f"{LLM}budget_money": "Budget money",
    f"{LLM}mode": "Mode",
    f"{LLM}temperature": "Temperature",
}


def worded(text: str) -> str:
    """A message with the titles of the form in place of the names of settings."""
    for name, title in sorted((TITLES | _MORE_TITLES).items(), key=lambda one: -len(one[0])):
        text = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w]|\.\w)", f"“{title}”", text)
    return text


def draw(known: list[str]) -> tuple[str, RunConfig | None]:
    """Draw dataset, judge and settings.

    Args:
        known: Names of the datasets.

    Returns:
        The dataset, and the settings of a run that is judged so; None where one does not fit.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        dataset = st.selectbox("Dataset", known, key=DATASET, bind="query-params", width=240)
        kind = st.segmented_control(
            "Judge",
            list(KINDS),
            default="openai",
            required=True,
            key=KIND,
            bind="query-params",
            format_func=lambda name: KINDS[name],
            help="Who grades. `openai`, `local`, `recorded`, `evidence`, `ensemble` as the setting "
            "judge.kind.",
        )
    start, prefix = _start(str(dataset))
    values: dict[str, Any] = {"judge.kind": kind}
    parts = {str(kind)}
    if kind == "ensemble":
        values |= _two(prefix)
        parts = {str(values["judge.first"]), str(values["judge.second"])}
    if "recorded" in parts:
        values["judge.recorded"] = _recorded(str(dataset), prefix)
    more, places = _form(parts, start, prefix)
    config, errors = fields.build(RunConfig, start | values | more)
    settings_form.show_errors(errors, places)
    return str(dataset), config


def _start(dataset: str) -> tuple[dict[str, Any], str]:
    """Settings to begin with by full name, and a prefix of keys that is another one for others."""
    own = _of_run(dataset)
    if own is None:
        return fields.flat(RunConfig().model_dump(mode="json")), "ju_a_"
    source = st.segmented_control(
        "Begin with the settings",
        SOURCES,
        default=OF_RUN,
        required=True,
        key=FROM,
        bind="query-params",
        help="Which pairs are judged depends on pre-training, and so on its settings. With those "
        "of a run, a run with these grades can be compared with it.",
    )
    if source == DEFAULTS:
        return fields.flat(RunConfig().model_dump(mode="json")), "ju_a_"
    return own, f"ju_a_{st.session_state.get(state.RUN_KEY)}_"


def _of_run(dataset: str) -> dict[str, Any] | None:
    """Settings of the run of the sidebar, where it is on this dataset and can still be read."""
    try:
        run: store.Run | None = state.current_run()
    except DataError:
        return None
    if run is None or run.manifest.dataset != dataset:
        return None
    config, _ = fields.build(RunConfig, fields.flat(run.manifest.settings))
    if config is None:
        return None
    # What was flipped for measuring, or recorded for that run, is not what is asked for here.
    own = fields.flat(config.model_dump(mode="json"))
    return own | {"judge.flip": 0.0, "judge.recorded": ""}


def _two(prefix: str) -> dict[str, str]:
    """The two judges of an ensemble."""
    choices = [name for name in KINDS if name != "ensemble"]
    found = {}
    for column, (name, title, first) in zip(
        st.columns(3)[:2],
        (("judge.first", "First judge", "evidence"), ("judge.second", "Second judge", "openai")),
        strict=True,
    ):
        found[name] = str(
            column.selectbox(
                title,
                choices,
                index=choices.index(first),
                key=f"{prefix}{name}",
                persist_state="session",
                format_func=lambda one: KINDS[one],
                help="Where the two differ, the grade is Mid.",
            )
        )
    return found


def _recorded(dataset: str, prefix: str) -> str:
    known = [
        str(one["name"])
        for one in judging.known(state.workspace())
        if one.get("dataset") == dataset
    ]
    chosen = st.selectbox(
        "Recorded judgements",
        known,
        index=0 if known else None,
        key=f"{prefix}judge.recorded",
        persist_state="session",
        accept_new_options=True,
        placeholder="A name, or a path on this machine",
        width=420,
        help="Judgements made or imported here, or the path of a file (CSV, Parquet, JSON lines).",
    )
    return str(chosen or "").strip()


def _form(
    parts: set[str], start: dict[str, Any], prefix: str
) -> tuple[dict[str, Any], settings_form.Places]:
    """Settings of the judge; those that matter here on top."""
    known = {
        one.name: one.called(TITLES.get(one.name, one.title))
        for one in fields.settings_of(RunConfig)
        if one.section.startswith("judge") and one.name not in ELSEWHERE
    }
    top = [known[name] for kind in sorted(parts) for name in OF_KIND[kind] if name in known]
    top = list({one.name: one for one in top}.values())
    rest = [known[name] for name in PAIRS if name in known]
    values, places = settings_form.draw(top, prefix, start, 5, "session")
    with st.expander("Which pairs, and all other settings of the judge", icon=":material/tune:"):
        more, below = settings_form.draw(rest, prefix, start, 5, "session")
        shown = {one.name for one in (*top, *rest)}
        others = [one for one in known.values() if one.name not in shown and _matters(one, parts)]
        st.caption("Marks: [P] from the paper, [2] second-hand, [D] of this project.")
        last, under = settings_form.draw(others, prefix, start, 5, "session")
    return values | more | last, places | below | under


def _matters(setting: Setting, parts: set[str]) -> bool:
    """Whether a setting does something for these judges."""
    asks = bool(parts & {"openai", "local"})
    only = {f"{LLM}model_file": "local", f"{LLM}base_url": "openai", f"{LLM}model": "openai"}
    return asks and (setting.name not in only or only[setting.name] in parts)


def keys(place: Place) -> None:
    """Say where a key is read from, and whether there is one; never the key."""
    found = judge_place.keys_set()
    said = [f"{name}: {'set' if is_set else 'not set'}" for name, is_set in found.items()]
    if place.host:
        said.append(f"sent to {place.host}: {'yes' if place.has_key else 'no'}")
    st.text(
        "Key: " + " · ".join(said),
        help="A key is never entered here, never shown and never kept in a run. The first one that "
        "was set for the host is sent to it, and to no other host. A server of your own may need "
        "none. Change of a variable: start the workbench again.",
    )
