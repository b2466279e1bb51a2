"""What was aimed for, and whether the raw numbers reach it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from benchmarks.speed.cases import (
    Cases,
    by_graph,
    equal,
    faster,
    folds,
    least_cosine,
    losses,
    race,
    sampling_share,
    slower,
    trust,
)
from benchmarks.speed.parts import CHOSEN_RATE, EQUAL_EPOCHS
from benchmarks.speed.rows import Rows

NOT_MEASURED: Final = "not measured"
NEVER: Final = "not by most"
TIMES: Final = "x"
DRAWN: Final = ("S", "L")
"""Graphs that everyone has."""


@dataclass(frozen=True)
class Target:
    """One row of the table."""

    title: str
    sense: Literal["at least", "at most"]
    goal: float | Mapping[str, float]
    """One for all cases, or by case; a case without a goal is shown and not judged."""
    unit: str
    cases: Callable[[Rows], Cases]
    needed: tuple[str, ...] = ()
    """Cases without which it does not count as reached."""

    def goal_of(self, case: str) -> float:
        """NaN where nothing is aimed for."""
        if isinstance(self.goal, Mapping):
            return self.goal.get(case, math.nan)
        return self.goal

    def goal_text(self) -> str:
        """Sense, number and unit."""
        if not isinstance(self.goal, Mapping):
            return f"{self.sense} {number(self.goal)}{self.unit}"
        parts = (f"{number(value)}{self.unit} ({case})" for case, value in self.goal.items())
        return f"{self.sense} {', '.join(parts)}"


def measured_text(target: Target, cases: Cases) -> str:
    """All that was measured, by case."""
    found = {case: value for case, value in cases.items() if not math.isnan(value)}
    texts = (f"{case} {_said(target, value)}".strip() for case, value in found.items())
    return ", ".join(texts) or NOT_MEASURED


def _said(target: Target, value: float) -> str:
    """The value; 0 times as soon: most seeds never are there."""
    if value == 0 and target.unit == TIMES and target.sense == "at least":
        return NEVER
    return f"{number(value)}{target.unit}"


def verdict(target: Target, cases: Cases) -> str:
    """``met``, ``missed`` with by how much at worst, or ``not measured``."""
    shortfalls = {
        case: _shortfall(value, target.goal_of(case), target.sense)
        for case, value in cases.items()
        if not math.isnan(value) and not math.isnan(target.goal_of(case))
    }
    if not shortfalls:
        return NOT_MEASURED
    case, worst = max(shortfalls.items(), key=lambda one: one[1])
    if worst <= 0:
        aimed = [*target.needed, *(target.goal if isinstance(target.goal, Mapping) else cases)]
        missing = [name for name in dict.fromkeys(aimed) if name not in shortfalls]
        return "met" + (f"; {', '.join(missing)} not measured" if missing else "")
    if _said(target, cases[case]) == NEVER:
        return f"**missed** ({case.split(' (')[0]})"
    return f"**missed** by {worst:.0%}" + (f" ({case})" if case else "")


def _shortfall(value: float, goal: float, sense: str) -> float:
    """How far from the goal, as a share of it; 0 or less where it is reached."""
    return (goal - value if sense == "at least" else value - goal) / abs(goal)


def number(value: float) -> str:
    """With about three digits."""
    if math.isnan(value):
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _typed(
    title: str, make: Callable[[str], Callable[[Rows], Cases]], **goal: float
) -> list[Target]:
    return [
        Target(f"{title}, {short}", "at least", goal[short], "x", make(short), DRAWN)
        for short in goal
    ]


TARGETS: Final[Sequence[Target]] = (
    *_typed(
        "Plain LightGCN step, sampling included: times as fast as RecBole",
        lambda short: by_graph("steps", faster(f"ours {short}", "step", "sample")),
        fp32=10.0,
        bf16=14.0,
    ),
    *(
        Target(
            f"Step of the whole method{of}: time over RecBole's plain step, {short}",
            "at most",
            0.6,
            "x",
            by_graph("steps", slower(f"{name} {short}", "step", "sample")),
            DRAWN,
        )
        for name, of in (
            ("LLMHNI", " (4 graphs, hard negatives, 2 contrasts)"),
            ("default", " as by default (1 graph, hard negatives, contrast of layers)"),
        )
        for short in ("fp32", "bf16")
    ),
    *(
        Target(
            f"Training to RecBole's best recall{less}{after}, {short}: times as soon",
            "at least",
            10.0,
            "x",
            race(tuned, short, near),
        )
        for tuned, after in (
            (True, ", both rates tuned"),
            (False, " at its default rate, our rate tuned"),
        )
        for near, less in ((0.0, ""), (1.0, " less one sd over seeds"))
        for short in ("fp32", "bf16")
    ),
    *(
        Target(
            f"Recall@20 after {EQUAL_EPOCHS} epochs (rate {CHOSEN_RATE:g}) beside plain PyTorch's, "
            f"{short}: difference of means in standard deviations over seeds",
            "at most",
            1.0,
            " sd",
            equal(short),
        )
        for short in ("fp32", "bf16")
    ),
    Target("Drawing negatives: share of the epoch", "at most", 5.0, " %", sampling_share),
    Target(
        "Full-ranking evaluation: times as fast as RecBole",
        "at least",
        {"L": 3.0},
        "x",
        by_graph("eval", faster("ours", "evaluate")),
    ),
    Target("Losses of all interactions: million a second and core", "at least", 2.0, "", losses),
    Target(
        "Out-of-fold evidence: time over that of as many plain trainings",
        "at most",
        1.3,
        "x",
        folds,
    ),
    Target(
        "Map of points: times as fast as umap-learn",
        "at least",
        {"10000": 4.0, "50000": 2.0, "100000": 2.0},
        "x",
        by_graph("projection", faster("ours", "map", peer="umap-learn")),
    ),
    Target("... its trustworthiness less that of umap-learn", "at least", -0.01, "", trust),
    Target(
        "Sentence encoding: times as fast as sentence-transformers in float32",
        "at least",
        1.6,
        "x",
        lambda rows: {
            "": faster("ours", "encode", peer="sentence-transformers")(
                rows.of(part="sentences").with_most_threads()
            )
        },
    ),
    Target("... least cosine with its vectors", "at least", 0.999, "", least_cosine),
    *(
        Target(
            f"Peak memory of training, {name}: share of RecBole's",
            "at most",
            {"L": 0.7},
            "x",
            by_graph("memory", slower(name, "peak_mb")),
        )
        for name in ("ours fp32", "ours bf16", "LLMHNI fp32", "LLMHNI bf16")
    ),
    Target(
        "`make demo` after installation",
        "at most",
        60.0,
        " s",
        lambda rows: {"": rows.of(part="demo").with_most_threads().median("demo")},
    ),
)
