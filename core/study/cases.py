"""Answers to the aims of :mod:`core.study.verdicts` in one dataset, kind of noise and measure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from core.study import statistics
from core.study.labels import title
from core.study.names import ML, SAMPLE
from core.study.statistics import OURS
from core.study.variants import METHODS, VARIANTS

HOLDS: Final = "holds"
FAILS: Final = "does not hold"
UNKNOWN: Final = "not measured"

RATE: Final = 0.2
TOP_RATE: Final = 0.4
HALF: Final = 0.5
KINDS: Final = ("uniform", "position", "co-click")
"""Noise that the aims speak of; ``lookalike`` and ``mixed`` are reported and count for none."""
NEED_TEXT: Final = ("signal:semantic", *(name for name in METHODS if VARIANTS[name].needs_text))
"""Variants that are measured where there is text, and nowhere else."""
NO_RIVALS: Final = ("ours", "oracle")
"""Families that are not what somebody would use instead."""
REQUIRED: Final = (SAMPLE, ML)
"""Datasets with text that have to be there for an aim to hold; others that are there count too."""
LEAST_SEEDS: Final = 3
"""Seeds in common below which nothing is compared: of two, both lie on one side by chance half the
time."""
NAN: Final = math.nan


@dataclass(frozen=True)
class Case:
    """An aim in one dataset, kind of noise and measure; numbers are NaN where there are none."""

    data: str
    noise: str
    measure: str
    outcome: str
    n: int = 0
    """Seeds that LLMHNI and ``rival`` have in common."""
    ours: float = NAN
    """Mean of LLMHNI: of the measure, or of its recovered share (3) or decline (4)."""
    rival: str = ""
    """The variant nearest to LLMHNI or furthest above it; the oracle for 3."""
    difference: float = NAN
    """LLMHNI less the rival."""
    low: float = NAN
    high: float = NAN
    """Interval of ``difference``, or of ``ours`` for 3."""
    p: float = NAN
    """Of the paired t-test, Holm-corrected over all rivals and kinds of noise of the aim in the
    dataset: that of ``difference``, or the largest of all rivals where all of them are to be
    passed (2, 4)."""
    note: str = ""
    beyond: float = NAN
    """For 3: the share that is left without the lead over BPR that LLMHNI has without noise."""


Answer = Callable[[str, str, str], Case]
"""Answer for a dataset, a kind of noise and a measure."""


def first_or_tied(cells: pd.DataFrame, measures: Sequence[str]) -> Answer:
    """No rival lies above, and the best loss-based one lies below, by the intervals."""
    differences = {name: statistics.paired(_aimed(cells, RATE), name) for name in measures}
    best = {name: statistics.best_loss_based(cells, name) for name in measures}
    means = {name: statistics.summary(_of(cells, OURS), name) for name in measures}

    def answer(data: str, noise: str, measure: str) -> Case:
        found = _rivals(cells, _at(differences[measure], data, noise, RATE))
        case = _nearest(
            data, noise, measure, found, _mean(_at(means[measure], data, noise, RATE), "mean")
        )
        names = _at(best[measure], data, noise, RATE)["variant"]
        loss = found[found["variant"].isin(names)]
        if case.outcome == UNKNOWN or loss.empty:
            return _not_measured(case, "" if len(found) == 0 else "no loss-based method yet")
        apart = bool(loss["low"].iloc[0] > 0.0)
        word = "ahead" if apart else "not ahead"
        note = f"{_place(found)}; {word} of the best loss-based, {title(loss['variant'].iloc[0])}"
        case = replace(case, outcome=HOLDS if apart and not _ahead(found) else FAILS, note=note)
        return _complete(case, found, _at(cells, data, noise, RATE), cells)

    return answer


def above_all(cells: pd.DataFrame, measures: Sequence[str]) -> Answer:
    """Every rival lies below, by its interval."""
    differences = {name: statistics.paired(_aimed(cells, RATE), name) for name in measures}
    means = {name: statistics.summary(_of(cells, OURS), name) for name in measures}

    def answer(data: str, noise: str, measure: str) -> Case:
        found = _rivals(cells, _at(differences[measure], data, noise, RATE))
        mean = _mean(_at(means[measure], data, noise, RATE), "mean")
        case = _strict(_nearest(data, noise, measure, found, mean), found)
        return _complete(case, found, _at(cells, data, noise, RATE), cells)

    return answer


def flattest(cells: pd.DataFrame, measures: Sequence[str]) -> Answer:
    """Every rival declines more from no noise to the top rate, by its interval."""
    aimed = _aimed(cells, 0.0, TOP_RATE)
    differences = {name: statistics.contrast(statistics.slopes(aimed, name)) for name in measures}
    declines = {name: statistics.decline(_of(cells, OURS), name) for name in measures}

    def answer(data: str, noise: str, measure: str) -> Case:
        found = _rivals(cells, _at(differences[measure], data, noise, TOP_RATE))
        mean = _mean(_at(declines[measure], data, noise, TOP_RATE), "slope")
        case = _strict(_nearest(data, noise, measure, found, mean), found)
        return _complete(case, found, _at(cells, data, noise, TOP_RATE), cells)

    return answer


def half_recovered(cells: pd.DataFrame, measures: Sequence[str]) -> Answer:
    """At least half of the gap between plain and oracle is closed."""
    three = _of(cells, OURS, statistics.PLAIN, statistics.ORACLE)
    shares = {name: statistics.recovered(three, name) for name in measures}
    beyond = {name: statistics.recovered(three, name, beyond_clean=True) for name in measures}

    def answer(data: str, noise: str, measure: str) -> Case:
        found = _at(shares[measure], data, noise, RATE)
        found = found[found["variant"] == statistics.OURS]
        case = Case(data, noise, measure, UNKNOWN, rival=statistics.ORACLE)
        if found.empty or found["n"].iloc[0] < LEAST_SEEDS:
            return _not_measured(case, "" if found.empty else "too few seeds")
        row: Any = found.iloc[0]
        gap = f"gap {row['gap']:.4f} [{row['gap_low']:.4f}, {row['gap_high']:.4f}]"
        case = replace(case, n=int(row["n"]))
        if not math.isfinite(row["recovered"]):
            return _not_measured(case, f"no gap to recover, not wholly above 0: {gap}")
        share, low = float(row["recovered"]), float(row["low"])
        unsure = "; the interval reaches below half" if low < HALF <= share else ""
        left, said = _beyond(_at(beyond[measure], data, noise, RATE))
        return replace(
            case,
            outcome=HOLDS if share >= HALF else FAILS,
            ours=share,
            low=low,
            high=float(row["high"]),
            note=gap + unsure + said,
            beyond=left,
        )

    return answer


def has_text(cells: pd.DataFrame, data: str) -> bool:
    """Whether a dataset has texts, as far as rows tell: without any, the cut by them is blank."""
    here = cells[(cells["data"] == data) & cells["variant"].isin(NEED_TEXT)]
    blank = (here["variant"] == NEED_TEXT[0]) & here["auc_all"].isna()
    return data in REQUIRED or not bool(blank.all())


def _nearest(data: str, noise: str, measure: str, found: pd.DataFrame, mean: float) -> Case:
    """The rival that leaves LLMHNI least: the one with the lowest difference."""
    if found.empty:
        return Case(data, noise, measure, UNKNOWN)
    row: Any = found.sort_values("difference", kind="stable").iloc[0]
    return Case(
        data,
        noise,
        measure,
        HOLDS,
        int(row["n"]),
        mean,
        str(row["variant"]),
        difference=float(row["difference"]),
        low=float(row["low"]),
        high=float(row["high"]),
        p=float(row["p_holm"]),
    )


def _strict(case: Case, found: pd.DataFrame) -> Case:
    if case.outcome == UNKNOWN:
        return case
    outcome = HOLDS if (found["low"] > 0.0).all() else FAILS
    return replace(case, outcome=outcome, p=float(found["p_holm"].max()), note=_place(found))


def _complete(case: Case, found: pd.DataFrame, here: pd.DataFrame, cells: pd.DataFrame) -> Case:
    """A claim about every method is open while one of them is to be run, or to be compared.

    Args:
        case: As far as it is answered.
        found: The rivals that it was answered from.
        here: All rows of its dataset, noise and rate.
        cells: All rows.
    """
    if case.outcome != HOLDS:
        return case
    exempt = () if has_text(cells, case.data) else NEED_TEXT
    compared = {*found["variant"], *exempt, OURS}
    missing = [n for n in METHODS if n not in compared and _open(here, n, case.measure)]
    if not missing:
        return case
    return _not_measured(case, f"{case.note}; not yet measured: {_names(missing)}")


def _open(here: pd.DataFrame, variant: str, measure: str) -> bool:
    """Whether a variant that is not compared is still to be run, or to be measured elsewhere.

    Not so one that was run with every seed of LLMHNI and has a value in few of them or in none: it
    is its nature, as of random edits where LLMHNI dropped no edge.
    """
    wanted = set(here.loc[here["variant"] == OURS, "seed"])
    own = here[(here["variant"] == variant) & here["seed"].isin(wanted)]
    n_run, n_values = own["seed"].nunique(), own.loc[own[measure].notna(), "seed"].nunique()
    if n_run < LEAST_SEEDS or n_values >= LEAST_SEEDS:  # to be run; or lacks its value at rate 0
        return True
    return 0 < n_values and n_run < len(wanted)


def _not_measured(case: Case, note: str) -> Case:
    return replace(case, outcome=UNKNOWN, note=note)


def _place(found: pd.DataFrame) -> str:
    """Where LLMHNI stands among its rivals, in words."""
    ahead = _ahead(found)
    if ahead:
        return f"behind {_names(ahead)}"
    tied = found.loc[(found["low"] <= 0.0) & (found["high"] >= 0.0), "variant"].tolist()
    first = "first" if (found["difference"] > 0.0).all() else "not first in the mean"
    alone = f"{first} of {len(found) + 1}"
    return f"{alone}, interval includes 0 for {_names(tied)}" if tied else alone


def _ahead(found: pd.DataFrame) -> list[str]:
    return found.loc[found["high"] < 0.0, "variant"].tolist()


def _names(variants: Sequence[str]) -> str:
    return "; ".join(title(name) for name in variants)


def _rivals(cells: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """What would be used instead and was measured with enough of LLMHNI's seeds."""
    others = cells.loc[~cells["family"].isin(NO_RIVALS), "variant"].unique()
    known = found["variant"].isin(others) & (found["n"] >= LEAST_SEEDS)
    return found[known].reset_index(drop=True)


