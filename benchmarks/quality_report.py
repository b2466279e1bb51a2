"""The report of :mod:`benchmarks.quality`: from finished cells to Markdown tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from scipy import stats

Row = Mapping[str, Any]

SIGNALS: Final = ("loss", "score", "semantic", "logical", "p_noisy")
SINGLE: Final = SIGNALS[:-1]
TABLES: Final = ("auc_all", "auc_top_loss", "auc_matched")
SHARES: Final = ("noise_recall", "precision", "hard_kept", "hard_kept_by_loss_cut")
MEASURES: Final = (("recall20", "Recall@20"), ("ndcg20", "NDCG@20"))
SIGNIFICANT: Final = 0.05
RECALL: Final = "0.7"
"""Noise recall at which cuts by p_noisy and by loss are compared."""

FIXED = (
    "All seeds share the same data, split and noise; a seed changes the training alone. The "
    "deviations below therefore leave out the chance in data, split and noise."
)
DRAWN = "A seed decides split, planted noise and training."
IN_VIEW = (
    "The default of `scoring.caution` was chosen with known noise of the sample and of planted "
    "film ratings in view: on such data, detection is no independent test (docs/measuring.md)."
)
LOWEST = (
    "No hard interactions are planted here: hard = the genuine fifth with the lowest out-of-fold "
    "score. That definition leans on behaviour, as a loss cut does, so it is hard on the loss "
    "cut by construction."
)


def render(rows: Sequence[Row], is_fixed: bool, targets: Mapping[str, float]) -> str:
    """Write the whole report.

    Args:
        rows: Finished cells of one plan.
        is_fixed: Whether all seeds share the same data.
        targets: Least means, by ``table.signal`` or by the name of a share.
    """
    if not rows:
        return "Nothing is measured yet.\n"
    first = rows[0]
    parts = [f"# Quality on {first['data']}", FIXED if is_fixed else DRAWN, IN_VIEW, _about(rows)]
    for kind in dict.fromkeys(row["plant"] for row in rows):
        cells = sorted((row for row in rows if row["plant"] == kind), key=lambda row: row["seed"])
        seeds = ", ".join(str(row["seed"]) for row in cells)
        parts += [f"## Noise: {kind}", f"Seeds: {seeds}. Values are mean ± sd over these seeds."]
        measured = [row for row in cells if row["detection"] is not None]
        if measured:
            parts += [_aucs(measured), _shares(measured)]
            if any(row["detection"]["hard_source"] != "planted" for row in measured):
                parts.append(LOWEST)
        parts += [_ranking(cells), _targets(cells, targets), _seconds(cells)]
    return "\n\n".join(parts) + "\n"


def spread(values: Iterable[float | None], digits: int = 3) -> str:
    """Mean ± standard deviation (n - 1) of what is known; a lone value has no deviation."""
    known = _known(values)
    if not known:
        return "-"
    mean = f"{np.mean(known):.{digits}f}"
    return f"{mean} ± {np.std(known, ddof=1):.{digits}f}" if len(known) > 1 else mean


def paired_tests(ours: Sequence[float], plain: Sequence[float]) -> tuple[float, float]:
    """Two-sided p of the paired t-test and of Wilcoxon's; NaN where they are not defined."""
    difference = np.asarray(ours, np.float64) - np.asarray(plain, np.float64)
    if len(difference) < 2 or np.ptp(difference) == 0.0:
        return math.nan, math.nan
    return (
        float(stats.ttest_1samp(difference, 0.0).pvalue),
        float(stats.wilcoxon(difference).pvalue),
    )


def target_rows(cells: Sequence[Row], targets: Mapping[str, float]) -> list[list[str]]:
    """Target, measured value, in how many seeds it held, met or missed.

    Comparisons are of means over seeds; seeds where a number is not known do not count.
    """
    measured = [row["detection"] for row in cells if row["detection"] is not None]
    found = []
    for table in ("auc_top_loss", "auc_matched"):
        pairs = [
            (row[table]["p_noisy"], max(_known(row[table][name] for name in SINGLE), default=None))
            for row in measured
        ]
        found.append(_beats(f"{table}: p_noisy above the best single signal", pairs))
    at_own = [(row["hard_kept"], row["hard_kept_by_loss_cut"]) for row in measured]
    found.append(_beats("hard_kept above a loss cut that finds as much noise", at_own))
    at_recall = [
        tuple(row["hard_kept_at"][RECALL][k] for k in ("p_noisy", "loss")) for row in measured
    ]
    found.append(_beats(f"hard kept at noise recall {RECALL}: p_noisy above loss", at_recall))
    for key, name in MEASURES:
        pairs = [(row["ranking"][key], row["ranking"][f"bpr_{key}"]) for row in cells]
        line = _beats(f"{name}: LLMHNI above plain, paired t p < {SIGNIFICANT}", pairs, 4)
        p = paired_tests(*zip(*pairs, strict=True))[0]
        if line[3] == "met" and not p < SIGNIFICANT:
            line[3] = "missed (not significant)" if math.isfinite(p) else "missed (no test)"
        found.append(line)
    found += [_least(name, least, measured) for name, least in targets.items()]
    return found


