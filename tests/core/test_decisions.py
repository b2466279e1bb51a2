"""Which labels decide, teach and measure: 400 interactions, 200 labels of known sorts."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from core.config import RunConfig
from core.decisions import decide_all
from core.packing import scores_of
from core.scoring.posterior import shift_to
from core.types import LABELS, Labels
from tests.worlds import pairs

N, N_LABELS = 400, 200
TRAIN = pairs(np.arange(N) // 20, np.arange(N) % 20, 20, 20)
CLEAN, NOISY = LABELS.index("clean"), LABELS.index("noisy")


@pytest.fixture(scope="module")
def signals():
    """The parts of p_noisy are weak: the labels, which follow language, can teach much."""
    rng = np.random.default_rng(0)
    language, nothing = rng.normal(size=N), np.zeros(N, np.float32)
    return {
        **dict.fromkeys(("loss", "loss_mean", "loss_variability", "semantic"), nothing),
        **dict.fromkeys(("score", "log_popularity", "semantic_among_users"), nothing),
        **dict.fromkeys(("from_behaviour", "from_grades"), nothing),
        **dict.fromkeys(("user_grade", "item_grade"), np.full(N, -1, np.int8)),
        "from_language": language.astype(np.float32),
        "p_noisy": expit(language + shift_to(language, 0.3)).astype(np.float32),
        "noise_rate": np.array(0.3),
    }


@pytest.fixture
def labels(signals):
    """Every second interaction; noisy where language says so, with some chance. A quarter each is
    held out, or was given to many at once."""
    rows = np.arange(0, N, 2)
    chance = expit(4 * signals["from_language"][rows] - 2)
    said = np.where(np.random.default_rng(1).random(N_LABELS) < chance, NOISY, CLEAN)
    place = np.arange(N_LABELS) % 4
    return Labels(
        TRAIN.user[rows],
        TRAIN.item[rows],
        said.astype(np.int8),
        held_out=place == 0,
        looked_at=place != 1,
        sampled=place == 0,
    )


def decided(signals, labels, **changes):
    config = RunConfig.model_validate({"labels": changes})
    low = np.zeros(N, np.bool_)
    return decide_all(signals, low, TRAIN, labels, config, np.random.default_rng(7))


def flipped(labels, rows):
    """The same with the opposite said at some labels."""
    opposite = np.where(labels.label == NOISY, CLEAN, NOISY)
    return replace(labels, label=np.where(rows, opposite, labels.label).astype(np.int8))


def assert_equal(left, right, but=()):
    assert left.keys() == right.keys()
    for name in left.keys() - set(but):
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)


def report(found):
    return json.loads(found["calibration"])


def test_labels_held_out_change_nothing_where_p_noisy_is_corrected(signals, labels):
    found = decided(signals, labels)
    assert report(found)["calibrated"]
    assert (found["p_noisy"] != signals["p_noisy"]).any()
    assert found["held_out"].sum() == N_LABELS // 4
    other = decided(signals, flipped(labels, labels.held_out))
    assert (other["label"] != found["label"]).sum() == N_LABELS // 4
    assert_equal(found, other, but=["label"])
    gone = decided(signals, labels.select(~labels.held_out))
    assert_equal(found, gone, but=["label", "held_out"])


def test_labels_given_to_many_at_once_decide_their_own_pairs_and_teach_nothing(signals, labels):
    found = decided(signals, labels)
    other = decided(signals, flipped(labels, ~labels.looked_at))
    assert report(found) == report(other)
    rows = np.flatnonzero(np.isin(TRAIN.key(), (labels.user * 20 + labels.item)[1::4]))
    assert (found["verdict"][rows] == labels.label[1::4]).all()
    assert (found["verdict"][rows] != other["verdict"][rows]).all()
    rest = np.setdiff1d(np.arange(N), rows)
    np.testing.assert_array_equal(found["p_noisy"][rest], other["p_noisy"][rest])
    assert not found["taught"][rows].any()


def test_labels_of_one_choice_alone_correct_nothing(signals, labels):
    bulk = replace(labels, looked_at=np.zeros(N_LABELS, np.bool_), held_out=labels.held_out & False)
    found = decided(signals, bulk)
    assert "0 noisy and 0 genuine labels in use" in report(found)["why_not"]
    assert (found["decided_by"] == 2).sum() == N_LABELS
    assert not found["held_out"].any()


def test_without_overruling_the_fit_is_still_not_measured_by_its_own_labels(signals, labels):
    found = decided(signals, labels, override=False)
    taught = ~labels.held_out & labels.looked_at
    assert report(found)["calibrated"]
    scores = scores_of(found)
    assert not scores.by_person.any()
    key = (labels.user * 20 + labels.item)[taught]
    np.testing.assert_array_equal(scores.taught, np.isin(TRAIN.key(), key))


def test_labels_that_nothing_was_fitted_to_taught_nothing(signals, labels):
    found = decided(signals, labels, override=False, calibrate=False)
    assert not found["taught"].any()
    np.testing.assert_array_equal(found["p_noisy"], signals["p_noisy"])


def test_without_labels_p_noisy_stays_bit_for_bit(signals):
    found = decided(signals, None)
    np.testing.assert_array_equal(found["p_noisy"], signals["p_noisy"])
    assert not found["taught"].any()
    assert not found["held_out"].any()
