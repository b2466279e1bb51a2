"""How the loss is distributed, by epoch and group: counts in fine bins of equal edges.

One question counts everything; histogram, smoothed density, cumulative share, quantiles and the
area that two groups share are arithmetic on these counts. Shape letters: T epochs, G groups,
B fine bins, P points of a curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from app.services import query
from app.services.store import Run
from core.types import VERDICTS

LOSSES: Final = ("loss", "loss_in_sample")
"""Columns of ``loss_history``: out of fold, and of the model that saw everything."""
FINAL: Final = "final"
"""The out-of-fold loss that the method uses: one value per interaction, no epochs."""
N_FINE: Final = 4096
TAIL: Final = 0.001
"""Share of the losses that may lie beyond the picture: without it one outlier squeezes the rest."""
SMALLEST: Final = 1e-4
"""Where a logarithmic axis begins at the latest; smaller losses count as this."""
GENUINE: Final = "no planted kind"
LISTED: Final = "review list"


@dataclass(frozen=True)
class Bins:
    """Counts of losses."""

    epochs: np.ndarray
    """int64 ``(T,)``; for the final loss the single epoch 0."""
    groups: tuple[str, ...]
    edges: np.ndarray
    """float64 ``(B + 1,)``: equal widths, of the natural logarithm where ``log``."""
    counts: np.ndarray
    """int64 ``(T, G, B)``."""
    totals: np.ndarray
    """int64 ``(T, G)``: with the losses beyond the last edge."""
    log: bool = False

    @property
    def losses(self) -> np.ndarray:
        """Edges as losses, ``(B + 1,)``."""
        return np.exp(self.edges) if self.log else self.edges


def planted(run: Run) -> dict[str, str]:
    """Planted kinds: name -> ``hard`` or ``noise``, hard ones first; empty without any."""
    found = query.ask(
        run, "SELECT kind, bool_or(noise) AS noise FROM kinds GROUP BY kind ORDER BY noise, kind"
    )
    names = zip(found["kind"], found["noise"], strict=True)
    return {str(kind): "noise" if noise else "hard" for kind, noise in names}


def bins(run: Run, column: str, by: str, log: bool = False, list_path: str = "") -> Bins:
    """Count the losses of a run.

    Args:
        run: Whose losses.
        column: One of :data:`LOSSES`, or :data:`FINAL`.
        by: ``verdict`` or ``kind`` (planted kinds, the others as :data:`GENUINE`).
        log: Bins of equal ratio in place of equal width.
        list_path: Parquet file with the column ``row``: one more group, :data:`LISTED`.
    """
    low, high = _range(run, column, log)
    of_row = _verdict_of_row() if by == "verdict" else _kind_of_row()
    names = VERDICTS if by == "verdict" else (GENUINE, *planted(run))
    found = _count(run, column, log, low, high, of_row, names)
    if list_path:
        listed = _count(run, column, log, low, high, _LISTED, (LISTED,), Path(list_path))
        listed["grp"] = len(names)
        found, names = pd.concat([found, listed], ignore_index=True), (*names, LISTED)
    return _dense(found, tuple(names), np.linspace(low, high, N_FINE + 1), log)


def histogram(found: Bins, n_bars: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Share of each group in wider bins.

    Returns:
        Edges ``(P + 1,)`` as losses, shares ``(T, G, P)``; P is about ``n_bars``.
    """
    width = max(1, -(-found.counts.shape[2] // n_bars))
    starts = np.arange(0, found.counts.shape[2], width)
    coarse = np.add.reduceat(found.counts, starts, axis=2)
    edges = found.losses[np.append(starts, found.counts.shape[2])]
    return edges, _shares(coarse, found.totals)


def density(found: Bins, n_points: int = 240) -> tuple[np.ndarray, np.ndarray, float]:
    """Smoothed shares: the fine bins under a Gaussian, mirrored at both ends.

    Returns:
        Losses ``(P,)``, density ``(T, G, P)`` per unit of the axis, and the standard deviation of
        the Gaussian in units of the axis.
    """
    n_fine = found.counts.shape[2]
    sigma = max(1.0, 0.012 * n_fine)  # bins
    reach = min(n_fine, int(4 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    spread = np.pad(
        _shares(found.counts, found.totals), ((0, 0), (0, 0), (reach, reach)), "symmetric"
    )
    size = spread.shape[2] + len(kernel) - 1
    # By Fourier transform: a sum per point would take seconds for many epochs.
    turned = np.fft.rfft(spread, size, axis=2) * np.fft.rfft(kernel / kernel.sum(), size)
    smooth = np.fft.irfft(turned, size, axis=2)[:, :, 2 * reach : 2 * reach + n_fine]
    places = np.unique(np.linspace(0, n_fine - 1, n_points).astype(int))
    step = float(found.edges[1] - found.edges[0])
    middle = (found.edges[:-1] + found.edges[1:]) / 2
    at = np.exp(middle[places]) if found.log else middle[places]
    return at, np.maximum(smooth[:, :, places], 0) / step, sigma * step


def cumulative(found: Bins, n_points: int = 240) -> tuple[np.ndarray, np.ndarray]:
    """Share of each group with a loss up to each point: ``(P,)`` and ``(T, G, P)``."""
    shares = _shares(np.cumsum(found.counts, axis=2), found.totals)
    places = np.unique(np.linspace(0, found.counts.shape[2] - 1, n_points).astype(int))
    return found.losses[1:][places], shares[:, :, places]


def shared_area(found: Bins, one: Sequence[str], other: Sequence[str]) -> np.ndarray:
    """Area that the smoothed densities of two sets of groups share, 0..1, by epoch ``(T,)``.

    NaN where a set is empty.
    """
    places = [[found.groups.index(name) for name in names] for names in (one, other)]
    counts = np.stack([found.counts[:, rows].sum(axis=1) for rows in places], axis=1)
    totals = np.stack([found.totals[:, rows].sum(axis=1) for rows in places], axis=1)
    pair = Bins(found.epochs, ("one", "other"), found.edges, counts, totals, found.log)
    _, smooth, _ = density(pair, found.counts.shape[2])
    step = float(found.edges[1] - found.edges[0])
    area: np.ndarray = np.minimum(smooth[:, 0], smooth[:, 1]).sum(axis=1) * step
    return np.where(totals.min(axis=1) > 0, area, np.nan)


def quantiles(found: Bins, shares: Sequence[float]) -> np.ndarray:
    """Losses below which these shares of each group lie ``(T, G, len(shares))``.

    To a fine bin; NaN where a group is empty.
    """
    below = _shares(np.cumsum(found.counts, axis=2), found.totals)
    last = found.counts.shape[2]
    places = np.stack([(below < share).sum(axis=2) for share in shares], axis=2)
    values = found.losses[1:][np.minimum(places, last - 1)]
    return np.where(found.totals[:, :, None] > 0, values, np.nan)


_LISTED: Final = 'SELECT "row", 0 AS grp FROM listed'


def _verdict_of_row() -> str:
    return 'SELECT "row", list_position($names, verdict) - 1 AS grp FROM interactions'


def _kind_of_row() -> str:
    return (
        'SELECT interactions."row", list_position($names, coalesce(kind, $names[1])) - 1 AS grp '
        'FROM interactions LEFT JOIN kinds USING ("row")'
    )


def _source(column: str) -> str:
    if column == FINAL:
        return 'SELECT "row", 0::BIGINT AS epoch, loss AS value FROM interactions'
    if column not in LOSSES:
        raise ValueError(f"unknown loss {column!r}; known: {', '.join((*LOSSES, FINAL))}")
    return f'SELECT "row", epoch, {column} AS value FROM loss_history'


def _range(run: Run, column: str, log: bool) -> tuple[float, float]:
    """Lowest and highest value of the axis."""
    found = query.ask(
        run,
        f"SELECT min(value)::DOUBLE AS low, max(value)::DOUBLE AS high FROM ({_source(column)}) "
        "WHERE isfinite(value)",
    ).iloc[0]
    if pd.isna(found["high"]):
        return 0.0, 1.0
    low, high = max(float(found["low"]), SMALLEST), max(float(found["high"]), SMALLEST)
    if not log:
        return 0.0, high * (1 + 1e-9)
    return float(np.log(low)), float(np.log(high * 1.001))


def _count(
    run: Run,
    column: str,
    log: bool,
    low: float,
    high: float,
    of_row: str,
    names: Sequence[str],
    listed: Path | None = None,
) -> pd.DataFrame:
    """Columns ``epoch, grp, bin, n``; ``grp`` is the place in ``names``."""
    value = f"ln(greatest(value, {SMALLEST}))" if log else "value"
    values: dict[str, Any] = {
        "low": low,
        "last": N_FINE - 1,
        "ratio": N_FINE / max(high - low, 1e-12),
    }
    return query.ask(
        run,
        f"""
        WITH of_row AS ({of_row}), losses AS ({_source(column)})
        SELECT epoch, grp::INTEGER AS grp, bin, count(*)::BIGINT AS n FROM (
            SELECT epoch, grp,
                   least(greatest(floor(({value} - $low) * $ratio), 0), $last)::INTEGER AS bin
            FROM losses JOIN of_row USING ("row")
            WHERE isfinite(value) AND grp IS NOT NULL
        ) GROUP BY epoch, grp, bin
        """,
        values | ({} if listed else {"names": list(names)}),
        {"listed": listed} if listed else None,
    )


def _dense(found: pd.DataFrame, names: tuple[str, ...], edges: np.ndarray, log: bool) -> Bins:
    """Counts as an array, cut off where all but the tail of every epoch lies below."""
    epochs, place = np.unique(found["epoch"].to_numpy(np.int64), return_inverse=True)
    counts = np.zeros((len(epochs), len(names), N_FINE), np.int64)
    counts[place, found["grp"], found["bin"]] = found["n"]
    totals = counts.sum(axis=2)
    if not len(epochs):
        return Bins(epochs, names, edges, counts, totals, log)
    pooled = counts.sum(axis=1)
    below = np.cumsum(pooled, axis=1) / np.maximum(1, pooled.sum(axis=1, keepdims=True))
    last = int((below < 1 - TAIL).sum(axis=1).max()) + 1
    first = int((below <= TAIL).sum(axis=1).min()) if log else 0
    counts = counts[:, :, :last]
    if first:  # what lies before a logarithmic axis counts in its first bin
        counts[:, :, first] += counts[:, :, :first].sum(axis=2)
        counts = counts[:, :, first:]
    return Bins(epochs, names, edges[first : last + 1], counts, totals, log)


def _shares(counts: np.ndarray, totals: np.ndarray) -> np.ndarray:
    return np.asarray(counts / np.maximum(1, totals)[:, :, None])
