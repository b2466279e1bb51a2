import numpy as np
import pytest
from scipy.special import expit

from core.scoring.popularity import BINS, LEAST, popularity_logit

N_EACH = 400
"""Interactions, and stand-ins, of each bin."""


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def world(rates, rng):
    """Pairs of items of ``BINS`` popularities; noise looks like stand-ins, genuine ones do not."""
    popularity, evidence, observed = [], [], []
    for place, rate in enumerate(rates):
        n_noise = round(rate * N_EACH)
        looks = np.concatenate([np.full(n_noise, 3.0), np.full(N_EACH - n_noise, -3.0)])
        evidence += [looks, np.full(N_EACH, 3.0)]
        observed += [np.ones(N_EACH, bool), np.zeros(N_EACH, bool)]
        popularity.append(np.full(2 * N_EACH, place, np.float32))
    order = rng.permutation(2 * N_EACH * len(rates))
    logits = np.concatenate(evidence) + rng.normal(0, 0.01, len(order))
    return tuple(
        x[order] for x in (expit(logits), np.concatenate(popularity), np.concatenate(observed))
    )


def test_the_line_runs_through_the_logits_of_the_rates(rng):
    logits = np.linspace(-1.0, -3.0, BINS)
    p, popularity, observed = world(expit(logits), rng)
    found = popularity_logit(p, popularity, observed)
    height = [found[popularity == place].mean() for place in range(BINS)]
    # The estimate allows for chance, so it is a little too high, and more so where noise is rare.
    assert np.diff(height) == pytest.approx(np.full(BINS - 1, -2.0 / (BINS - 1)), abs=0.06)


def test_noise_on_popular_items_speaks_against_popular_items(rng):
    p, popularity, observed = world(np.linspace(0.1, 0.4, BINS), rng)
    found = popularity_logit(p, popularity, observed)
    assert found[popularity == 0].max() < -0.4
    assert found[popularity == BINS - 1].min() > 0.4


def test_equal_rates_say_nothing(rng):
    p, popularity, observed = world(np.full(BINS, 0.2), rng)
    found = popularity_logit(p, popularity, observed)
    assert np.abs(found).max() < 0.05


def test_the_mean_over_interactions_is_zero_and_stand_ins_share_the_line(rng):
    p, popularity, observed = world(np.linspace(0.1, 0.4, BINS), rng)
    found = popularity_logit(p, popularity, observed)
    assert found[observed].mean() == pytest.approx(0.0, abs=1e-9)
    for place in range(BINS):
        assert np.ptp(found[popularity == place]) == 0.0


def test_too_few_pairs_say_nothing(rng):
    n = BINS * (LEAST - 1)
    popularity = np.tile(np.arange(BINS, dtype=np.float32), 2 * (LEAST - 1))
    observed = np.arange(2 * n) < n
    assert not popularity_logit(rng.random(2 * n), popularity, observed).any()


def test_items_of_one_popularity_say_nothing(rng):
    observed = np.arange(1000) < 500
    found = popularity_logit(rng.random(1000), np.ones(1000, np.float32), observed)
    assert not found.any()
