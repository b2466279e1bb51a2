import numpy as np
import pytest

from core.config import ScoringConfig
from core.scoring.verdict import CLEAN, HARD, NOISY, assign_verdicts, noise_threshold
from core.types import HIGH, LOW, MID, VERDICTS

POSTERIOR, GRADES = ScoringConfig(rule="posterior"), ScoringConfig(rule="grades")
#                       0     1     2     3     4     5     6
P_NOISY = np.float32([0.1, 0.9, 0.2, 0.8, 0.3, 0.5, 0.7])
LOW_SCORED = np.array([True, True, True, False, False, True, True])
USER_GRADE = np.int8([HIGH, HIGH, HIGH, LOW, HIGH, -1, MID])
ITEM_GRADE = np.int8([HIGH, HIGH, MID, LOW, HIGH, -1, HIGH])


def named(config, threshold=0.7):
    threshold = float(np.float32(threshold))
    found = assign_verdicts(P_NOISY, USER_GRADE, ITEM_GRADE, LOW_SCORED, threshold, config)
    assert found.dtype == np.int8
    return [VERDICTS[k] for k in found]


def test_codes_are_places_in_the_list_of_names():
    assert [VERDICTS[k] for k in (CLEAN, HARD, NOISY)] == ["clean", "hard", "noisy"]


def test_by_posterior_the_highest_p_is_noisy_and_low_scored_high_high_is_hard():
    assert named(POSTERIOR) == [
        "hard",  # low-scored, High and High
        "noisy",  # the same, but p_noisy decides
        "clean",  # not High from both views
        "noisy",
        "clean",  # High and High, but it fits: nothing hard about it
        "clean",  # not judged
        "noisy",  # exactly at the threshold
    ]


def test_by_grades_low_scored_judged_and_not_high_high_is_noisy():
    assert named(GRADES) == ["hard", "hard", "noisy", "clean", "clean", "clean", "noisy"]


def test_a_threshold_of_one_flags_nobody_below():
    assert "noisy" not in named(POSTERIOR, 1.0)


@pytest.mark.parametrize(("factor", "expected"), [(1.0, 200), (1.5, 300), (0.5, 100), (9.0, 1000)])
def test_flagged_are_flag_factor_times_the_expected_number(factor, expected):
    rng = np.random.default_rng(0)
    p = rng.permutation(np.linspace(0.01, 0.99, 1000)).astype(np.float32)
    threshold = noise_threshold(p, 0.2, ScoringConfig(flag_factor=factor))
    assert (p >= threshold).sum() == expected
    assert threshold in p


def test_an_estimate_of_no_noise_flags_nobody():
    p = np.float32([0.1, 0.2, 0.3])
    assert noise_threshold(p, 0.0, POSTERIOR) == 1.0
    assert not (p >= noise_threshold(p, 0.01, POSTERIOR)).any()


def test_the_threshold_is_that_of_the_last_one_flagged():
    p = np.float32([0.4, 0.1, 0.9, 0.8, 0.2])
    assert noise_threshold(p, 0.4, ScoringConfig(flag_factor=1.0)) == pytest.approx(0.8)


def test_at_least_mid_makes_more_hard_and_fewer_noisy_by_grades():
    grades = USER_GRADE, ITEM_GRADE
    found = assign_verdicts(P_NOISY, *grades, LOW_SCORED, 0.7, GRADES, "mid")
    named_so = [VERDICTS[k] for k in found]
    assert named_so == ["hard", "hard", "hard", "clean", "clean", "clean", "hard"]
