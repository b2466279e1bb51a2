"""What labels say about a run: precision and noise rate of a random sample, and agreement."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import duckdb
import pandas as pd

from app.services import query
from app.services.decided import told
from app.services.labels.current import TOGETHER, ask
from app.services.labels.schema import CONFLICT, OBSERVED, UNSURE
from app.services.store import Run

NOT_HERE: Final = "not in this run"
BACK: Final = """back AS (
    SELECT undo_of AS batch FROM label_event WHERE dataset = $dataset AND undo_of IS NOT NULL
    GROUP BY undo_of HAVING arg_max(source, seq) = 'undo'
)"""
"""Table ``back``: batches that were undone and not redone since."""
_SAMPLE: Final = f"""
    WITH {BACK},
    -- An import that says so was drawn at random where it was given.
    drawn AS (
        SELECT who, user_id, item_id, true AS sampled FROM label_event
        WHERE dataset = $dataset AND observed AND origin = 'random' AND (
            source = 'random' OR (source = 'import' AND batch NOT IN (SELECT batch FROM back))
        )
        GROUP BY who, user_id, item_id
    ),
    -- Whole lists at once, and taking such a list back: no opinion of each of its pairs.
    in_bulk AS (
        SELECT DISTINCT batch, who, user_id, item_id
        FROM label_event SEMI JOIN drawn USING (user_id, item_id)
        WHERE dataset = $dataset AND source IN ('bulk', 'table', 'import')
          AND origin IN ('bulk', 'table', 'import')
    ),
    one_by_one AS (
        SELECT who, user_id, item_id, max(seq) AS seq, any_value(observed) AS observed,
               -- Back at the label of a list: the one given by hand is gone.
               arg_max(CASE WHEN origin IN ('bulk', 'table', 'import') THEN ''
                            ELSE coalesce(new, '') END, seq) AS label,
               arg_max(origin, seq) AS origin
        FROM label_event AS e SEMI JOIN drawn USING (user_id, item_id)
        WHERE dataset = $dataset AND observed AND NOT EXISTS (
            SELECT 1 FROM in_bulk AS b
            WHERE b.who = e.who AND b.user_id = e.user_id AND b.item_id = e.item_id
              AND b.batch = coalesce(e.undo_of, e.batch)
        )
        GROUP BY who, user_id, item_id
    ),
    latest AS (
        SELECT one_by_one.*, coalesce(sampled, false) AS sampled
        FROM one_by_one LEFT JOIN drawn USING (who, user_id, item_id)
        WHERE label <> '' AND (sampled OR origin IN ('second', 'resolve'))
    ),
    {TOGETHER}
    SELECT user_id, item_id, label FROM effective WHERE sampled
"""
"""Labels of the pairs that were drawn at random, each given while its pair was on screen."""


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
    hard, clean is not labelled noisy. Without pairs whose label the run was given: it may have its
    verdict from there."""
    noise_rate: Share
    """Share of the sample labelled noisy."""
    n_conflict: int
    """Pairs that people label differently: not in ``n``, but ``low`` and ``high`` are what they
    are if all of these speak against, and for."""
    n_given: int
    """Pairs whose label the run was given, left out of ``by_verdict`` alone."""
    n_unsure: int
    n_unknown: int
    """Sampled pairs left out: unsure, or not in this run."""


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


def bounds(n_yes: int, n: int, n_open: int) -> Share:
    """Share of ``n``, its Wilson interval widened by what is open: from all no to all yes."""
    known, low = wilson(n_yes, n), wilson(n_yes, n + n_open).low
    return replace(known, low=low, high=wilson(n_yes + n_open, n + n_open).high)


def precision(run: Run, cursor: duckdb.DuckDBPyConnection) -> Precision:
    """Estimate from pairs that were met in the order ``random``.

    What counts is the last label that who drew the pair gave it by hand: a bulk, a filtered list
    or an import picks its pairs by what the model says. Second opinions and resolutions count too.
    """
    sample = ask(cursor, _SAMPLE, {"dataset": run.manifest.dataset})
    placed = _with_verdict(run, sample)
    here = placed[placed["verdict"] != NOT_HERE]
    told = here[~here["given"].astype(bool)]
    counts = here["label"].value_counts()
    n_noisy, n_conflict = int(counts.get("noisy", 0)), int(counts.get(CONFLICT, 0))
    return Precision(
        by_verdict=pd.DataFrame([_of_verdict(run, told, verdict) for verdict in OBSERVED]),
        noise_rate=bounds(n_noisy, int(here["label"].isin(OBSERVED).sum()), n_conflict),
        n_conflict=n_conflict,
        n_given=int((here["given"] & here["label"].isin([*OBSERVED, CONFLICT])).sum()),
        n_unsure=int(counts.get(UNSURE, 0)),
        n_unknown=len(placed) - len(here),
    )


def _of_verdict(run: Run, told: pd.DataFrame, verdict: str) -> dict[str, object]:
    labels = told.loc[told["verdict"] == verdict, "label"]
    used = labels[labels.isin(OBSERVED)]
    agrees = used != "noisy" if verdict == "clean" else used == verdict
    found = bounds(int(agrees.sum()), len(used), int((labels == CONFLICT).sum()))
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
    """How far people agree on the pairs that both labelled by themselves, without unsure.

    What counts is the first label of each person about a pair: with it the labels of others come
    into sight, so later ones, settling among them, are no opinion of one's own. Slips that were
    undone, labels that were taken back and ones given to many pairs at once do not count.

    Returns:
        Columns ``who, other, n, n_agree, share, kappa`` (Cohen 1960; NaN where chance alone
        explains everything), one row per two people.
    """
    both = ask(
        cursor,
        f"""
        WITH {BACK},
        first AS (
            SELECT who, user_id, item_id,
                   arg_min(new, seq) FILTER (
                       source NOT IN ('undo', 'redo') AND origin NOT IN ('bulk', 'resolve')
                       AND new IS NOT NULL AND batch NOT IN (SELECT batch FROM back)
                   ) AS label
            FROM label_event WHERE dataset = $dataset GROUP BY who, user_id, item_id
            HAVING arg_max(coalesce(new, ''), seq) <> ''
        ),
        said AS (SELECT * FROM first WHERE label <> '{UNSURE}')
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
    """Add what the run says about pairs: columns ``label, verdict, given``.

    ``given`` is whether the run learned from a label of the pair: it had one, not held out.
    """
    judged = (
        "UNION ALL SELECT user_id, item_id, by_grades, false FROM judgements "
        "WHERE NOT observed AND NOT control"
        if query.has(run, "judgements")
        else ""
    )
    return query.ask(
        run,
        f"""
        WITH said AS (
            SELECT user_id, item_id, verdict, {told(run)} AS given
            FROM interactions {judged}
        )
        SELECT asked.label, coalesce(verdict, '{NOT_HERE}') AS verdict,
               coalesce(given, false) AS given
        FROM asked LEFT JOIN said USING (user_id, item_id)
        """,
        tables={"asked": pairs[["user_id", "item_id", "label"]]},
    )
