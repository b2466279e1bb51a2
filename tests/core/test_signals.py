import numpy as np

from core.scoring.stand_ins import Pairs
from core.signals import judged_signals, log_popularity
from core.types import Interactions


def test_what_the_judge_said_finds_its_pair_and_the_rest_stays_unknown():
    user, item = np.array([1, 0, 2, 0]), np.array([0, 2, 1, 1])
    pairs = Pairs(user, item, np.zeros(4, np.int64), item, 2)
    judged = {
        # A stand-in, an unobserved pair that is no stand-in, a train interaction.
        "user": np.array([0, 2, 1]),
        "item": np.array([1, 2, 0]),
        "observed": np.array([False, False, True]),
        "control": np.array([True, False, False]),
        "user_grade": np.int8([0, 1, 2]),
        "item_grade": np.int8([1, 1, 0]),
        "user_support": np.float32([0.25, 0.5, 0.75]),
        "item_support": np.float32([0, 0.5, 1]),
    }
    found = judged_signals(pairs, judged, 3)
    assert found["user_grade"].tolist() == [2, -1, -1, 0]
    assert found["item_grade"].tolist() == [0, -1, -1, 1]
    np.testing.assert_array_equal(found["user_support"], [0.75, np.nan, np.nan, 0.25])
    np.testing.assert_array_equal(found["item_support"], [1, np.nan, np.nan, 0])


def test_popularity_is_counted_outside_the_fold_for_interactions_and_stand_ins_alike():
    train = Interactions(np.array([0, 1, 2, 3]), np.array([0, 0, 0, 1]), 4, 3)
    fold = np.array([0, 0, 1, 1, 0, 1, 0])
    item = np.array([0, 0, 0, 1, 0, 0, 2])  # the last three are stand-ins
    pairs = Pairs(np.array([0, 1, 2, 3, 3, 3, 3]), item, fold, item, 4)
    expected = [1, 1, 2, 0, 1, 2, 0]
    np.testing.assert_allclose(log_popularity(train, pairs), np.log1p(expected))
