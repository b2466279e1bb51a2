from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.evaluation.truth import Truth
from core.study.data import Prepared
from core.study.measure import Ruler, detection, flagged_at_rate, most_hard, own_threshold, ranking
from core.types import Embeddings, InteractionScores
from tests.worlds import dataset, pairs


def bools(text: str) -> np.ndarray:
    return np.array([letter == "1" for letter in text])


def scores(score: list[float]) -> InteractionScores:
    n = len(score)
    value, grade = np.array(score, np.float32), np.full(n, -1, np.int8)
    zero = np.zeros(n, np.float32)
    return InteractionScores(
        *(1 - value, zero, zero, value, zero), grade, grade, zero, zero, np.zeros(n, np.int8)
    )


def ruler() -> Ruler:
    """Two users, five items; (0, 2) and (1, 4) are noise, (1, 0) is hard."""
    train = pairs([0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 3, 4], 2, 5)
    data = dataset(train, pairs([0], [3], 2, 5), pairs([0, 1], [4, 1], 2, 5))
    truth = Truth(("", "", "position", "minority", "", "uniform"))
    group = Prepared(data, truth, ("uniform", "position"))
    return Ruler(group, scores([0.9, 0.8, 0.1, 0.2, 0.7, 0.6]), 0)


def test_exactly_as_many_are_flagged_as_there_is_noise_and_ties_count_by_their_share():
    noise = bools("110000")
    assert flagged_at_rate(np.array([6.0, 1, 5, 4, 3, 2]), noise) == 1.0  # flags rows 0 and 2
    # Row 2 is flagged; one place is left for rows 0, 1 and 3, two of which are noise.
    assert flagged_at_rate(np.array([3.0, 3, 9, 3, 1, 1]), noise) == pytest.approx(2 / 3)
    assert flagged_at_rate(np.full(6, np.nan), noise) == pytest.approx(2 * 2 / 6)


def test_detection_by_hand():
    # From the most suspect down: noise (0, 2), hard (1, 0), noise (1, 4), then three genuine.
    found = detection(np.array([0.1, 0.2, 0.9, 0.8, 0.3, 0.5]), ruler())
    assert found["auc_all"] == pytest.approx(7 / 8)  # one of eight pairs is the wrong way round
    assert found["ap_all"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["auc_hard"] == pytest.approx(1 / 2)
    assert found["precision_at_rate"] == found["f1_at_rate"] == pytest.approx(1 / 2)
    assert found["auc_position"] == 1.0
    assert found["auc_uniform"] == pytest.approx(3 / 4)
    assert (found["hard_kept_50"], found["hard_kept_70"]) == (1.0, 0.0)
    assert found["hard_kept_70_minority"] == 0.0
    assert found["hard_kept_70_tail"] is None
    assert "auc_lookalike" not in found


def test_detection_is_blind_where_all_are_equally_suspect():
    found = detection(np.zeros(6), ruler())
    assert found["auc_all"] == found["auc_hard"] == 0.5
    assert found["precision_at_rate"] == pytest.approx(1 / 3)


def test_all_methods_of_a_group_are_matched_by_the_same_draws():
    first, again = ruler().matched, ruler().matched
    assert all((one == other).all() for one, other in zip(first, again, strict=True))


def test_the_fifth_with_most_hard_interactions_has_at_least_one():
    user = np.repeat(np.arange(10), 2)
    noise, hard = np.zeros(20, np.bool_), np.zeros(20, np.bool_)
    hard[[4, 6, 7]] = True  # half of what user 2 has, all of user 3
    assert most_hard(user, noise, hard, None, 10).tolist() == [2, 3]
    assert most_hard(user, noise, hard, np.array([0, 1, 2, 4, 5]), 10).tolist() == [2]
    assert most_hard(user, noise, np.zeros(20, np.bool_), None, 10).tolist() == []
    noise[5] = True  # then the hard one is all that is genuine of user 2
    assert most_hard(user, noise, hard, np.array([2, 3]), 10).tolist() == [2]


def test_ranking_masks_noise_and_looks_at_hard_users_and_items_apart():
    # User 1 is the hard one: item 0 is hard. Scores of user 1 are highest for item 4, masked noise.
    user = np.eye(2, dtype=np.float32)
    item = np.array([[1, 0], [0, 1], [0, 0], [2, 0], [3, 9]], np.float32)
    found = ranking(Embeddings(user, item), ruler())
    assert found["recall5"] == 1.0
    assert found["ndcg20"] == 1.0  # item 1 is first of what is left to user 1, item 4 to user 0
    assert found["recall20_hard_users"] == 1.0
    assert np.isnan(found["recall20_hard_items"])  # nobody has item 0 in test
    assert found["valid_recall20"] == 1.0


def test_verdicts_are_counted_beside_what_has_a_high_loss():
    measured = ruler()  # the highest loss has the noisy pair (0, 2), the next the noisy (1, 4)
    own = replace(measured.scores, verdict=np.array([0, 0, 2, 1, 1, 0], np.int8))
    found = own_threshold(own, 0.3, measured)
    assert found["noise_recall"] == 0.5
    assert found["noise_in_top_loss"] == 1.0
    assert found["noise_in_top_loss_kept"] is None  # all of it is called noisy
    assert found["called_hard"] == pytest.approx(2 / 6)
    assert found["noise_in_called_hard"] == 0.0
    assert found["hard_in_called_hard"] == 0.5
