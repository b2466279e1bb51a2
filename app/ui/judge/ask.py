"""View Ask: settings, preview, sending, watching, and what to do with the grades."""

from __future__ import annotations

import re
from typing import Any, Final

import streamlit as st

from app.services import datasets, judge_ask, judge_place
from app.services.judge_place import Place
from app.ui import state
from app.ui.data_problems import wait
from app.ui.judge import live, preview, settings
from core.config import RunConfig
from core.errors import WorkbenchError

PLAIN_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(:\d+)?")
"""Names of hosts that are safe on a button, where text is read as Markdown."""


def draw() -> None:
    """Draw the view."""
    known = datasets.names(state.workspace())
    if not known:
        st.info(
            "There is no dataset yet. Import files of your own on the page Data, or run the "
            "sample on the overview.",
            icon=":material/info:",
        )
        return
    st.caption(
        "Have the pairs of a dataset graded before a run uses the grades. First a preview, which "
        "sends nothing; then the questions. What was answered once is never paid for again."
    )
    dataset, config = settings.draw(known)
    if config is None:
        st.error("A setting does not fit; it is marked.", icon=":material/error:")
        return
    place = judge_place.find(config.judge)
    if "openai" in judge_place.asks(config.judge):
        settings.keys(place)
    if place.problem:
        st.warning("This judge cannot be asked yet.", icon=":material/warning:")
        st.text(settings.worded(place.problem))
        _others("")
        return
    name = judge_ask.name_of(state.workspace(), dataset, config)
    _steps(dataset, config, place, name)
    _others(name)


def _steps(dataset: str, config: RunConfig, place: Place, name: str) -> None:
    """Preview, sending, progress: whatever comes next with these settings."""
    going = judge_ask.progress(state.workspace(), name)
    if going is not None and going.state in ("running", "stopping"):
        live.draw(name)
        return
    about = live.finished(name)
    if going is not None or about is not None:
        live.ended(name, going, dataset, config)
    if about is not None and not about.get("stopped_by"):
        return  # all is asked and answered
    work = judge_ask.preview(state.workspace(), dataset, config)
    if work is not None and work.running:
        wait(lambda: judge_ask.preview(state.workspace(), dataset, config), "Estimating")
        return
    answer = dict(work.answer) if work is not None else {}
    if work is not None and work.error:
        st.error("The preview failed.", icon=":material/error:")
        st.text(work.error)
    is_same = answer.get("host", "") == place.host and answer.get("model", "") == place.model
    if not answer or not is_same:
        _offer_preview(dataset, config)
        return
    preview.draw(answer)
    _send(dataset, config, place, answer, name)


def _offer_preview(dataset: str, config: RunConfig) -> None:
    if st.button(
        "Preview",
        type="primary",
        icon=":material/preview:",
        key="ju_preview",
        help="Pairs, calls, tokens, money, time, and who would read what. Sends nothing.",
    ):
        _do(lambda: judge_ask.start_preview(state.workspace(), dataset, config))
    st.caption("Nothing was previewed with exactly these settings yet; nothing is sent before.")


def _send(dataset: str, config: RunConfig, place: Place, answer: dict[str, Any], name: str) -> None:
    """The button that sends, after a word of confirmation where texts or money leave."""
    host = place.host if PLAIN_HOST.fullmatch(place.host) else "this host"
    profiles = answer.get("profiles") or {}
    asks = bool(answer["asks_model"] or profiles)
    leaves = asks and not place.stays_here
    money = _total(answer.get("money"), profiles.get("money", 0.0))
    sure = True
    if leaves or (asks and money):
        cost = "money, how much is not known" if money is None else f"about {money:,.2f}"
        sure = st.checkbox(
            f"Yes, send these texts to {host}; it may cost {cost}."
            if leaves
            else f"Yes, ask {host}; it may cost {cost}.",
            key=f"ju_sure_{name}",
        )
    title = "Judge on this machine"
    if asks:
        title = f"Send to {host}" if place.host else "Ask the model on this machine"
    if st.button(
        title, type="primary", icon=":material/send:", key="ju_send", disabled=not sure,
        help="It can be stopped at any time; what was paid for is kept.",
    ):  # fmt: skip
        _do(lambda: judge_ask.start(state.workspace(), dataset, config))


def _total(grades: float | None, profiles: float | None) -> float | None:
    """Money for grades and profiles; not known where one of them is not."""
    return None if grades is None or profiles is None else grades + profiles


def _others(name: str) -> None:
    """Judgings with other settings that go on."""
    for other in judge_ask.going_on(state.workspace()):
        if other != name:
            live.draw(other)


def _do(action: Any) -> None:  # noqa: ANN401 - a function without arguments
    try:
        action()
    except WorkbenchError as error:
        st.error("That was not possible.", icon=":material/error:")
        st.text(str(error))
    else:
        st.rerun()
