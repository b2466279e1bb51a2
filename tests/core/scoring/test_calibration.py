"""Calibration on simulated logits whose truth is known."""

import numpy as np
import pytest
from scipy.special import expit

from core.config import MOST_NOISE, LabelsConfig, ScoringConfig
from core.scoring.calibration import calibrate
from core.scoring.posterior import shift_to
from core.types import LABELS

CLEAN, NOISY = LABELS.index("clean"), LABELS.index("noisy")
CONFIG = LabelsConfig()


def world(n=6000, rate=0.3, seed=0):
    """Signals as the scoring leaves them, p_noisy included."""
    rng = np.random.default_rng(seed)
    parts = rng.normal(scale=(1.5, 0.8), size=(n, 2))
    parts -= parts.mean(axis=0)
    total = parts.sum(axis=1)
    return {
        "from_language": parts[:, 0].astype(np.float32),
        "from_behaviour": parts[:, 1].astype(np.float32),
        "from_grades": np.zeros(n, np.float32),
        "p_noisy": expit(total + shift_to(total, rate)).astype(np.float32),
        "noise_rate": np.array(rate),
        "score": rng.random(n).astype(np.float32),
        "log_popularity": rng.normal(size=n).astype(np.float32),
        "semantic_among_users": rng.random(n).astype(np.float32),
    }


def labels(p_true, rows, seed=1):
    """Labels drawn from the true probability at some rows, none elsewhere."""
    drawn = np.random.default_rng(seed).random(len(p_true)) < p_true
    found = np.full(len(p_true), -1, np.int8)
    found[rows] = np.where(drawn, NOISY, CLEAN)[rows]
    return found


def fitted(signals, label, config=CONFIG, seed=5):
    return calibrate(signals, label, config, np.random.default_rng(seed))


def truth(signals, language, behaviour, rate):
    total = language * signals["from_language"] + behaviour * signals["from_behaviour"]
    return expit(total + shift_to(total, rate))


def test_many_labels_recover_the_slopes_and_the_noise_rate():
    signals = world()
    p_true = truth(signals, 1.8, 0.4, 0.12)
    found = fitted(signals, labels(p_true, np.arange(3000)))
    assert found.report["calibrated"]
    weights = found.report["coefficients"]
    assert weights["from_language"] == pytest.approx(1.8, abs=0.2)
    assert weights["from_behaviour"] == pytest.approx(0.4, abs=0.2)
    assert "from_grades" not in weights  # it says nothing here
    assert found.changed["noise_rate"] == pytest.approx(p_true.mean(), abs=0.015)
    assert found.changed["p_noisy"].mean() == pytest.approx(found.changed["noise_rate"], abs=1e-6)
    assert np.abs(found.changed["p_noisy"] - p_true).mean() < 0.02
    moved = weights["from_language"] * signals["from_language"]
    np.testing.assert_allclose(found.changed["from_language"], moved, rtol=1e-4, atol=1e-5)


def test_labels_chosen_by_the_signals_give_the_same_answer():
    """What looks noisiest is labelled first; P(noisy | signals) does not care."""
    signals = world()
    p_true = truth(signals, 1.8, 0.4, 0.12)
    rows = np.argsort(-signals["p_noisy"])[:2500]
    found = fitted(signals, labels(p_true, rows))
    assert found.report["coefficients"]["from_language"] == pytest.approx(1.8, abs=0.3)
    assert found.changed["noise_rate"] == pytest.approx(p_true.mean(), abs=0.03)
    # The share of noisy labels would be far off.
    assert p_true[rows].mean() > 2 * p_true.mean()


def test_cross_validation_shows_the_gain_and_uses_labels_alone():
    signals = world()
    p_true = truth(signals, 2.0, 0.0, 0.1)
    label = labels(p_true, np.arange(0, 6000, 10))
    measured = fitted(signals, label).report["cross_validated"]
    assert measured["n"] == 600
    assert measured["log_loss_after"] < measured["log_loss_before"]
    assert measured["auc_after"] > measured["auc_before"]
    rows = label >= 0
    p, noisy = signals["p_noisy"][rows].astype(np.float64), label[rows] == NOISY
    by_hand = -np.log(np.where(noisy, p, 1 - p)).mean()
    assert measured["log_loss_before"] == pytest.approx(by_hand, rel=1e-6)


def test_few_labels_move_it_a_little():
    signals = world()
    p_true = truth(signals, 3.0, 0.0, 0.3)
    near = labels(p_true, np.arange(60))
    config = LabelsConfig(least=5)
    found = fitted(signals, near, config)
    assert found.report["calibrated"]
    assert 1.0 < found.report["coefficients"]["from_language"] < 2.2


