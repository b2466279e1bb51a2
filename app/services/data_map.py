"""Data map: mean loss against its variability over the epochs, one point per interaction.

Source: Swayamdipta et al., Dataset Cartography, EMNLP 2020, with the out-of-fold loss in place of
the confidence. Easy ones lie low and left, ambiguous ones right, hard to learn ones high.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from app.services import query
from app.services.store import Run
from core.types import VERDICTS

SAMPLE: Final = 20_000
"""Most points that are drawn one by one."""
_FINITE: Final = "isfinite(loss_mean) AND isfinite(loss_variability)"


@dataclass(frozen=True)
class Sample:
    """Points of the map."""

    points: pd.DataFrame
    """Columns ``row, verdict, x`` (variability), ``y`` (mean loss), ``user_id, title, p_noisy``."""
    totals: dict[str, int]
    """By verdict, interactions there are; more than points where they are a sample."""


@dataclass(frozen=True)
class Cells:
    """Interactions by cell of the map; G verdicts."""

    x: np.ndarray
    """Edges, ``(X + 1,)``."""
    y: np.ndarray
    """Edges, ``(Y + 1,)``."""
    counts: np.ndarray
    """int64 ``(G, Y, X)``; what lies beyond the last edges counts in the last cells."""


def sample(run: Run, n: int = SAMPLE, list_path: str = "") -> Sample:
    """Draw points: all where there are few, else the same number of each verdict if there are.

    Args:
        run: Whose interactions.
        n: Most points; the draw is the same at every call.
        list_path: Parquet file with the column ``row``: these alone.
    """
    where = _where(list_path)
    tables = {"listed": Path(list_path)} if list_path else None
    found = query.ask(
        run, f"SELECT verdict, count(*) AS n FROM interactions {where} GROUP BY verdict", {}, tables
    )
    totals = {
        str(name): int(count) for name, count in zip(found["verdict"], found["n"], strict=True)
    }
    rates = {name: quota / max(1, totals[name]) for name, quota in quotas(totals, n).items()}
    shares = [int(1_000_000 * rates.get(name, 0.0)) for name in VERDICTS]
    points = query.ask(
        run,
        f"""
        SELECT "row", verdict, loss_variability AS x, loss_mean AS y, user_id, title, p_noisy
        FROM interactions {where}
        AND hash("row") % 1000000 < $shares[list_position($verdicts, verdict)]
        ORDER BY "row"
        """,
        {"shares": shares, "verdicts": list(VERDICTS)},
        tables,
    )
    return Sample(points, totals)


def quotas(totals: dict[str, int], n: int) -> dict[str, int]:
    """Share ``n`` points out evenly; what a small group leaves goes to the larger ones."""
    given: dict[str, int] = {}
    for place, name in enumerate(sorted(totals, key=lambda name: totals[name])):
        given[name] = min(totals[name], (n - sum(given.values())) // (len(totals) - place))
    return given


def cells(run: Run, n_cells: int = 70, list_path: str = "") -> Cells:
    """Count interactions by verdict and cell; the axes end at the run's 99.9 % quantiles."""
    ends = query.ask(
        run,
        "SELECT quantile_cont(loss_variability, 0.999)::DOUBLE AS x, "
        "quantile_cont(loss_mean, 0.999)::DOUBLE AS y "
        f"FROM interactions WHERE {_FINITE}",
    ).iloc[0]
    x_end, y_end = (float(ends[name]) if ends[name] > 0 else 1.0 for name in ("x", "y"))
    found = query.ask(
        run,
        f"""
        SELECT list_position($verdicts, verdict) - 1 AS grp,
               least(floor(loss_variability / $x_end * $n), $n - 1)::INTEGER AS x,
               least(floor(loss_mean / $y_end * $n), $n - 1)::INTEGER AS y, count(*) AS n
        FROM interactions {_where(list_path)} AND verdict IN (SELECT unnest($verdicts))
        GROUP BY ALL
        """,
        {"verdicts": list(VERDICTS), "x_end": x_end, "y_end": y_end, "n": n_cells},
        {"listed": Path(list_path)} if list_path else None,
    )
    counts = np.zeros((len(VERDICTS), n_cells, n_cells), np.int64)
    places = (found[name].to_numpy(np.int64) for name in ("grp", "y", "x"))
    counts[tuple(places)] = found["n"]
    return Cells(np.linspace(0, x_end, n_cells + 1), np.linspace(0, y_end, n_cells + 1), counts)


def inside(
    run: Run, x: Sequence[float], y: Sequence[float], verdicts: Sequence[str], list_path: str = ""
) -> pd.DataFrame:
    """Find all interactions within a polygon of the map, drawn or not.

    Args:
        run: Whose interactions.
        x: Variability of the corners.
        y: Mean loss of the corners.
        verdicts: Of these verdicts alone.
        list_path: Parquet file with the column ``row``: of these alone.

    Returns:
        Columns ``row, verdict``, by ascending number.
    """
    found = query.ask(
        run,
        f"""
        SELECT "row", verdict, loss_variability::DOUBLE AS x, loss_mean::DOUBLE AS y
        FROM interactions {_where(list_path)}
        AND loss_variability BETWEEN $left AND $right AND loss_mean BETWEEN $low AND $high
        AND verdict IN (SELECT unnest($verdicts))
        ORDER BY "row"
        """,
        {"left": min(x), "right": max(x), "low": min(y), "high": max(y)}
        | {"verdicts": list(verdicts)},
        {"listed": Path(list_path)} if list_path else None,
    )
    within = in_polygon(found["x"].to_numpy(), found["y"].to_numpy(), x, y)
    return found.loc[within, ["row", "verdict"]].reset_index(drop=True)


def verdicts_of(run: Run, rows: Sequence[int]) -> pd.DataFrame:
    """Columns ``row, verdict`` of some interactions, by ascending number."""
    return query.ask(
        run,
        'SELECT "row", verdict FROM interactions WHERE "row" IN (SELECT unnest($rows)) '
        'ORDER BY "row"',
        {"rows": [int(row) for row in rows]},
    )


def in_polygon(
    px: np.ndarray, py: np.ndarray, x: Sequence[float], y: Sequence[float]
) -> np.ndarray:
    """Whether points lie within a polygon: a ray from each crosses its edges an odd number times.

    Args:
        px: ``(N,)``.
        py: ``(N,)``.
        x: Corners, in their order; the last is joined to the first.
        y: Likewise.
    """
    odd = np.zeros(len(px), bool)
    for place in range(len(x)):
        x0, y0, x1, y1 = x[place - 1], y[place - 1], x[place], y[place]
        if y0 != y1:
            crosses = (y0 > py) != (y1 > py)
            odd ^= crosses & (px < x0 + (py - y0) * (x1 - x0) / (y1 - y0))
    return odd


def _where(list_path: str) -> str:
    listed = ' AND "row" IN (SELECT "row" FROM listed)' if list_path else ""
    return f"WHERE {_FINITE}{listed}"
