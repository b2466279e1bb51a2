"""Items as the queue shows them, made ahead: nearest items and profiles take a while."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services import label_details
from app.services.store import Run
from app.ui import components, state
from app.ui.glossary import explain
from app.ui.wording import GRADES

N_SHOWN: Final = 80
"""Items that the browser holds: four seconds of the fastest labelling."""
N_AHEAD: Final = 2 * N_SHOWN
"""Items that are asked for, and described whenever half of what is shown is not yet."""
MAX_KEPT: Final = 4000
STRIPS: Final = (
    ("loss", "Loss", False),
    ("score", "Model score", True),
    ("semantic", "Semantic", True),
    ("logical", "Grades", True),
    ("p_noisy", "P(noisy)", False),
)
"""Signal, title, and whether low values speak for noise."""


class _Kept:
    """Described items of all runs; the oldest make way."""

    def __init__(self) -> None:
        self.items: OrderedDict[tuple[str, ...], dict[str, Any]] = OrderedDict()
        self.lock = Lock()


@st.cache_resource(show_spinner=False)
def _kept() -> _Kept:
    return _Kept()


def described(run: Run, found: pd.DataFrame) -> list[dict[str, Any]]:
    """The first items of a list, as the component takes them.

    Args:
        run: Whose items.
        found: From :func:`app.services.labels.queue.next_items`.

    Returns:
        Up to :data:`N_SHOWN` items, fewer while more are not worth the wait.
    """
    kept = _kept()
    stamp = (str(run.folder), run.manifest.created.isoformat())
    keys = [
        (*stamp, str(u), str(i)) for u, i in zip(found["user_id"], found["item_id"], strict=True)
    ]
    with kept.lock:
        known = [key in kept.items for key in keys]
    if not all(known[: N_SHOWN // 2]):
        fresh = found[[not one for one in known]]
        made = _describe(run, fresh)
        with kept.lock:
            for item, key in zip(
                made, [k for k, one in zip(keys, known, strict=True) if not one], strict=True
            ):
                kept.items[key] = item
            while len(kept.items) > MAX_KEPT:
                kept.items.popitem(last=False)
    with kept.lock:
        ready = [kept.items.get(key) for key in keys[:N_SHOWN]]
    return [dict(item) for item in ready if item is not None]


def _describe(run: Run, found: pd.DataFrame) -> list[dict[str, Any]]:
    users, items = (tuple(int(n) for n in found[name]) for name in ("user", "item"))
    more = label_details.describe(run, users, items)
    steps = state.ask(label_details.quantiles, run)
    facts = found.reset_index(drop=True).assign(
        **{name: more[name] for name in ("score", "profile", "text", "n_history", "near")}
    )
    records: list[dict[str, Any]] = facts.to_dict("records")  # type: ignore[assignment]
    return [item(one, steps) for one in records]


def item(facts: Mapping[str, Any], steps: Mapping[str, Any]) -> dict[str, Any]:
    """One item; texts and numbers alone, and what people said left empty: it changes.

    Args:
        facts: Columns of :func:`app.services.labels.queue.next_items` and
            :func:`app.services.label_details.describe`.
        steps: From :func:`app.services.label_details.quantiles`.
    """
    observed = bool(facts["observed"])
    user_id, item_id = str(facts["user_id"]), str(facts["item_id"])
    p_noisy = _number(facts["p_noisy"]) if observed else None
    verdict = str(facts["verdict"] or "")
    return {
        "id": id_of(user_id, item_id),
        "row": int(facts["row"]) if pd.notna(facts["row"]) else None,
        "user_id": user_id,
        "item_id": item_id,
        "observed": observed,
        "title": components.named(facts["title"], item_id),
        "p": p_noisy,
        "said": verdict,
        "verdict": verdict if observed else "",
        "standing": "" if observed else f"Model: {verdict}",
        "p_noisy": "–" if p_noisy is None else f"{p_noisy:.3f}",
        "explanation": str(facts["explanation"] or "").removeprefix(f"{verdict}: "),
        "views": _views(facts),
        "signals": [
            strip
            for name, title, falling in STRIPS
            if (strip := _strip(facts, steps, name, title, falling=falling))
            and (observed or name in ("semantic", "logical"))
        ],
        "near": [
            {"cosine": f"{cosine:.2f}" if math.isfinite(cosine) else "–", "title": title or "–"}
            for cosine, title in facts["near"]
        ],
        "n_history": f"{int(facts['n_history']):,} other items",
        "profile": str(facts["profile"] or ""),
        "text": str(facts["text"] or ""),
        "label": None,
        "note": "",
        "others": [],
    }


def id_of(user_id: str, item_id: str) -> str:
    """Name of a pair in the browser."""
    return json.dumps([user_id, item_id])


def _views(facts: Mapping[str, Any]) -> list[dict[str, str]]:
    views = []
    for name, title in (("user", "User’s view"), ("item", "Item’s view")):
        grade = GRADES.get(int(facts[f"{name}_grade"]))
        reason = str(facts[f"{name}_reason"] or "") or "No reason given."
        if grade:
            views.append({"title": title, "grade": grade, "reason": reason})
    return views or [{"title": "Judge", "grade": "not asked", "reason": ""}]


def _strip(
    facts: Mapping[str, Any], steps: Mapping[str, Any], name: str, title: str, *, falling: bool
) -> dict[str, Any]:
    value = _grades(facts) if name == "logical" else _number(facts.get(name))
    known = value is not None and name in steps
    shown = "–" if value is None else f"{value:.2f}"
    return {
        "title": title,
        "text": f"{value:.1f}" if name == "logical" and value is not None else shown,
        "below": label_details.below(steps[name], value) if known and value is not None else None,
        "falling": falling,
        "model": name == "p_noisy",
        "help": explain(name),
    }


def _grades(facts: Mapping[str, Any]) -> float | None:
    grades = [int(facts[f"{view}_grade"]) for view in ("user", "item")]
    return sum(grades) / 2 if min(grades) >= 0 else None


def _number(value: Any) -> float | None:  # noqa: ANN401 - NaN, NA, None or a number
    return float(value) if pd.notna(value) and math.isfinite(value) else None
