"""A small catalogue whose titles tests can find in prompts, and a scripted sender of calls."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import numpy as np

from core.judge import JudgeContext, JudgePairs
from core.judge.llm.call import Answer, Call, Endpoint, MalformedReply, Spend, Usage
from core.types import Interactions, Items

ENDPOINT = Endpoint("http://127.0.0.1:1/v1", "tiny")


def title(item: int) -> str:
    """A word that is part of no other title."""
    return f"title{item:03d}x"


def items(n: int, **changes) -> Items:
    parts = {
        "id": tuple(f"secret-item-{k}" for k in range(n)),
        "title": tuple(title(k) for k in range(n)),
        "text": ("",) * n,
        "attributes": {"genre": tuple((f"g{k % 3}",) for k in range(n))},
        "group": tuple(f"planted-{k}" for k in range(n)),
    }
    return Items(**(parts | changes))


def context(train: Interactions, **changes) -> JudgeContext:
    return JudgeContext(
        items(train.n_items, **changes), train, np.zeros((train.n_items, 0), np.float32)
    )


def profile_of(_user: int, shown: np.ndarray) -> str:
    """Names every item it is made of."""
    return "Chose: " + ", ".join(title(int(k)) for k in shown) if len(shown) else ""


def train_of(*histories: Sequence[int], n_items: int) -> Interactions:
    user = np.repeat(np.arange(len(histories)), [len(own) for own in histories])
    item = np.array([k for own in histories for k in own], np.int64)
    return Interactions(user, item, len(histories), n_items)


def pairs_of(train: Interactions, targets, length: int = 8, control=()) -> JudgePairs:
    """Pairs (user, item); each history is the user's items, one short whatever the target."""
    user, item = np.array(targets, np.int64).reshape(-1, 2).T
    history = np.full((len(user), length), -1, np.int64)
    for row, (u, i) in enumerate(zip(user, item, strict=True)):
        own = train.item[train.user == u]
        own = own[own != i] if i in own else own[1:]
        history[row, : min(len(own), length)] = own[:length]
    observed = np.isin(user * train.n_items + item, train.key())
    return JudgePairs(user, item, observed, np.isin(np.arange(len(user)), control), history)


def random_world(seed: int, scope: str) -> tuple[JudgePairs, JudgeContext]:
    """Users of 1 to 30 items; ``scope`` as in the settings."""
    rng = np.random.default_rng(seed)
    n_users, n_items = 25, 60
    histories = [rng.choice(n_items, rng.integers(1, 30), replace=False) for _ in range(n_users)]
    train = train_of(*histories, n_items=n_items)
    targets = []
    for user, own in enumerate(histories):
        n_observed = len(own) if scope == "all" else -(-len(own) // 5)
        others = np.setdiff1d(np.arange(n_items), own)
        n_others = 4 + (n_observed if scope == "all" else 1)
        chosen = [*rng.choice(own, n_observed, replace=False), *rng.permutation(others)[:n_others]]
        targets += [(user, int(item)) for item in chosen]
    order = rng.permutation(len(targets))
    return pairs_of(train, [targets[k] for k in order]), context(train)


def said(call: Call) -> str:
    """Everything a model reads."""
    return "\n".join(message["content"] for message in call.messages)


def shown_of(call: Call) -> str:
    """What is told of the user."""
    return call.messages[-1]["content"].split("\nTargets:\n")[0]


def targets_of(call: Call) -> list[str]:
    """Texts of T1 and on, as the prompt marks them."""
    return re.findall(r"^<T\d+>(.*)</T\d+>$", call.messages[-1]["content"], re.MULTILINE)


def reply(grades, cites="P", reason="as the profile says") -> str:
    answers = [
        {"target": f"T{place}", "cites": cites, "reason": reason, "grade": grade}
        for place, grade in enumerate(grades, start=1)
    ]
    return json.dumps({"answers": answers})


class Scripted:
    """Stands for the network: ``grader`` is asked for the text of each call's reply; a text of
    ``refused`` or ``failed`` is that outcome. Stops after ``most`` calls."""

    def __init__(self, grader, most: int = 10**9) -> None:
        self.grader, self.most, self.calls, self.configs = grader, most, [], []

    def __call__(self, calls, endpoint, _mode, _store, config, on_answer, on_tick) -> Spend:
        spend = Spend()
        self.configs.append(config)
        for number, call in enumerate(calls):
            if number == self.most:
                return Spend(number, usage=spend.usage, stopped_by="the budget is spent")
            self.calls.append(call)
            answer = self._answer(call, call.key(endpoint))
            spend = Spend(number + 1, usage=spend.usage + answer.usage)
            on_answer(answer)
            on_tick(spend)
        return spend

    def _answer(self, call: Call, key: str) -> Answer:
        text, usage = self.grader(call), Usage(10, 5)
        if text in ("refused", "failed"):
            return Answer(call, key, text, None, usage=usage)
        try:
            value = call.read(text)
        except MalformedReply:
            return Answer(call, key, "unparsed", None, text, usage)
        return Answer(call, key, "parsed", value, text, usage, model="tiny-1")