def _beats(text: str, pairs: Sequence[tuple[Any, ...]], digits: int = 3) -> list[str]:
    known = [pair for pair in pairs if len(_known(pair)) == 2]
    if not known:
        return [text, "-", "-", "not measured"]
    ours, other = np.array(known, np.float64).T
    held = f"{int((ours > other).sum())} of {len(known)}"
    values = f"{ours.mean():.{digits}f} against {other.mean():.{digits}f}"
    return [text, values, held, "met" if ours.mean() > other.mean() else "missed"]


def _least(name: str, least: float, measured: Sequence[Row]) -> list[str]:
    table, _, signal = name.partition(".")
    values = []
    for row in measured:
        value = row.get(table)
        values.append(value.get(signal) if isinstance(value, Mapping) else value)
    known = _known(values)
    if not known:
        return [f"{name} ≥ {least:g}", "-", "-", "not measured"]
    held = f"{sum(value >= least for value in known)} of {len(known)}"
    verdict = "met" if np.mean(known) >= least else "missed"
    return [f"{name} ≥ {least:g}", f"{np.mean(known):.3f}", held, verdict]


def _about(rows: Sequence[Row]) -> str:
    first, versions = rows[0], rows[0]["versions"]
    text = (
        f"{first['n_users']:,} users, {first['n_items']:,} items, {first['n_train']:,} train "
        f"interactions (first cell). Judge: {first['judge']}. Device: {first['device']}. "
        f"Python {versions['python']}, torch {versions['torch']}, numpy {versions['numpy']}."
    )
    codes = list(dict.fromkeys(row["code"] for row in rows))
    text += f" Code: {', '.join(codes)}."
    if len(codes) > 1:
        text += " **These cells were made with different versions of the code: measure again.**"
    return text


def _aucs(cells: Sequence[Row]) -> str:
    def value(signal: str, table: str) -> str:
        return spread(row["detection"][table][signal] for row in cells)

    body = [[signal, *(value(signal, table) for table in TABLES)] for signal in SIGNALS]
    return "AUC, noise against genuine:\n\n" + _table(["Signal", *TABLES], body)


def _shares(cells: Sequence[Row]) -> str:
    body = [[name, spread(row["detection"][name] for row in cells)] for name in SHARES]
    for signal in ("p_noisy", "loss"):
        kept = spread(row["detection"]["hard_kept_at"][RECALL][signal] for row in cells)
        body.append([f"hard kept at noise recall {RECALL}, cut by {signal}", kept])
    counts = [row["detection"]["counts"] for row in cells]
    true = spread(count["noise"] / count["interactions"] for count in counts)
    body.append(["true share of noise", true])
    body.append(["estimated share of noise", spread(row["noise_rate"] for row in cells)])
    return _table(["Share", "Value"], body)


def _ranking(cells: Sequence[Row]) -> str:
    body = []
    for key, name in MEASURES:
        ours = [row["ranking"][key] for row in cells]
        plain = [row["ranking"][f"bpr_{key}"] for row in cells]
        p = [f"{value:.4f}" if math.isfinite(value) else "-" for value in paired_tests(ours, plain)]
        gap = [a - b for a, b in zip(ours, plain, strict=True)]
        body.append([name, spread(ours, 4), spread(plain, 4), spread(gap, 4), *p])
    presets = [row["preset"] for row in cells]
    used = ", ".join(f"{name} {presets.count(name)}x" for name in dict.fromkeys(presets))
    note = f"Refined graph chosen on validation: {used}. "
    note += (
        f"With {len(cells)} seeds, Wilcoxon's p cannot fall below {2.0 ** (1 - len(cells)):.4f}."
    )
    head = ["Test set", "LLMHNI", "plain backbone", "difference", "paired t: p", "Wilcoxon: p"]
    return f"{_table(head, body)}\n\n{note}"


def _targets(cells: Sequence[Row], targets: Mapping[str, float]) -> str:
    head = ["Target", "Measured (mean)", "Seeds in which it held", "Verdict"]
    return _table(head, target_rows(cells, targets))


def _seconds(cells: Sequence[Row]) -> str:
    total: Callable[[Row], float] = lambda row: sum(row["seconds"].values())  # noqa: E731
    names = list(cells[0]["seconds"])
    body = [[name, spread((row["seconds"].get(name) for row in cells), 1)] for name in names]
    return _table(["Stage", "Seconds"], [*body, ["all", spread(map(total, cells), 1)]])


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]
