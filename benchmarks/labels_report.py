"""The report of :mod:`benchmarks.labels`: from finished cells to Markdown tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from scipy import stats

Row = Mapping[str, Any]

BASE: Final = "random"
"""Order that the others are compared with."""
ABOUT: Final = """Made by `python -m benchmarks.labels`. An analyst labels the sample from its
planted truth, in each order of the label queue as it is after the first run; nobody retrains
half-way. A fifth of the labels is held out, as by default, and used for nothing. Values are means
over the seeds; the data are the same in all of them, a seed changes the training alone. The number
in brackets is the difference to the random order at the same budget; * marks p < 0.05 in a paired
t-test over the seeds, without a correction for the number of comparisons."""
MEASURES: Final = (
    (
        "auc_rest",
        "AUC of p_noisy among the interactions nobody labelled",
        "What the model learns from labels for the others.",
    ),
    (
        "auc",
        "AUC of p_noisy over all interactions, labelled ones included",
        "What the user ends up with; a labelled interaction is as good as its label.",
    ),
    ("noise_found", "Share of the planted noise called noisy, labels included", ""),
    ("hard_kept", "Share of the planted hard interactions kept, labels included", ""),
    (
        "recall20",
        "Recall@20 on test after retraining from the weights of the first run",
        "The run without labels goes on from the same weights, so that further epochs are no gain.",
    ),
)


def render(rows: Sequence[Row]) -> str:
    """Write the whole report.

    Args:
        rows: Finished cells.
    """
    if not rows:
        return "Nothing is measured yet.\n"
    seeds = sorted({row["seed"] for row in rows})
    parts = ["# What labels buy", ABOUT, f"Seeds: {', '.join(map(str, seeds))}."]
    for name, title, note in MEASURES:
        measured = [row for row in rows if name in row]
        if measured:
            parts += [f"## {title}", *([note] if note else []), *_tables(measured, name)]
    parts += ["## Whether labels were let into the calibration", _calibrated(rows)]
    return "\n\n".join(parts) + "\n"


def _tables(rows: Sequence[Row], name: str) -> list[str]:
    """One table per share of wrong labels."""
    start = [row[name] for row in rows if row["budget"] == 0]
    found = [f"Without labels: {np.mean(start):.3f}." if start else ""]
    for wrong in sorted({row["wrong"] for row in rows if row["budget"]}):
        cells = [row for row in rows if row["budget"] and row["wrong"] == wrong]
        budgets = sorted({row["budget"] for row in cells})
        lines = [
            f"| {wrong:.0%} of the labels wrong | " + " | ".join(map(str, budgets)) + " |",
            "| --- |" + " ---: |" * len(budgets),
        ]
        for order in dict.fromkeys(row["order"] for row in cells):
            shown = [_cell(cells, name, order, budget) for budget in budgets]
            lines.append(f"| {order} | " + " | ".join(shown) + " |")
        found.append("\n".join(lines))
    return [part for part in found if part]


def _cell(rows: Sequence[Row], name: str, order: str, budget: int) -> str:
    ours, base = _by_seed(rows, name, order, budget), _by_seed(rows, name, BASE, budget)
    if not ours:
        return "–"
    mean = float(np.mean(list(ours.values())))
    both = sorted(set(ours) & set(base))
    if order == BASE or not both:
        return f"{mean:.3f}"
    gain = np.array([ours[seed] - base[seed] for seed in both])
    return f"{mean:.3f} ({gain.mean():+.3f}{_mark(gain)})"


def _mark(gain: np.ndarray) -> str:
    """A star where a paired t-test over the seeds finds a difference."""
    if len(gain) < 2 or not gain.std():
        return ""
    return "*" if stats.ttest_1samp(gain, 0.0).pvalue < 0.05 else ""


def _by_seed(rows: Sequence[Row], name: str, order: str, budget: int) -> dict[int, float]:
    return {
        row["seed"]: row[name] for row in rows if row["order"] == order and row["budget"] == budget
    }


def _calibrated(rows: Sequence[Row]) -> str:
    lines = [
        "| Order | Labels | Wrong | Calibrated | Noisy labels |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    keys = dict.fromkeys(
        (row["order"], row["budget"], row["wrong"]) for row in rows if row["budget"]
    )
    for order, budget, wrong in keys:
        cells = [r for r in rows if (r["order"], r["budget"], r["wrong"]) == (order, budget, wrong)]
        n_yes = sum(row["calibrated"] for row in cells)
        n_noisy = np.mean([row["n_noisy_labels"] for row in cells])
        lines.append(
            f"| {order} | {budget} | {wrong:.0%} | {n_yes} of {len(cells)} runs | {n_noisy:.0f} |"
        )
    return "\n".join(lines)