def _beyond(found: pd.DataFrame) -> tuple[float, str]:
    """The share without the lead over BPR that is there without noise; the same in words."""
    ours = found[(found["variant"] == OURS) & (found["n"] >= LEAST_SEEDS)]
    if ours.empty:
        return NAN, "; its lead over BPR without noise is not measured"
    row: Any = ours.iloc[0]
    share = f"{row['recovered']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
    return float(row["recovered"]), f"; {share} without the lead over BPR that it has without noise"


def _aimed(cells: pd.DataFrame, *rates: float) -> pd.DataFrame:
    """Rows that an aim compares: what else is measured has no say in its corrected p."""
    noise = cells["noise"].isin(KINDS) | (cells["noise"] == statistics.CLEAN)
    rival = (cells["variant"] == OURS) | ~cells["family"].isin(NO_RIVALS)
    return cells[noise & rival & cells["rate"].isin(rates)]


def _of(cells: pd.DataFrame, *variants: str) -> pd.DataFrame:
    """Rows of these variants: what is not asked for needs no interval."""
    return cells[cells["variant"].isin(variants)]


def _mean(found: pd.DataFrame, column: str) -> float:
    ours = found.loc[found["variant"] == statistics.OURS, column]
    return float(ours.iloc[0]) if len(ours) else NAN


def _at(table: pd.DataFrame, data: str, noise: str, rate: float) -> pd.DataFrame:
    here = (table["data"] == data) & (table["noise"] == noise) & (table["rate"] == rate)
    return table[here].reset_index(drop=True)
