"""The queue as a component of its own: keys are taken in the browser, so that none is lost.

The script of a page answers a key in a tenth of a second at best, too late for the next one. Here
the browser holds the next items, goes on at once, and sends what was decided as numbered events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

FOLDER: Final = Path(__file__).parent
KEY: Final = "la_queue"
SCRIPTS: Final = {
    "queue": (
        "keys.js",
        "outbox.js",
        "skips.js",
        "item.js",
        "buttons.js",
        "screen.js",
        "notes.js",
        "queue.js",
    ),
    "sender": ("outbox.js", "sender.js"),
    "ears": ("ears.js",),
}
"""Files of each component, in the order in which they need each other."""
HTML: Final = {
    "queue": '<div class="queue"></div>',
    "sender": '<div class="sender" role="status" hidden></div>',
    "ears": "<div hidden></div>",
}


def draw_queue(
    data: Mapping[str, Any],
    on_events: Callable[[], None],
    on_card: Callable[[], None],
    on_rest: Callable[[], None],
) -> None:
    """Draw the queue.

    Args:
        data: As :func:`app.ui.label.content.build` makes it, and ``brought_back``: when skipped
            pairs were brought back in this session, in milliseconds.
        on_events: Called when events came: ``st.session_state[KEY]["events"]["events"]``, the
            oldest first, some of them perhaps for the second time.
        on_card: Called when the card of an item is wanted: ``["card"]["row"]``.
        on_rest: Called when everything is saved and nobody has pressed a key for a moment.
    """
    _component("queue")(
        key=KEY,
        data=dict(data),
        default={"events": None, "card": None, "rest": None},
        on_events_change=on_events,
        on_card_change=on_card,
        on_rest_change=on_rest,
    )


def draw_sender(acks: Mapping[str, int], problem: str, on_events: Callable[[], None]) -> None:
    """Send what still waits, where the queue is not on screen; say so while it does.

    Args:
        acks: Page load -> highest number of its events that is in the database.
        problem: Why the last parcel could not be saved; empty if it could.
        on_events: As of :func:`draw_queue`, under the same key.
    """
    with st.container(key="la_sender"):
        _component("sender")(
            key=KEY,
            data={"acks": dict(acks), "problem": problem},
            default={"events": None},
            on_events_change=on_events,
        )


def draw_ears() -> None:
    """Listen, before the queue is there, for keys that come too early."""
    with st.container(key="la_ears"):
        _component("ears")(key="la_early")


def _component(name: str) -> ComponentRenderer:
    html, css, js = _sources(name)
    return st.components.v2.component(f"llmhni_label_{name}", html=html, css=css, js=js)


@cache
def _sources(name: str) -> tuple[str, str, str]:
    """HTML, CSS and JavaScript of a component, from the files beside this one."""
    css = " " if name == "ears" else _read("queue.css")
    return HTML[name], css, "\n".join(map(_read, SCRIPTS[name]))


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
