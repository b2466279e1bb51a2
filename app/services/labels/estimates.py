"""What labels say about a run: precision and noise rate of a random sample, and agreement."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import duckdb
import pandas as pd

from app.services import query
from app.services.labels.current import EFFECTIVE, LATEST, ask
from app.services.labels.schema import CONFLICT, OBSERVED, UNSURE
from app.services.store import Run

NOT_HERE: Final = "not in this run"


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval; NaN without any."""

    n: int
    n_yes: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Precision:
    """What the labels of the random sample say about a run."""

    by_verdict: pd.DataFrame
    """Per verdict (clean, hard, noisy): ``verdict, n, n_agree, share, low, high``, ``of`` (the
    interactions with this verdict in the run). Agreeing: noisy is labelled noisy, hard is labelled
    hard, clean is not labelled noisy."""
    noise_rate: Share
    """Share of the sample labelled noisy."""
    n_unsure: int
    n_conflict: int
    n_unknown: int
    """Sampled pairs left out: unsure, labelled differently, or not in this run."""


def wilson(n_yes: int, n: int, z: float = 1.959963984540054) -> Share:
    """Wilson score interval of a share (Wilson 1927, JASA 22:209); NaN where n is 0."""
    if n == 0:
        return Share(0, 0, math.nan, math.nan, math.nan)
    share = n_yes / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # At the ends the interval touches 0 and 1 exactly, but for rounding.
    low, high = (0.0 if n_yes == 0 else middle - half), (1.0 if n_yes == n else middle + half)
    return Share(n, n_yes, share, low, high)


def precision(run: Run, cursor: duckdb.DuckDBPyConnection) -> Precision:
    """Estimate from pairs that were met in the order ``random``, by the label that stands now.

    A label that was changed since, or settled after a disagreement, counts as it is now: the pair
    was drawn at random all the same.
    """
    sample = ask(
        cursor,
        f"WITH {EFFECTIVE} SELECT user_id, item_id, label FROM effective "
        "WHERE sampled AND observed",
        {"dataset": run.manifest.dataset},
    )
    placed = _with_verdict(run, sample)
    here = placed[placed["verdict"] != NOT_HERE]
    used = here[here["label"].isin(OBSERVED)]
    noisy = used["label"] == "noisy"
    return Precision(
        by_verdict=pd.DataFrame([_of_verdict(run, used, verdict) for verdict in OBSERVED]),
        noise_rate=wilson(int(noisy.sum()), len(used)),
        n_unsure=int((here["label"] == UNSURE).sum()),
        n_conflict=int((here["label"] == CONFLICT).sum()),
        n_unknown=len(placed) - len(here),
    )


def _of_verdict(run: Run, used: pd.DataFrame, verdict: str) -> dict[str, object]:
    labels = used.loc[used["verdict"] == verdict, "label"]
    agrees = labels != "noisy" if verdict == "clean" else labels == verdict
    found = wilson(int(agrees.sum()), len(labels))
    return {
        "verdict": verdict,
        "n": found.n,
        "n_agree": found.n_yes,
        "share": found.share,
        "low": found.low,
        "high": found.high,
        "of": next((n for name, n in run.manifest.verdicts.items() if name == verdict), 0),
    }


def agreement(run: Run, effective: pd.DataFrame) -> pd.DataFrame:
    """Count effective labels by what the run says; biased by the order in which people labelled.

    Args:
        run: Whose verdicts.
        effective: From :func:`app.services.labels.current.effective`.

    Returns:
        Columns ``verdict`` (clean, hard, noisy; of unobserved pairs hidden like, hard negative;
        ``not in this run``), ``label``, ``n``; what does not occur lacks.
    """
    placed = _with_verdict(run, effective)
    counted = placed.groupby(["verdict", "label"], sort=True).size()
    return counted.rename("n").reset_index()


def between_people(cursor: duckdb.DuckDBPyConnection, dataset: str) -> pd.DataFrame:
    """How far people agree on the pairs that both labelled, without unsure.

    Returns:
        Columns ``who, other, n, n_agree, share, kappa`` (Cohen 1960; NaN where chance alone
        explains everything), one row per two people.
    """
    both = ask(
        cursor,
        f"""
        WITH {LATEST}, said AS (SELECT * FROM latest WHERE label NOT IN ('', '{UNSURE}'))
        SELECT said.who, other.who AS other, said.label, other.label AS other_label, count(*) AS n
        FROM said JOIN said AS other USING (user_id, item_id)
        WHERE said.who < other.who GROUP BY ALL ORDER BY ALL
        """,
        {"dataset": dataset},
    )
    rows = [
        {"who": who, "other": other} | _cohen(counts)
        for (who, other), counts in both.groupby(["who", "other"])
    ]
    return pd.DataFrame(rows, columns=["who", "other", "n", "n_agree", "share", "kappa"])


def _cohen(counts: pd.DataFrame) -> dict[str, float]:
    n = int(counts["n"].sum())
    n_agree = int(counts.loc[counts["label"] == counts["other_label"], "n"].sum())
    one = counts.groupby("label")["n"].sum() / n
    two = counts.groupby("other_label")["n"].sum() / n
    chance = float((one * two).sum())  # labels that only one of them uses are NaN: left out
    kappa = (n_agree / n - chance) / (1 - chance) if chance < 1 else math.nan
    return {"n": n, "n_agree": n_agree, "share": n_agree / n, "kappa": kappa}


def _with_verdict(run: Run, pairs: pd.DataFrame) -> pd.DataFrame:
    """Add what the run says about pairs: columns ``label, verdict``."""
    judged = (
        "UNION ALL SELECT user_id, item_id, by_grades FROM judgements "
        "WHERE NOT observed AND NOT control"
        if query.has(run, "judgements")
        else ""
    )
    return query.ask(
        run,
        f"""
        WITH said AS (SELECT user_id, item_id, verdict FROM interactions {judged})
        SELECT given.label, coalesce(verdict, '{NOT_HERE}') AS verdict
        FROM given LEFT JOIN said USING (user_id, item_id)
        """,
        tables={"given": pairs[["user_id", "item_id", "label"]]},
    )
