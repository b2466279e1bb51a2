"""How much noise there is, without a single label.

The best bin of Garg et al., NeurIPS 2021 (arXiv:2111.00980): the share of stand-ins that fits into
the interactions where the bound on it is tightest. Genuine interactions that no signal tells from
stand-ins are counted in, so it is too high rather than too low where noise looks like stand-ins,
and off either way where it does not.

Shape letters: P pairs (train interactions and stand-ins).
"""

from __future__ import annotations

import numpy as np

from core.config import MOST_NOISE
from core.types import BoolArray

CONFIDENCE = 0.05
"""Error probability of the bound."""


def noise_rate(p_stand_in: np.ndarray, observed: BoolArray) -> float:
    """Estimate the share of noise among the train interactions, 0..1.

    Args:
        p_stand_in: Cross-fitted probability of being a stand-in, ``(P,)``.
        observed: Which pairs are train interactions, ``(P,)``; there are both.

    Returns:
        At most :data:`core.config.MOST_NOISE`.
    """
    of_train, of_stand_ins = p_stand_in[observed], p_stand_in[~observed]
    bound, rate = np.inf, 1.0
    for threshold in np.quantile(of_stand_ins, np.linspace(0.5, 0.98, 49)):
        share, full = (of_train >= threshold).mean(), (of_stand_ins >= threshold).mean()
        slack = np.sqrt(np.log(1 / CONFIDENCE) / 2 / np.array([len(of_train), len(of_stand_ins)]))
        upper = (share + slack[0] + share / full * slack[1]) / full
        if upper < bound:
            bound, rate = upper, share / full
    return float(min(rate, MOST_NOISE))
