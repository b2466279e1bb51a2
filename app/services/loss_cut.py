"""What a loss-based denoiser would drop, beside what the verdicts drop.

A loss cut drops every interaction whose final out-of-fold loss is above a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from app.services import losses, query
from app.services.store import Run
from core.types import VERDICTS

SHARES: Final = tuple(step / 200 for step in range(121))
"""Shares that can be dropped: 0 to 60 % in steps of half a percent."""
EASY_SHARE: Final = 0.2
"""Where no hard ones were planted: this share of the genuine ones, with the lowest score."""

_KNOWN: Final = f"""
    WITH planted AS (
        SELECT coalesce(bool_or(noise), false) AS any_noise,
               coalesce(bool_or(hard), false) AS any_hard FROM kinds
    ),
    joined AS (
        SELECT interactions.*, kinds.kind, coalesce(kinds.noise, false) AS noise,
               coalesce(kinds.hard, false) AS planted_hard
        FROM interactions LEFT JOIN kinds USING ("row")
    ),
    low AS (
        SELECT quantile_disc(score, {EASY_SHARE}) AS score FROM joined
        WHERE NOT noise AND isfinite(score)
    ),
    known AS (
        SELECT joined.*, CASE WHEN any_hard THEN planted_hard
                              ELSE NOT noise AND joined.score <= low.score END AS hard
        FROM joined, planted, low
    )