@pytest.mark.parametrize(("n_noisy", "n_genuine"), [(14, 200), (200, 14), (0, 0), (500, 0)])
def test_too_few_of_either_kind_change_nothing_and_say_so(n_noisy, n_genuine):
    label = np.full(6000, -1, np.int8)
    label[:n_noisy] = NOISY
    label[n_noisy : n_noisy + n_genuine] = LABELS.index("hard")
    found = fitted(world(), label)
    assert (dict(found.changed), found.report["calibrated"]) == ({}, False)
    assert found.report["why_not"].startswith(f"{n_noisy} noisy and {n_genuine} genuine")
    assert found.report["cross_validated"] is None


def test_labels_that_p_noisy_already_predicts_are_of_no_use():
    """Drawn from p_noisy itself: on average, and in most draws, nothing can be gained."""
    signals = world()
    used = [
        fitted(signals, labels(signals["p_noisy"], np.arange(400), seed)).report["calibrated"]
        for seed in range(12)
    ]
    assert sum(used) <= 4
    refused = fitted(signals, labels(signals["p_noisy"], np.arange(400), used.index(False)))
    assert "as well without" in refused.report["why_not"]
    assert refused.report["cross_validated"]["n"] == 400


def test_labels_by_coin_toss_do_not_wipe_out_the_signals():
    signals = world()
    found = [fitted(signals, labels(np.full(6000, 0.5), np.arange(200), k)) for k in range(8)]
    reasons = {part.report["why_not"] for part in found if not part.changed}
    assert "no signal tells the labels apart; look at them again" in reasons
    assert sum(bool(part.changed) for part in found) <= 2


def test_a_sign_never_turns():
    signals = world()
    p_true = truth(signals, 2.0, -1.0, 0.2)
    weights = fitted(signals, labels(p_true, np.arange(2000))).report["coefficients"]
    assert weights["from_behaviour"] == 0.0


def test_another_signal_joins_where_labels_ask_for_it_and_counts_to_its_part():
    signals = world()
    total = signals["from_language"] - 1.5 * signals["log_popularity"]
    p_true = expit(total + shift_to(total, 0.3))
    found = fitted(signals, labels(p_true, np.arange(2000)))
    weights = found.report["coefficients"]
    assert weights["log_popularity"] == pytest.approx(-1.5, abs=0.25)
    assert abs(weights["score"]) < 0.2
    popular = signals["log_popularity"] > 1
    assert found.changed["from_behaviour"][popular].mean() < -1


def test_signals_that_are_not_known_stay_out():
    signals = world()
    signals["semantic_among_users"] = np.full(6000, np.nan, np.float32)
    total = signals["from_language"] - 1.5 * signals["log_popularity"]
    p_true = expit(total + shift_to(total, 0.3))
    found = fitted(signals, labels(p_true, np.arange(2000)))
    assert "semantic_among_users" not in found.report["coefficients"]
    assert np.isfinite(found.changed["p_noisy"]).all()


def test_the_rate_is_never_above_the_highest():
    signals = world()
    p_true = truth(signals, 1.0, 1.0, 0.8)
    found = fitted(signals, labels(p_true, np.arange(1500)))
    assert found.changed["noise_rate"] == MOST_NOISE
    assert found.changed["p_noisy"].mean() == pytest.approx(MOST_NOISE, abs=1e-6)


def test_the_same_generator_gives_the_same_answer():
    signals = world()
    label = labels(truth(signals, 1.8, 0.4, 0.12), np.arange(300))
    one, two = fitted(signals, label), fitted(signals, label)
    np.testing.assert_array_equal(one.changed["p_noisy"], two.changed["p_noisy"])
    assert one.report == two.report


def test_it_can_be_switched_off():
    signals = world()
    label = labels(truth(signals, 1.8, 0.4, 0.12), np.arange(300))
    found = fitted(signals, label, LabelsConfig(calibrate=False))
    assert (dict(found.changed), found.report["calibrated"]) == ({}, False)
    assert "switched off" in found.report["why_not"]


def test_labels_do_not_bring_back_a_part_that_is_left_out():
    signals = world() | {"from_language": np.zeros(6000, np.float32)}
    p_true = expit(6 * signals["semantic_among_users"] - 4)  # all that people go by
    label = labels(p_true, np.arange(3000))
    rng = np.random.default_rng(5)
    off = ScoringConfig(use_language=False)
    assert "semantic_among_users" in fitted(signals, label).report["coefficients"]
    weights = calibrate(signals, label, CONFIG, rng, off).report["coefficients"] or {}
    assert "semantic_among_users" not in weights
