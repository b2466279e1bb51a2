"""What a loss-based denoiser would drop, beside what LLMHNI would drop instead.

A loss cut drops every interaction whose final out-of-fold loss is above a value. It is compared
at equal cost: with a cut that drops as many interactions, those of the highest P(noisy). What the
verdict noisy drops, which is one number whatever the loss cut, stands beside them. Where a
label decided or taught, nothing is compared: P(noisy) would be measured by answers it was given.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from app.services import losses, query
from app.services.decided import told
from app.services.store import Run
from core.types import VERDICTS

SHARES: Final = tuple(step / 200 for step in range(121))
"""Shares that can be dropped: 0 to 60 % in steps of half a percent."""
EASY_SHARE: Final = 0.2
"""Where no hard ones were planted: this share of the genuine ones, with the lowest score."""


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


@dataclass(frozen=True)
class Outcomes:
    """Three ways of dropping."""

    loss: Outcome
    """The loss cut."""
    p_noisy: Outcome
    """As many interactions, those of the highest p_noisy."""
    verdict: Outcome
    """Everything called noisy."""


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
        f"WHERE isfinite(loss) AND NOT {told(run)}",
        {"below": [1.0 - share for share in SHARES]},
    )
    return found["value"].to_numpy(np.float64)


def tally(run: Run, cuts: tuple[float, ...]) -> pd.DataFrame:
    """Count interactions by what they are and what becomes of them, for many cuts at once.

    Args:
        run: Whose interactions.
        cuts: Losses, ascending.

    Returns:
        Columns ``verdict, kind`` (empty: none planted), ``noise, hard`` (bool), ``n``, ``above``:
        an int64 array ``(len(cuts),)`` of those with a loss above each cut, and ``top``, likewise:
        those among the highest p_noisy, as many in all as lie above the cut.
    """
    noise_of = losses.planted(run)
    # The highest p_noisy first: a row's place is then the number of those that come before it.
    found = query.ask_columns(
        run,
        f"""{_known(run)}
        SELECT loss, (2 * ((coalesce(list_position($verdicts, verdict), 0) - 1)
                           * (len($kinds) + 1) + coalesce(list_position($kinds, kind), 0))
                      + coalesce(hard, false)::INTEGER)::SMALLINT AS code
        FROM known WHERE list_contains($verdicts, verdict)
        ORDER BY isfinite(p_noisy) DESC NULLS LAST, p_noisy DESC, "row"
        """,
        {"verdicts": list(VERDICTS), "kinds": list(noise_of) or [""]},
    )
    codes, which = np.unique(np.asarray(found["code"], np.int64), return_inverse=True)
    loss = np.ma.filled(found["loss"].astype(np.float64), np.nan)
    edges = np.asarray(cuts, np.float64)
    # How many cuts lie below a loss; a loss that is not known is above none.
    passed = np.where(np.isfinite(loss), np.searchsorted(edges, loss, side="left"), 0)
    counts = _counts(which, passed, len(codes), len(edges))
    above = _from_the_end(counts)
    # How many cuts drop more than stand before a row: those, the lowest, would drop it as well.
    dropped = above.sum(axis=0)[::-1]
    fewer = np.searchsorted(dropped, np.arange(len(which)), side="right")
    top = _from_the_end(_counts(which, len(edges) - fewer, len(codes), len(edges)))
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
            "top": list(top),
        }
    )


def at(table: pd.DataFrame, place: int) -> pd.DataFrame:
    """One cut of :func:`tally`.

    Returns:
        In place of the arrays ``n_loss`` (above the cut), ``n_p_noisy`` (as many, of the highest
        p_noisy) and ``n_verdict`` (called noisy).
    """
    return table.drop(columns=["above", "top"]).assign(
        n_loss=[int(counts[place]) for counts in table["above"]],
        n_p_noisy=[int(counts[place]) for counts in table["top"]],
        n_verdict=table["n"].where(table["verdict"] == "noisy", 0),
    )


def outcomes(table: pd.DataFrame) -> Outcomes:
    """What the three ways of dropping do, of :func:`at`."""
    names = ("n_loss", "n_p_noisy", "n_verdict")
    return Outcomes(*(_outcome(table, table[name]) for name in names))


def tradeoff(run: Run, n_points: int = 200) -> pd.DataFrame:
    """Hard kept against noise removed, for every cut by a signal.

    Returns:
        Columns ``signal`` (``loss`` or ``p_noisy``), ``removed``, ``kept`` (shares) and
        ``value`` (of the signal, from which on is dropped); empty where no noise was planted.
    """
    known = query.ask_columns(
        run, f"{_known(run)} SELECT loss, p_noisy, noise, coalesce(hard, false) AS hard FROM known"
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
            SELECT "row", verdict, coalesce(isfinite(loss) AND loss > $cut, false) AS dropped
            FROM interactions WHERE NOT {told(run)}
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


def _known(run: Run) -> str:
    """The interactions that no label told of, with their truth; ``hard`` as in detection.json."""
    return f"""
    WITH planted AS (
        SELECT coalesce(bool_or(noise), false) AS any_noise,
               coalesce(bool_or(hard), false) AS any_hard FROM kinds
    ),
    joined AS (
        SELECT "row", verdict, loss, score, p_noisy, kinds.kind,
               coalesce(kinds.noise, false) AS noise, coalesce(kinds.hard, false) AS planted_hard
        FROM interactions LEFT JOIN kinds USING ("row") WHERE NOT {told(run)}
    ),
    low AS (
        SELECT quantile_disc(score, {EASY_SHARE}) AS score FROM joined
        WHERE NOT noise AND isfinite(score)
    ),
    known AS (
        SELECT joined.*, CASE WHEN any_hard THEN planted_hard
                              ELSE NOT noise AND joined.score <= low.score END AS hard
        FROM joined, planted, low
    )"""


def _counts(which: np.ndarray, passed: np.ndarray, n_groups: int, n_cuts: int) -> np.ndarray:
    """Rows by group and number of cuts they pass, ``(n_groups, n_cuts + 1)``."""
    places = which * (n_cuts + 1) + passed
    return np.bincount(places, minlength=n_groups * (n_cuts + 1)).reshape(n_groups, n_cuts + 1)


def _from_the_end(counts: np.ndarray) -> np.ndarray:
    """Of each group those that pass a cut: who passes more of them passes it too."""
    return np.asarray(counts[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:])


def _outcome(table: pd.DataFrame, dropped: pd.Series[int]) -> Outcome:
    def share(mask: pd.Series[bool]) -> float:
        total = int(table["n"][mask].sum())
        return float(dropped[mask].sum()) / total if total else float("nan")

    noise, hard = table["noise"].astype(bool), table["hard"].astype(bool)
    return Outcome(int(dropped.sum()), share(noise), share(~noise), share(hard))