"""
"""The interactions with their truth; ``hard`` as in detection.json."""


@dataclass(frozen=True)
class Truth:
    """What is known about planted truth."""

    noise: int
    """Planted noise, interactions; 0 = the truth is not known."""
    hard_planted: bool
    """Else hard = the genuine fifth with the lowest out-of-fold score."""


@dataclass(frozen=True)
class Outcome:
    """What a way of dropping does; shares 0..1, NaN where there are none."""

    dropped: int
    noise_removed: float
    """Of the planted noise."""
    genuine_lost: float
    """Of all that is not planted noise."""
    hard_lost: float
    """Of the hard genuine ones."""


def truth(run: Run) -> Truth:
    """Find out what was planted."""
    found = query.ask(
        run, "SELECT count(*) FILTER (noise) AS noise, count(*) FILTER (hard) AS hard FROM kinds"
    ).iloc[0]
    return Truth(int(found["noise"]), int(found["hard"]) > 0)


def values(run: Run) -> np.ndarray:
    """Losses above which each of :data:`SHARES` lies, float64; empty without any loss."""
    found = query.ask(
        run,
        "SELECT unnest(quantile_disc(loss::DOUBLE, $below)) AS value FROM interactions "
        "WHERE isfinite(loss)",
        {"below": [1.0 - share for share in SHARES]},
    )
    return found["value"].to_numpy(np.float64)


def tally(run: Run, cuts: tuple[float, ...]) -> pd.DataFrame:
    """Count interactions by what they are and what becomes of them, for many cuts at once.

    Returns:
        Columns ``verdict, kind`` (empty: none planted), ``noise, hard`` (bool), ``n``, and
        ``above``: an int64 array ``(len(cuts),)`` of those with a loss above each cut. Those of
        verdict noisy are what the method drops.
    """
    noise_of = losses.planted(run)
    found = query.ask_columns(
        run,
        f"""{_KNOWN}
        SELECT loss, (2 * ((coalesce(list_position($verdicts, verdict), 0) - 1)
                           * (len($kinds) + 1) + coalesce(list_position($kinds, kind), 0))
                      + coalesce(hard, false)::INTEGER)::SMALLINT AS code
        FROM known WHERE verdict IN (SELECT unnest($verdicts))
        """,
        {"verdicts": list(VERDICTS), "kinds": list(noise_of) or [""]},
    )
    codes, which = np.unique(np.asarray(found["code"], np.int64), return_inverse=True)
    loss = np.ma.filled(found["loss"].astype(np.float64), np.nan)
    edges = np.asarray(cuts, np.float64)
    # How many cuts lie below a loss; a loss that is not known is above none.
    passed = np.where(np.isfinite(loss), np.searchsorted(edges, loss, side="left"), 0)
    counts = np.bincount(which * (len(edges) + 1) + passed, minlength=len(codes) * (len(edges) + 1))
    counts = counts.reshape(len(codes), -1)
    above = counts[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    kinds = ["", *(noise_of or [""])]
    kind = [kinds[code // 2 % len(kinds)] for code in codes]
    return pd.DataFrame(
        {
            "verdict": [VERDICTS[code // 2 // len(kinds)] for code in codes],
            "kind": kind,
            "noise": [noise_of.get(name) == "noise" for name in kind],
            "hard": codes % 2 == 1,
            "n": counts.sum(axis=1),
            "above": list(above),
        }
    )


def at(table: pd.DataFrame, place: int) -> pd.DataFrame:
    """One cut of :func:`tally`: ``n_loss`` (above it) and ``n_verdict`` (called noisy)."""
    above = [int(counts[place]) for counts in table["above"]]
    called = table["n"].where(table["verdict"] == "noisy", 0)
    return table.drop(columns="above").assign(n_loss=above, n_verdict=called)


def outcomes(table: pd.DataFrame) -> tuple[Outcome, Outcome]:
    """What the loss cut and what the verdicts do, of :func:`at`."""
    return _outcome(table, table["n_loss"]), _outcome(table, table["n_verdict"])


def tradeoff(run: Run, n_points: int = 200) -> pd.DataFrame:
    """Hard kept against noise removed, for every cut by a signal.

    Returns:
        Columns ``signal`` (``loss`` or ``p_noisy``), ``removed``, ``kept`` (shares) and
        ``value`` (of the signal, from which on is dropped); empty where no noise was planted.
    """
    known = query.ask_columns(
        run, f"{_KNOWN} SELECT loss, p_noisy, noise, coalesce(hard, false) AS hard FROM known"
    )
    noise, hard = (np.ma.filled(known[name], False).astype(bool) for name in ("noise", "hard"))
    if not noise.any() or not hard.any():
        return pd.DataFrame(columns=["signal", "removed", "kept", "value"])
    curves = []
    for signal in ("loss", "p_noisy"):
        value = np.ma.filled(known[signal].astype(np.float64), np.nan)
        order = np.argsort(-np.where(np.isfinite(value), value, -np.inf), kind="stable")
        removed = np.cumsum(noise[order]) / noise.sum()
        kept = 1 - np.cumsum(hard[order]) / hard.sum()
        at = np.unique(np.searchsorted(removed, np.linspace(0, 1, n_points)))
        at = at[at < len(order)]
        curve = {"removed": removed[at], "kept": kept[at], "value": value[order[at]]}
        curves.append(pd.DataFrame({"signal": signal, **curve}))
    return pd.concat(curves, ignore_index=True)


PICKS: Final = {
    "everything it drops": "dropped",
    "dropped, called hard": "dropped AND verdict = 'hard'",
    "dropped, not called noisy": "dropped AND verdict <> 'noisy'",
    "called noisy, not dropped": "NOT dropped AND verdict = 'noisy'",
    "dropped, planted hard": "dropped AND coalesce(kinds.hard, false)",
}
"""Sets of interactions at a cut: title -> condition."""


def picked(run: Run, cut: float, pick: str) -> np.ndarray:
    """Numbers (``row``) of one of :data:`PICKS`, int64, ascending."""
    found = query.ask(
        run,
        f"""
        SELECT "row" FROM (
            SELECT *, coalesce(isfinite(loss) AND loss > $cut, false) AS dropped FROM interactions
        ) AS cut LEFT JOIN kinds USING ("row")
        WHERE {PICKS[pick]} ORDER BY "row"
        """,
        {"cut": cut},
    )
    return found["row"].to_numpy(np.int64)


def in_list(run: Run, cut: float, list_path: str) -> tuple[int, int]:
    """Interactions of a review list, and how many of them the cut drops."""
    found = query.ask(
        run,
        "SELECT count(*) AS n, count(*) FILTER (isfinite(loss) AND loss > $cut) AS dropped "
        'FROM interactions SEMI JOIN listed USING ("row")',
        {"cut": cut},
        {"listed": Path(list_path)},
    ).iloc[0]
    return int(found["n"]), int(found["dropped"])


def _outcome(table: pd.DataFrame, dropped: pd.Series[int]) -> Outcome:
    def share(mask: pd.Series[bool]) -> float:
        total = int(table["n"][mask].sum())
        return float(dropped[mask].sum()) / total if total else float("nan")

    noise, hard = table["noise"].astype(bool), table["hard"].astype(bool)
    return Outcome(int(dropped.sum()), share(noise), share(~noise), share(hard))
