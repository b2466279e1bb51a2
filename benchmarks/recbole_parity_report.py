"""The report of :mod:`benchmarks.recbole_parity`: from finished cells to Markdown tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from scipy import stats

from benchmarks.spread import spread

Row = Mapping[str, Any]

TITLES: Final = {"lightgcn": "LightGCN", "sgl": "SGL, edges dropped", "simgcl": "SimGCL*"}
"""Name of a method -> its name in the tables."""
ABOUT: Final = """Made by `python -m benchmarks.recbole_parity`. RecBole runs as installed from the
package index, in an environment and in processes of its own; both sides read the same train,
validation and test rows. A seed changes the training alone (each side draws by itself), so
deviations leave out the chance in data and split."""
READING: Final = """*Difference* is ours - RecBole's mean Recall@20 on test. *sd* is the root of the
mean of both sides' variances over their seeds. *Within one sd*: the difference is not larger than
that; with five seeds a side, two sides that are equal miss it in about one case of seven, so p of
Welch's t-test stands beside it. *SGL: ours, RecBole's contrast* is our code with that one term
written as RecBole has it (`--form`): what is left of a difference there is not due to the term."""
MATCHED: Final = """Matched:

* the split, and the measure: full ranking, train masked on validation, train and validation masked
  on test, as RecBole does (`also_mask` on our side); mean over users with test items. To be sure of
  it, the vectors of every RecBole model are ranked once more by our code, see below;
* embedding size, layers (mean of 0..K), Adam and its step, batch, epochs; one uniform negative for
  each positive, never a train item of the user, drawn anew each epoch;
* weight decay: half the squared norm of the rows of the batch over B (`require_pow` of RecBole's
  LightGCN). RecBole's SGL has a decay of another form (norms that are not squared, and divided by B
  beside a loss that is a sum over B), so SGL has none on either side;
