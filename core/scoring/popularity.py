"""What the popularity of an item says about its interactions, without a single label [D].

The classifier on behaviour compares interactions with stand-ins of equal popularity, so that it
takes neither unpopular nor popular items for noise as the stand-ins happen to have it. What is
left out with this is real, though: misclicks fall on items that few people want, which makes a
larger share of *their* interactions noise; clicks for position do not. Which of them it is shows
in the data: the noise rate is estimated within bins of popularity, and a straight line through the
logits of these rates is what popularity says. A line, since the rate of a single bin is off by
more the less the signals tell there.

Shape letters: E train interactions, P pairs (E and the stand-ins), B bins.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logit

from core.config import MOST_NOISE
from core.scoring.noise_rate import noise_rate
from core.types import BoolArray, FloatArray

BINS = 8
"""Quantile bins of popularity."""
LEAST = 50
"""Interactions, and stand-ins, below which nothing is estimated in a bin."""
LEAST_BINS = 3
"""Bins below which there is no line."""
LEAST_RATE = 0.02
"""Rates are not taken for lower: the logit of 0 lies at infinity."""


def popularity_logit(
    p_stand_in: np.ndarray, log_popularity: FloatArray, observed: BoolArray
) -> np.ndarray:
    """Logit of noise by popularity alone, mean 0 over the interactions, ``(P,)``.

    Args:
        p_stand_in: Cross-fitted probability of being a stand-in by behaviour at equal popularity,
            ``(P,)``.
        log_popularity: Of the item of each pair, ``(P,)``.
        observed: Which pairs are train interactions, ``(P,)``.

    Returns:
        All 0 where too few bins can be estimated.
    """
    edges = np.quantile(log_popularity[observed], np.linspace(0, 1, BINS + 1)[1:-1])
    place = np.digitize(log_popularity, edges)  # (P,), 0..B-1
    n_observed = np.bincount(place[observed], minlength=BINS)
    n_stand_ins = np.bincount(place[~observed], minlength=BINS)
    known = np.flatnonzero((n_observed >= LEAST) & (n_stand_ins >= LEAST))
    if len(known) < LEAST_BINS:
        return np.zeros(len(place))
    rates = np.array([noise_rate(p_stand_in[place == k], observed[place == k]) for k in known])
    height = logit(np.clip(rates, LEAST_RATE, MOST_NOISE))
    slope, start = np.polyfit(known, height, 1, w=np.sqrt(n_observed[known]))
    line = start + slope * place
    return np.asarray(line - line[observed].mean(), np.float64)
