"""Four train interactions, four labels, two of them held out."""

import json
from dataclasses import replace

import numpy as np
import pytest

from core.graph.refine import ADDED, KEPT
from core.label_quality import label_quality
from core.labels import LabelsFound
from core.types import LABELS, Labels
from tests.worlds import pairs

TRAIN = pairs([0, 0, 1, 1], [0, 1, 1, 2], 2, 4)
REPORT = {"calibrated": True, "why_not": "", "coefficients": {"shift": 0.5}, "cross_validated": {}}


def codes(*names):
    return np.int8([LABELS.index(name) for name in names])


FOUND = LabelsFound(
    Labels(
        np.array([0, 0, 0, 1, 1, 1]),
        np.array([0, 1, 3, 0, 1, 2]),
        codes("noisy", "clean", "like", "not", "hard", "noisy"),
        np.array([False, True, True, True, True, True]),
    ),
    n_unknown=2,
    n_misplaced=1,
    n_reserved=4,
)
UNKNOWN = np.zeros(4, np.float32)
SCORED = {
    **dict.fromkeys(("loss", "loss_mean", "loss_variability", "score", "semantic"), UNKNOWN),
    "user_grade": np.int8([-1] * 4),
    "item_grade": np.int8([-1] * 4),
    "p_noisy": np.float32([1.0, 0.2, 0.4, 0.8]),
    "p_noisy_model": np.float32([0.5, 0.2, 0.6, 0.4]),
    "verdict": np.int8([2, 0, 2, 0]),
    "label": codes("noisy", "clean", "hard", "noisy"),
    "held_out": np.array([False, True, True, True]),
    "decided_by": np.int8([2, 0, 0, 0]),
    "calibration": np.array(json.dumps(REPORT)),
    "noise_rate": np.array(0.25),
    "noise_rate_model": np.array(0.5),
}
TRAINED = {
    "edge_user": np.array([0, 0, 1, 1, 0, 0]),
    "edge_item": np.array([0, 1, 1, 2, 3, 2]),
    "edge_origin": np.int8([KEPT] * 4 + [ADDED] * 2),
}


def test_held_out_labels_measure_as_worked_by_hand():
    found = label_quality(FOUND, SCORED, TRAINED, TRAIN)
    held = found["held_out"]
    assert (held["n_noisy"], held["n_genuine"]) == (1, 2)
    assert held["auc_model"] == 0.5  # 0.4 above 0.2, below 0.6
    assert held["auc_calibrated"] == 1.0  # 0.8 above both
    assert held["log_loss_calibrated"] == pytest.approx(-np.log(0.8 * 0.6 * 0.8) / 3, rel=1e-6)
    assert held["log_loss_model"] == pytest.approx(-np.log(0.8 * 0.4 * 0.4) / 3, rel=1e-6)
    assert held["agree_noisy_or_not"] == pytest.approx(1 / 3)  # clean agrees, hard and noisy do not
    assert held["verdicts"]["hard"] == {"clean": 0, "hard": 0, "noisy": 1}
    assert (held["n_like"], held["n_like_added"]) == (1, 1)
    assert (held["n_not"], held["n_not_added"]) == (1, 0)


def test_an_edge_that_was_added_against_a_held_out_label_is_counted():
    """User 1 is said not to want item 0, which the judge adds beside item 3 of user 0."""
    trained = {**TRAINED, "edge_user": np.array([0, 0, 1, 1, 0, 1])}
    trained["edge_item"] = np.array([0, 1, 1, 2, 3, 0])
    held = label_quality(FOUND, SCORED, trained, TRAIN)["held_out"]
    assert (held["n_not"], held["n_not_added"], held["n_like_added"]) == (1, 1, 1)


def test_all_labels_are_accounted_for():
    found = label_quality(FOUND, SCORED, TRAINED, TRAIN)
    assert found["n"] == 6 + 7
    assert (found["n_used"], found["n_held_out"], found["n_overruled"]) == (1, 5, 1)
    assert (found["n_unknown"], found["n_misplaced"], found["n_reserved"]) == (2, 1, 4)
    assert found["used_by_label"] == {"clean": 0, "hard": 0, "noisy": 1, "like": 0, "not": 0}
    assert (found["noise_rate_before"], found["noise_rate_after"]) == (0.5, 0.25)
    assert found["coefficients"] == {"shift": 0.5}
    json.dumps(found, allow_nan=False)


def test_what_nothing_was_held_out_for_is_not_known():
    nobody = {**SCORED, "held_out": np.zeros(4, np.bool_)}
    held = label_quality(FOUND, nobody, TRAINED, TRAIN)["held_out"]
    for name in ("auc_model", "auc_calibrated", "log_loss_model", "agree_noisy_or_not"):
        assert held[name] is None


def test_without_a_correction_there_is_no_second_number():
    raw = {**SCORED, "calibration": np.array(json.dumps(REPORT | {"calibrated": False}))}
    held = label_quality(FOUND, raw, TRAINED, TRAIN)["held_out"]
    assert held["auc_model"] == 0.5
    assert held["auc_calibrated"] is None


def test_pairs_met_in_the_random_order_are_measured_apart():
    """Held out are 0-1 (clean), 0-3, 1-0, 1-1 (hard), 1-2 (noisy); three of them are sampled."""
    sampled = np.array([True, True, False, True, False, True])  # the first one is not held out
    drawn = replace(FOUND, labels=replace(FOUND.labels, sampled=sampled), knows_sampled=True)
    found = label_quality(drawn, SCORED, TRAINED, TRAIN)
    assert found["held_out"]["n_sampled"] == 3
    assert {k: v for k, v in found["held_out"].items() if k != "n_sampled"} == {
        k: v
        for k, v in label_quality(FOUND, SCORED, TRAINED, TRAIN)["held_out"].items()
        if k != "n_sampled"
    }
    random = found["held_out_random"]
    assert (random["n_noisy"], random["n_genuine"]) == (1, 1)
    assert random["auc_model"] == 1.0  # 0.4 above 0.2; the 0.6 was not drawn
    assert random["agree_noisy_or_not"] == 0.5  # clean agrees, noisy is called clean
    assert random["log_loss_model"] == pytest.approx(-np.log(0.8 * 0.4) / 2, rel=1e-6)
    assert (random["n_like"], random["n_not"], random["n_not_added"]) == (0, 1, 0)


def test_where_nobody_wrote_down_the_order_the_sample_is_not_known():
    found = label_quality(FOUND, SCORED, TRAINED, TRAIN)
    assert found["held_out"]["n_sampled"] is None
    assert found["held_out_random"]["agree_noisy_or_not"] is None


def test_labels_given_to_many_at_once_are_in_use_and_counted_apart():
    labels = replace(FOUND.labels, looked_at=np.array([False] + [True] * 5))
    found = label_quality(replace(FOUND, labels=labels), SCORED, TRAINED, TRAIN)
    assert (found["n_overrule_only"], found["n_used"], found["n_held_out"]) == (1, 1, 5)