* initial embeddings: normal, with our deviation, set over RecBole's Xavier ones from outside;
* early stop: Recall@20 on validation, every so many epochs; RecBole's `stopping_step` is one less
  than our patience, as it stops one evaluation later. The best epoch is measured on test. SimGCL
  waits longer: on small data its recall falls for some dozens of epochs after the first evaluation
  before it rises for good, and a shorter patience lets chance decide which seeds stop in that
  dip. This was set after one of our seeds had stopped at epoch 5 with patience 5 (Recall@20 0.503,
  sample); the small weights of both contrasts, too, were chosen after a first look: at 0.5,
  SimGCL stopped there on both sides (0.239 RecBole's loop, 0.244 ours, one seed, patience 5)."""
DIFFERENT: Final = """Cannot be matched without a change to one side:

* SGL's contrast: RecBole takes every row of the batch, a repeated user or item as often as it
  occurs, against *all* users or items (its padding row among them), and sums it beside a sum of
  BPR; ours takes each user and item of the batch once, against those of the batch, and both losses
  are means. The weight is the same in both; Adam does not see the common factor B;
* SGL's views: RecBole keeps exactly the share 1 - rate of the edges, ours each edge with that
  chance;
* a tie of two epochs on validation goes to the later one in RecBole, to the earlier one here; and
  RecBole adds 1e-7 to degrees and 1e-10 inside the logarithm of BPR."""
SIMGCL: Final = """\\* RecBole 1.2.1 has no SimGCL. RecBole-GNN, which does, is not on the package
index, and neither is SimGCL in the packages there that were looked into (hopwise 0.9.1, beta-rec
0.3.2, gammagl 0.4.0). So its equations were written once more, as a subclass of RecBole's LightGCN
(`benchmarks/recbole_runner.py`): loop, sampling, graph, decay and evaluation are RecBole's, the
formula is not. The row therefore compares with **no published implementation**; the formula itself
is held against a dense float64 reference in
`tests/core/baselines/test_simgcl_reference.py`."""
TIMES: Final = """Validation included, one thread each. The machine was shared with other work while
this was measured: take processor time for an order of magnitude, not for a benchmark."""


def render(rows: Sequence[Row]) -> str:
    """Write the whole report.

    Args:
        rows: Finished cells, of one or more sets of data and settings.
    """
    if not rows:
        return "Nothing is measured yet.\n"
    parts = ["# Recall beside RecBole", ABOUT, _versions(rows), READING]
    for cells in grouped(rows):
        parts += [_heading(cells), _settings(cells), _ranking(cells), "Seconds per epoch:"]
        parts += [_times(cells)]
    parts += ["## What was matched", MATCHED, DIFFERENT, SIMGCL, _evaluation(rows), TIMES]
    return "\n\n".join(parts) + "\n"


def grouped(rows: Iterable[Row]) -> list[list[Row]]:
    """Cells of the same data and settings, in the order of the first of each."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["data"], str(sorted(row["matched"].items()))), []).append(row)
    return list(groups.values())


def compare(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, float]:
    """Set two samples of the same measure side by side.

    Args:
        ours: One value per seed.
        theirs: One value per seed; seeds of the two sides have nothing to do with each other.

    Returns:
        ``difference`` of the means (ours - theirs), ``sd`` (root of the mean of both variances,
        n - 1) and ``p`` of Welch's t-test; the last two are NaN with fewer than two values.
    """
    difference = float(np.mean(ours) - np.mean(theirs))
    if min(len(ours), len(theirs)) < 2:
        return {"difference": difference, "sd": math.nan, "p": math.nan}
    sd = math.sqrt((np.var(ours, ddof=1) + np.var(theirs, ddof=1)) / 2)
    p = float(stats.ttest_ind(ours, theirs, equal_var=False).pvalue) if sd else math.nan
    return {"difference": difference, "sd": sd, "p": p}


def _heading(cells: Sequence[Row]) -> str:
    first = cells[0]
    return (
        f"## {first['data']}: {first['n_users']:,} users, {first['n_items']:,} items, "
        f"{first['n_train']:,} train, {first['n_valid']:,} validation, {first['n_test']:,} test"
    )


def _settings(cells: Sequence[Row]) -> str:
    return ", ".join(f"`{name}={value:g}`" for name, value in cells[0]["matched"].items())


def _ranking(cells: Sequence[Row]) -> str:
    head = ["Recall@20", "RecBole", "ours", "difference", "sd", "within one sd", "p"]
    body = []
    for method, side in dict.fromkeys((row["method"], row["side"]) for row in cells):
        if side == "recbole":
            continue
        ours, theirs = (_values(cells, method, one, "recall20") for one in (side, "recbole"))
        title = TITLES[method] if side == "ours" else f"SGL: {side}"
        line = [title, _counted(theirs), _counted(ours)]
        if ours and theirs:
            found = compare(ours, theirs)
            known = not math.isnan(found["sd"])
            within = abs(found["difference"]) <= found["sd"]
            line.append(f"{found['difference']:+.4f}")
            line += [f"{found['sd']:.4f}", "yes" if within else "**no**"] if known else ["-", "-"]
            line.append("-" if math.isnan(found["p"]) else f"{found['p']:.2f}")
        body.append(line + ["-"] * (len(head) - len(line)))
    return _table(head, body)


def _times(cells: Sequence[Row]) -> str:
    head = ["", "RecBole: processor", "wall clock", "best epoch", "ours: processor", "wall clock"]
    head.append("best epoch")
    body = []
    for method in dict.fromkeys(row["method"] for row in cells):
        line = [TITLES[method]]
        for side in ("recbole", "ours"):
            for key, digits in (("epoch_cpu_seconds", 2), ("epoch_seconds", 2), ("best_epoch", 0)):
                line.append(spread(_values(cells, method, side, key), digits))
        body.append(line)
    return _table(head, body)


def _evaluation(rows: Sequence[Row]) -> str:
    gaps = [
        abs(row["recall20"] - row["recall20_by_us"]) for row in rows if row["side"] == "recbole"
    ]
    ndcg = [abs(row["ndcg20"] - row["ndcg20_by_us"]) for row in rows if row["side"] == "recbole"]
    if not gaps:
        return "No model of RecBole was measured yet."
    return (
        f"The same vectors measured by both: over {len(gaps)} RecBole models, RecBole's own test "
        f"Recall@20 and ours differ by {max(gaps):.1e} at most, NDCG@20 by {max(ndcg):.1e}."
    )


def _versions(rows: Sequence[Row]) -> str:
    parts = []
    for side, title in (("recbole", "RecBole's side"), ("ours", "Ours")):
        found = dict.fromkeys(
            ", ".join(f"{name} {version}" for name, version in row["versions"].items())
            for row in rows
            if row["side"] == side
        )
        parts += [f"{title}: {'; '.join(found)}."] if found else []
    codes = dict.fromkeys(row["code"] for row in rows if row["side"] == "ours")
    parts += [f"Code: {', '.join(codes)}."] if codes else []
    if len(codes) > 1:
        parts.append("**Our cells were made with different versions of the code: measure again.**")
    return " ".join(parts)


def _values(cells: Sequence[Row], method: str, side: str, key: str) -> list[float]:
    return [row[key] for row in cells if (row["method"], row["side"]) == (method, side)]


def _counted(values: Sequence[float]) -> str:
    return f"{spread(values, 4)} (n = {len(values)})"


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
