"""Tables of what a language model was asked: one row per call, and one per pair and view in it.

Shape letters: C calls, T targets.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.packing import CALL, TARGET, columns_of, texts_of
from core.stages import Arrays
from core.types import Dataset

GRADES = ("Low", "Mid", "High")


def judge_calls(dataset: Dataset, judged: Arrays) -> dict[str, Any] | None:
    """Columns of ``judge_calls``, ``(C,)`` each; None where no language model was asked."""
    columns = columns_of(judged, CALL)
    if columns is None:
        return None
    user = [dataset.users.id[number] for number in np.asarray(columns.pop("user")).tolist()]
    return {"user_id": user, **columns}


def recorded(dataset: Dataset, judged: Arrays) -> dict[str, Any]:
    """Columns of ``judgements`` apart from a run, ``(P,)`` each, as a recorded judge reads them."""
    user, item = judged["user"].tolist(), judged["item"].tolist()
    return {
        "user_id": [dataset.users.id[number] for number in user],
        "item_id": [dataset.items.id[number] for number in item],
        "title": [dataset.items.title[number] for number in item],
        **{name: judged[name] for name in ("observed", "control")},
        "user_grade": [GRADES[grade] for grade in judged["user_grade"].tolist()],
        "item_grade": [GRADES[grade] for grade in judged["item_grade"].tolist()],
        "user_reason": texts_of(judged, "user_reason"),
        "item_reason": texts_of(judged, "item_reason"),
        "judge": [str(judged["judge"])] * len(user),
    }


def judge_targets(dataset: Dataset, judged: Arrays) -> dict[str, Any] | None:
    """Columns of ``judge_targets``, ``(T,)`` each; None where no language model was asked."""
    columns = columns_of(judged, TARGET)
    if columns is None:
        return None
    user, item = (np.asarray(columns.pop(name)).tolist() for name in ("user", "item"))
    return {
        "user_id": [dataset.users.id[number] for number in user],
        "item_id": [dataset.items.id[number] for number in item],
        **{name: values for name, values in columns.items() if name != "pair"},
    }
