import numpy as np

from core.judge.calibration import grades, percentile, standard_scores
from core.types import HIGH, LOW, MID


def test_percentile_counts_valid_references_below_and_half_of_the_ties():
    reference = np.arange(10, dtype=np.float32)[None].repeat(2, axis=0)
    valid = np.ones((2, 10), dtype=bool)
    valid[1, :2] = False
    assert percentile(np.array([7.0, 1.5]), reference, valid).tolist() == [
        np.float32(0.75),  # 0..6 below, 7 ties: 7.5 of 10
        0.0,  # 0 and 1 do not count
    ]


def test_with_too_few_references_nothing_is_claimed():
    reference = np.zeros((1, 9), dtype=np.float32)
    valid = np.zeros((1, 9), dtype=bool)
    valid[0, :7] = True
    assert percentile(np.array([5.0]), reference, valid).tolist() == [0.5]
    valid[0, 7] = True
    assert percentile(np.array([5.0]), reference, valid).tolist() == [1.0]


def test_standard_scores_use_the_valid_references_alone():
    reference = np.array([[1.0, 3.0, 100.0]], dtype=np.float32)
    target, others = standard_scores(
        np.array([4.0], dtype=np.float32), reference, np.array([[True, True, False]])
    )
    assert target.tolist() == [2.0]  # mean 2, deviation 1
    assert others[0, :2].tolist() == [-1.0, 1.0]


def test_a_measurement_without_spread_tells_nothing():
    reference = np.full((1, 4), 0.3, dtype=np.float32)
    target, others = standard_scores(
        np.array([0.9], dtype=np.float32), reference, np.ones((1, 4), dtype=bool)
    )
    assert target.tolist() == [0.0]
    assert not others.any()


def test_grades_change_at_the_written_percentiles():
    support = np.array([0.0, 0.59, 0.60, 0.89, 0.90, 1.0], dtype=np.float32)
    assert grades(support).tolist() == [LOW, LOW, MID, MID, HIGH, HIGH]


def test_a_small_spread_counts_and_one_of_rounding_does_not():
    valid = np.ones((2, 2), dtype=bool)
    reference = np.array([[0.0, 2e-5], [0.0, 2e-7]], dtype=np.float32)  # deviations 1e-5, 1e-7
    target, others = standard_scores(reference[:, 1], reference, valid)
    np.testing.assert_allclose(target, [1.0, 0.0], rtol=1e-4)
    np.testing.assert_allclose(others, [[-1.0, 1.0], [0.0, 0.0]], rtol=1e-4)
