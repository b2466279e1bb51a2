"""The report of :mod:`benchmarks.hallucination`: from finished cells to Markdown tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from benchmarks.spread import paired_tests, spread

Row = Mapping[str, Any]
Value = Callable[[Row], float | None]

ABOUT: Final = """Made by `python -m benchmarks.hallucination`. A share of the judge's grades is
replaced by another grade at random (`judge.flip`), then the whole method is run with the edge-drop
contrast L_hal on and off (`train.hallucination_suppression`). The preset of the refined graph is
fixed: `paper` drops and adds edges by the grades, `soft` weighs edges by p_noisy, which the grades
are a part of. Values are mean ± sd over the seeds. The data are the same in all of them, a seed
changes training and flips."""
READING: Final = """*On - off* is the difference made by L_hal, seed by seed; *fall* is the value
without flips less the value here, seed by seed, so that a larger fall is more harm. *Repaired* is
the fall without L_hal less the fall with it: above 0, L_hal makes up for some of the flips. p is
that of a paired t-test over the seeds, without a correction for the number of comparisons; with
few seeds it finds large differences alone, and none found is no proof of none."""
MEASURES: Final = (("recall20", "Recall@20"), ("ndcg20", "NDCG@20"))
DETECTION: Final[tuple[tuple[str, str], ...]] = (
    ("auc_all", "AUC, all"),
    ("auc_top_loss", "AUC, highest loss"),
    ("auc_hard", "AUC, noise against hard"),
    ("rule_precision", "not accepted: precision"),
    ("rule_recall", "not accepted: recall"),
    ("changed_share", "grades changed"),
)


def render(rows: Sequence[Row]) -> str:
    """Write the whole report.

    Args:
        rows: Finished cells of one plan.
    """
    if not rows:
        return "Nothing is measured yet.\n"
    seeds = sorted({row["seed"] for row in rows})
    judges = "; ".join(dict.fromkeys(row["judge"] for row in rows if not row["flip"]))
    about = f"Judge: {judges}. Seeds: {', '.join(map(str, seeds))}."
    codes = dict.fromkeys(row["code"] for row in rows)
    about += f" Code: {', '.join(codes)}."
    if len(codes) > 1:
        about += " **These cells were made with different versions of the code: measure again.**"
    parts = ["# What a hallucinating judge harms", ABOUT, about, READING]
    for preset in dict.fromkeys(row["preset"] for row in rows):
        cells = [row for row in rows if row["preset"] == preset]
        parts += [f"## Preset `{preset}`: ranking on the test set"]
        parts += [_ranking(cells, key, title) for key, title in MEASURES]
        parts += ["Edges that the judge changed:", _edges(cells)]
    parts += ["## Detection", DETECTED, _detection(rows)]
    return "\n\n".join(parts) + "\n"


DETECTED: Final = """The same in both presets and with L_hal on or off, as p_noisy is found before
the final training. *Highest loss*: among the fifth of the interactions with the highest loss;
*noise against hard*: planted noise against the planted hard interactions alone. *Not accepted*:
all judged interactions that both views do not accept; of those, edges are dropped only where the
score is low, too."""


def _ranking(cells: Sequence[Row], key: str, title: str) -> str:
    head = [title, "L_hal on", "off", "on - off", "p", "fall, on", "fall, off", "repaired", "p"]
    start = {on: _by_seed(cells, 0.0, on, key) for on in (True, False)}
    body = []
    for flip in _flips(cells):
        on, off = (_by_seed(cells, flip, state, key) for state in (True, False))
        gain = _minus(on, off)
        fall_on, fall_off = _minus(start[True], on), _minus(start[False], off)
        repaired = _minus(fall_off, fall_on)
        shown = [spread(on.values(), 4), spread(off.values(), 4), spread(gain.values(), 4)]
        shown.append(_p(gain))
        if flip:
            shown += [spread(each.values(), 4) for each in (fall_on, fall_off, repaired)]
            shown.append(_p(repaired))
        else:
            shown += ["-"] * 4
        body.append([f"{flip:.0%} flipped", *shown])
    plain = spread(_one_per_seed(cells, lambda row: row[f"bpr_{key}"]).values(), 4)
    return f"{_table(head, body)}\n\nPlain backbone, which asks no judge: {plain}."


def _edges(cells: Sequence[Row]) -> str:
    """Same with L_hal on or off, as the graph is made before the training."""
    columns: dict[str, Value] = {
        "dropped": lambda row: row["dropped"]["n"],
        "of them planted noise (precision)": lambda row: row["dropped"]["precision"],
        "planted noise dropped (recall)": lambda row: row["dropped"]["recall"],
        "planted hard ones lost": lambda row: row["dropped"]["hard_lost"],
        "added": lambda row: row["added"]["n"],
        "of them held-out positives": lambda row: row["added"]["hit_share"],
        "that share by chance": lambda row: row["added"]["by_chance"],
    }
    body = []
    for flip in _flips(cells):
        at = [row for row in cells if row["flip"] == flip]
        shown = [
            spread(_one_per_seed(at, value).values(), 0 if name in ("dropped", "added") else 3)
            for name, value in columns.items()
        ]
        body.append([f"{flip:.0%}", *shown])
    note = (
        "Held-out positives among added edges are no precision: nothing is known of the other "
        "pairs that were not observed."
    )
    return f"{_table(['Flipped', *columns], body)}\n\n{note}"


def _detection(rows: Sequence[Row]) -> str:
    body = []
    for flip in _flips(rows):
        at = [row for row in rows if row["flip"] == flip]
        shown = [
            spread(_one_per_seed(at, lambda row, key=key: row[key]).values())
            for key, _ in DETECTION
        ]
        body.append([f"{flip:.0%}", *shown])
    return _table(["Flipped", *(title for _, title in DETECTION)], body)


def _flips(rows: Sequence[Row]) -> list[float]:
    return sorted({row["flip"] for row in rows})


def _by_seed(rows: Sequence[Row], flip: float, on: bool, key: str) -> dict[int, float]:
    return {
        row["seed"]: row[key] for row in rows if row["flip"] == flip and row["suppression"] == on
    }


def _one_per_seed(rows: Iterable[Row], value: Value) -> dict[int, float | None]:
    """What the cells of a seed have in common, once per seed."""
    return {row["seed"]: value(row) for row in rows}


def _minus(first: Mapping[int, float], second: Mapping[int, float]) -> dict[int, float]:
    """Difference in the seeds that both have."""
    return {seed: first[seed] - second[seed] for seed in sorted(set(first) & set(second))}


def _p(difference: Mapping[int, float]) -> str:
    p = paired_tests([*difference.values()], [0.0] * len(difference))[0]
    return f"{p:.3f}" if math.isfinite(p) else "-"


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
