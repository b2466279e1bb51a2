"""What may be said of the rows of a study: means, paired differences, recovery, decline.

Input is the table of :func:`core.study.rows.read_rows`, best cut to one part by :func:`part_of`.
Where methods were not measured with the same seeds, the seeds both have are compared and ``n`` says
how many. Every measure here is better when higher, unless a docstring says otherwise. Tables come
back sorted, whatever the order in which cells finished. Needs no torch.

Every function takes ``rng`` for the bootstrap; it is used beyond 6 seeds only, see
:mod:`core.study.resampling`. Left out, it is a fresh generator with a fixed seed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
import pandas as pd

from core.study.resampling import Floats, holm, interval, mean_intervals, paired_p, resamples

OURS: Final = "llmhni"
PLAIN: Final = "bpr"
ORACLE: Final = "oracle"
GROUP: Final = ("data", "noise", "rate")
CELL: Final = (*GROUP, "variant")
CLEAN: Final = "none"
NATURAL: Final = "natural"
LOSS_FAMILY: Final = "loss-based"
LOSS_SIGNALS: Final = ("signal:loss", "signal:score")
"""Cuts by what the plain model fits badly: what people do who use no method at all."""


def part_of(rows: pd.DataFrame, part: str) -> pd.DataFrame:
    """Rows of one part of the study (methods, ablations, tuning, negatives)."""
    return rows[rows["part"] == part]


def wide(rows: pd.DataFrame, measure: str, by: Sequence[str] = CELL) -> pd.DataFrame:
    """A measure with one column per seed.

    Args:
        rows: Cells of one part.
        measure: Name of a numeric column; one that is absent was never measured.
        by: Columns that make the index. If cells differ in nothing but other columns, the one that
            was finished last counts: a cell that was measured again replaces the old.

    Returns:
        Index ``by``, one column per seed in order, NaN = not measured; rows without any value are
        left out.
    """
    names = list(by)
    if measure not in rows.columns:
        return pd.DataFrame(index=pd.MultiIndex.from_arrays([[]] * len(names), names=names))
    known = rows.loc[rows[measure].notna(), [*names, "seed", measure]]
    last = known.drop_duplicates([*names, "seed"], keep="last").assign(
        seed=lambda table: table["seed"].astype(int)
    )
    return last.pivot(index=names, columns="seed", values=measure).sort_index().sort_index(axis=1)


def summary(
    rows: pd.DataFrame,
    measure: str,
    by: Sequence[str] = CELL,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Mean over seeds with its bootstrap interval.

    Returns:
        Columns ``by``, n (seeds), mean, sd (n - 1), low, high. One seed has no sd, no interval.
    """
    values = wide(rows, measure, by)
    n, mean, low, high = mean_intervals(values.to_numpy(np.float64), rng)
    deviation = values.std(axis=1, ddof=1)
    return _frame(values, n=n, mean=mean, sd=deviation.to_numpy(np.float64), low=low, high=high)


