"""A grader for the loopback server whose grades tests can work out from titles alone.

Titles of :func:`tests.worlds.tastes` end in ``numberK``: the user-centric view grades by K modulo
3, the item-centric one by K modulo 2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.llm_server import LLMServer

GRADES = ("Low", "Mid", "High")
TARGET = re.compile(r"^<T\d+>.*?\bnumber(\d+)\b.*</T\d+>$", re.MULTILINE)


def user_grade(item: int) -> int:
    return item % 3


def item_grade(item: int) -> int:
    return 2 * (item % 2)


def by_number(messages: Sequence[Mapping[str, str]]) -> str:
    """The reply with the grades above."""
    question = messages[1]["content"]
    of_user = "The profile of the user" in question
    grade, cites = (user_grade, "P") if of_user else (item_grade, "H1")
    answers = [
        {"target": f"T{place}", "cites": cites, "reason": f"n{k}", "grade": GRADES[grade(int(k))]}
        for place, k in enumerate(TARGET.findall(question), start=1)
    ]
    return json.dumps({"answers": answers})


def judged_by(server: LLMServer, **changes: Any) -> dict[str, Any]:
    """Settings of a judge that asks the server; ``llm`` may change those of the model."""
    llm = {"base_url": server.base_url, "model": "tiny", "mode": "schema", "targets_per_call": 3}
    return {"kind": "openai", **changes, "llm": llm | changes.get("llm", {})}
