"""What the calls of a judge cost, by what came of them, and how long they took.

Shape letters: C calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.judge.proportion import share_of
from core.keys import distinct

Columns = Mapping[str, Any]
"""Columns by name, one value per row each."""
OUTCOMES: Final = ("parsed", "repaired", "refused", "unparsed", "failed")
"""See :data:`core.judge.llm.call.Outcome`."""
COUNTED: Final = ("prompt_tokens", "output_tokens", "cached_tokens", "n_requests", "seconds")
QUANTILES: Final = (0.5, 0.9, 0.99)
MILLION: Final = 1e6


def outcome_shares(calls: Columns) -> dict[str, Any]:
    """Share of the calls with each outcome, with interval, over all and by view."""
    outcome = np.asarray(calls["outcome"], dtype=np.str_)
    view = np.asarray(calls["view"], dtype=np.str_)
    groups = {"all": np.ones(len(outcome), np.bool_)}
    groups |= {str(name): view == name for name in distinct(view)}
    return {
        group: {name: share_of(outcome == name, rows) for name in OUTCOMES}
        for group, rows in groups.items()
    }


def spend(calls: Columns, price_prompt: float = 0.0, price_output: float = 0.0) -> dict[str, Any]:
    """Sum what was asked and paid, by outcome and over all calls.

    Args:
        calls: Columns ``outcome``, ``n_targets``, ``from_cache`` and those of :data:`COUNTED`,
            ``(C,)`` each. Tokens of a call that was answered from the cache were paid earlier.
        price_prompt: Of a million prompt tokens; tokens in the server's prefix cache cost as much
            here, so that money is an upper bound where the endpoint gives a discount.
        price_output: Of a million reply tokens.

    Returns:
        By outcome that occurs, and ``all``: ``n_calls``, ``n_from_cache``, ``n_targets``, sums of
        :data:`COUNTED`, ``money``; ``paid_now``: the same of the calls that were sent in this run.
    """
    outcome = np.asarray(calls["outcome"], dtype=np.str_)
    every = np.ones(len(outcome), np.bool_)
    fresh = ~np.asarray(calls["from_cache"], dtype=np.bool_)
    groups = {name: outcome == name for name in OUTCOMES if (outcome == name).any()}
    groups |= {"all": every, "paid_now": fresh}
    return {name: _sums(calls, rows, price_prompt, price_output) for name, rows in groups.items()}


def _sums(
    calls: Columns, rows: NDArray[np.bool_], price_prompt: float, price_output: float
) -> dict[str, Any]:
    def total(name: str) -> float:
        return float(np.asarray(calls[name], dtype=np.float64)[rows].sum())

    sums = {name: total(name) if name == "seconds" else int(total(name)) for name in COUNTED}
    money = sums["prompt_tokens"] * price_prompt + sums["output_tokens"] * price_output
    return {
        "n_calls": int(rows.sum()),
        "n_from_cache": int(total("from_cache")),
        "n_targets": int(total("n_targets")),
        **sums,
        "money": money / MILLION,
    }


def latency(calls: Columns) -> dict[str, Any]:
    """Seconds per call that was sent in this run: quantiles, mean and longest.

    Calls answered from the cache, and those that failed, say nothing about the endpoint and are
    left out. All values but ``n`` are None where no call was sent.
    """
    outcome = np.asarray(calls["outcome"], dtype=np.str_)
    sent = ~np.asarray(calls["from_cache"], dtype=np.bool_) & (outcome != "failed")
    seconds = np.asarray(calls["seconds"], dtype=np.float64)[sent]
    names = [f"p{quantile * 100:.0f}" for quantile in QUANTILES]
    if len(seconds) == 0:
        return {"n": 0, **dict.fromkeys(names), "mean": None, "longest": None}
    values = np.quantile(seconds, QUANTILES).tolist()
    return {
        "n": len(seconds),
        **dict(zip(names, values, strict=True)),
        "mean": float(seconds.mean()),
        "longest": float(seconds.max()),
    }
