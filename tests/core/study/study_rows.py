"""Rows of a small study that was never run, for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from core.study.names import COLUMNS, NUMBERS, SCHEMES
from core.study.variants import METHODS, VARIANTS

KINDS = ("uniform", "position", "co-click")
DATA = ("sample", "ml-latest-small")


def row(variant: str, seed: int = 0, **changes: Any) -> dict[str, Any]:
    family = VARIANTS[variant].family if variant in VARIANTS else "signal"
    made = {
        "part": "methods",
        "data": "sample",
        "noise": "position",
        "rate": 0.2,
        "seed": seed,
        "variant": variant,
        "family": family,
        "options": "{}",
        "hard_source": "planted",
        "device": "cpu",
        "code": "abc",
        "versions": '{"numpy": "2"}',
        "finished": f"2026-01-0{seed % 9 + 1}T00:00:00Z",
        "seconds": 2.0,
    }
    return made | changes


def table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """As read_rows gives it."""
    listed = list(rows)
    columns = {
        name: [one.get(name, float("nan")) for one in listed]
        if name in NUMBERS
        else [str(one.get(name, "")) for one in listed]
        for name in COLUMNS
    }
    return pd.DataFrame(columns).astype(dict.fromkeys(NUMBERS, float))


def study(seeds: int = 3) -> list[dict[str, Any]]:
    """Every method in two datasets and three kinds of noise: LLMHNI is ahead everywhere."""
    rng = np.random.default_rng(7)
    made = []
    for data in DATA:
        for noise, rate in [
            ("none", 0.0),
            *((kind, rate) for kind in KINDS for rate in (0.2, 0.4)),
        ]:
            for seed in range(seeds):
                for place, name in enumerate((*METHODS, "oracle", "signal:loss")):
                    jitter = rng.normal(0, 0.0005)
                    lift = {"llmhni": 0.04, "oracle": 0.05}.get(name, -0.0005 * place)
                    lost = {"llmhni": 0.05, "oracle": 0.0}.get(name, 0.1) * rate
                    cell = row(name, seed, data=data, noise=noise, rate=rate)
                    if not name.startswith("signal"):
                        value = 0.2 + jitter - lost + (lift if rate else 0.0)
                        cell |= {"recall20": value, "ndcg20": value / 2}
                    if rate and name != "oracle":
                        kept = 0.5 + 5 * (lift + jitter)
                        cell |= {"hard_kept_70": kept, "auc_matched": kept}
                    made.append(cell)
    for seed in range(seeds):
        for name, lift in (("llmhni", 0.0), ("no-judge", -0.02), ("caution-1", 0.01)):
            value = 0.3 + lift + 0.001 * seed * (lift + 1)
            made.append(row(name, seed, part="ablations", noise="mixed", recall20=value))
        for place, scheme in enumerate(SCHEMES):
            share = 0.01 * (place + 1)
            made.append(
                row("bpr", seed, part="negatives", scheme=scheme, hardness=share * 9)
                | {"false_negative_rate": share + 0.001 * seed}
            )
    made.append(row("bpr", 1000, part="tuning", noise="mixed", valid_ndcg20=0.1))
    return made
