"""Shares with the interval that their number of observations allows."""

from __future__ import annotations

from math import sqrt
from typing import Any, Final

from core.types import BoolArray

NORMAL_95: Final = 1.959963984540054
"""Half-width of a 95 % interval in standard deviations."""


def proportion(n_yes: int, n: int) -> dict[str, Any]:
    """Share of ``n`` with its 95 % Wilson interval.

    The interval takes the n for independent; what shares a user or a call is a little less so.

    Returns:
        ``n``, ``n_yes``, ``share``, ``low``, ``high`` (0..1), plain values for JSON; the last three
        are None where n is 0.

    Raises:
        ValueError: If ``n_yes`` is not between 0 and ``n``.
    """
    if not 0 <= n_yes <= n:
        raise ValueError(f"{n_yes} of {n} is no share")
    if n == 0:
        return {"n": 0, "n_yes": 0, "share": None, "low": None, "high": None}
    share, z2 = n_yes / n, NORMAL_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = NORMAL_95 / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    # Exact at the ends, where rounding would leave 1e-17.
    low = 0.0 if n_yes == 0 else middle - half
    high = 1.0 if n_yes == n else middle + half
    return {"n": n, "n_yes": n_yes, "share": share, "low": low, "high": high}


def share_of(what: BoolArray, among: BoolArray | None = None) -> dict[str, Any]:
    """Share of the rows ``among`` (all if omitted) for which ``what`` holds; see proportion."""
    rows = what if among is None else what[among]
    return proportion(int(rows.sum()), len(rows))