def paired(
    rows: pd.DataFrame,
    measure: str,
    ours: str = OURS,
    against: Collection[str] | None = None,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Difference of ``ours`` less each other variant, seed by seed in the same prepared data.

    Args:
        rows: Cells of one part.
        measure: Name of a numeric column.
        ours: The variant the others are taken from.
        against: Variants to compare with; all others if none.
        rng: See the module.

    Returns:
        data, noise, rate, variant, n (common seeds), difference (mean; above 0 = ours is higher),
        low, high, p_t, p_wilcoxon and p_holm: the p of the t-test by Holm's correction over all
        comparisons of this measure within a dataset (those returned here). Variants without a seed
        in common are left out.
    """
    return contrast(wide(rows, measure), ours, against, rng)


def contrast(
    values: pd.DataFrame,
    ours: str = OURS,
    against: Collection[str] | None = None,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """As :func:`paired`, of a table as :func:`wide` gives it, index data, noise, rate, variant."""
    others = _without(values, [ours])
    if against is not None:
        others = others[others.index.get_level_values("variant").isin(list(against))]
    differences = (_same_group(values, ours, others) - others).dropna(how="all")
    matrix = differences.to_numpy(np.float64)
    n, mean, low, high = mean_intervals(matrix, rng)
    p_t, p_wilcoxon = paired_p(matrix)
    found = _frame(
        differences, n=n, difference=mean, low=low, high=high, p_t=p_t, p_wilcoxon=p_wilcoxon
    )
    found["p_holm"] = np.nan
    for _, place in found.groupby("data").indices.items():
        found.loc[place, "p_holm"] = holm(found["p_t"].to_numpy(np.float64)[place])
    return found


def recovered(
    rows: pd.DataFrame,
    measure: str,
    rng: np.random.Generator | None = None,
    *,
    beyond_clean: bool = False,
) -> pd.DataFrame:
    """Share of the gap between plain BPR and the oracle that a method closes.

    ``(method - bpr) / (oracle - bpr)`` of the means over the seeds that all three have; 1 is as
    good as training without the noise. It may pass 1: a method may know more (texts)
    than the oracle, which is plain BPR on clean data. Ratios of single seeds are not averaged, as
    a small gap in one of them would outweigh all others.

    Args:
        rows: Cells of one part.
        measure: Name of a numeric column.
        rng: See the module.
        beyond_clean: Whether to take from the numerator, seed by seed, what the method is ahead of
            BPR where nothing is planted: that part of its lead cannot be owed to the noise.

    Returns:
        data, noise, rate, variant, n, gap, gap_low, gap_high, recovered, low, high. ``recovered``
        is NaN where the gap is not positive or its interval reaches 0: there is nothing to recover
        that could be told from chance. Resamples without a positive gap do not enter its interval.
    """
    values = wide(rows, measure)
    others = _without(values, [PLAIN, ORACLE])
    plain, oracle = (_same_group(values, name, others) for name in (PLAIN, ORACLE))
    gains = others - plain
    if beyond_clean:
        gains = gains - _clean_lead(values, others)
    gaps = (oracle - plain).where(gains.notna())
    everywhere = gaps.notna()
    n, gap, gap_low, gap_high = mean_intervals(gaps.to_numpy(np.float64), rng)
    share = np.full((3, len(n)), np.nan)
    for row in np.flatnonzero((gap > 0.0) & (gap_low > 0.0)):
        known = everywhere.to_numpy()[row]
        drawn = resamples(int(n[row]), rng)
        share[:, row] = _ratio(
            gains.to_numpy(np.float64)[row, known], gaps.to_numpy(np.float64)[row, known], drawn
        )
    found = _frame(others, n=n, gap=gap, gap_low=gap_low, gap_high=gap_high)
    found[["recovered", "low", "high"]] = share.T
    return found[found["n"] > 0].reset_index(drop=True)


def decline(
    rows: pd.DataFrame, measure: str, rng: np.random.Generator | None = None
) -> pd.DataFrame:
    """How much of the value without planted noise is lost at the highest rate measured.

    Returns:
        data, noise, rate (the highest), variant, n, slope, low, high. ``slope`` is the mean over
        seeds of ``value / value at rate 0 - 1``: -0.1 = a tenth is lost; nearer to 0 is flatter.
    """
    values = slopes(rows, measure)
    n, mean, low, high = mean_intervals(values.to_numpy(np.float64), rng)
    return _frame(values, n=n, slope=mean, low=low, high=high)


def slopes(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """What :func:`decline` averages, a column per seed; :func:`contrast` compares it by seed.

    Rows of noise ``none`` are rate 0 of every kind of noise. Natural noise has no rate to vary.
    """
    values = wide(rows, measure)
    index = values.index.to_frame(index=False)
    planted = (~index["noise"].isin([CLEAN, NATURAL]) & (index["rate"] > 0.0)).to_numpy()
    top = index[planted].groupby(["data", "noise", "variant"])["rate"].transform("max")
    high = values[planted][(index[planted]["rate"] == top).to_numpy()]
    base = _without_noise(values, high)
    return (high / base.where(base > 0.0) - 1.0).dropna(how="all")


def best_loss_based(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Per data, noise and rate the variant with the highest mean among those that go by loss.

    These are the methods of family ``loss-based`` and the cuts by out-of-fold loss and score.

    Returns:
        data, noise, rate, variant, n, mean. Of equal ones the first by name.
    """
    by_loss = (rows["family"] == LOSS_FAMILY) | rows["variant"].isin(LOSS_SIGNALS)
    found = summary(rows[by_loss], measure)[[*CELL, "n", "mean"]]
    ranked = found.sort_values("mean", ascending=False, kind="stable")
    return ranked.drop_duplicates(list(GROUP)).sort_values(list(GROUP)).reset_index(drop=True)


def _without(values: pd.DataFrame, variants: Sequence[str]) -> pd.DataFrame:
    return values[~values.index.get_level_values("variant").isin(list(variants))]


def _same_group(values: pd.DataFrame, variant: str, others: pd.DataFrame) -> pd.DataFrame:
    """What ``variant`` reached in the group of every row of ``others``, in their order."""
    one = values[values.index.get_level_values("variant") == variant].droplevel("variant")
    return one.reindex(_keys(others, *GROUP)).set_axis(others.index)


def _without_noise(values: pd.DataFrame, others: pd.DataFrame, variant: str = "") -> pd.DataFrame:
    """What each of ``others``, or one variant, reached in the same data without planted noise."""
    clean = values[values.index.get_level_values("rate") == 0.0]
    start = clean.groupby(level=["data", "variant"]).last()
    keys = _keys(others, "data", "variant")
    if variant:
        data = keys.get_level_values("data")
        keys = pd.MultiIndex.from_arrays([data, [variant] * len(keys)], names=keys.names)
    return start.reindex(index=keys, columns=others.columns).set_axis(others.index)


def _clean_lead(values: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    return _without_noise(values, others) - _without_noise(values, others, PLAIN)


def _keys(values: pd.DataFrame, *names: str) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(values.index.to_frame(index=False)[list(names)])


def _ratio(gains: Floats, gaps: Floats, drawn: Floats) -> tuple[float, float, float]:
    """Ratio of the means and its interval, from values by seed."""
    gap = gaps @ drawn
    low, high = interval((gains @ drawn)[gap > 0.0] / gap[gap > 0.0])
    return float(gains.mean() / gaps.mean()), float(low), float(high)


def _frame(values: pd.DataFrame, **columns: Floats) -> pd.DataFrame:
    table = values.index.to_frame(index=False).assign(**columns)
    return table.assign(n=table["n"].astype(int))
