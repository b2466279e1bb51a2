import numpy as np
import pytest

from core.relevance.leave_out import reliable_positives, user_means
from core.types import Interactions

ITEMS = np.eye(3, dtype=np.float32)


@pytest.fixture
def means():
    train = Interactions(np.array([0, 0, 0, 1]), np.array([0, 1, 2, 2]), 3, 3)
    return user_means(train, ITEMS)


def test_whole_vectors_are_unit_means_and_strangers_get_the_overall_mean(means):
    third = 1 / np.sqrt(3)
    expected = [[third, third, third], [0, 0, 1], [third, third, third]]
    np.testing.assert_allclose(means.whole(), expected, atol=1e-6)


def test_without_an_item_the_vector_knows_nothing_of_it(means):
    left = means.without(np.array([0, 0]), np.array([0, 2]), ITEMS)
    half = 1 / np.sqrt(2)
    np.testing.assert_allclose(left, [[0, half, half], [half, half, 0]], atol=1e-6)


def test_without_the_only_item_the_overall_mean_steps_in(means):
    left = means.without(np.array([1]), np.array([2]), ITEMS)
    np.testing.assert_allclose(left, np.full((1, 3), 1 / np.sqrt(3)), atol=1e-6)


def test_profiles_are_mixed_in_with_equal_weight():
    train = Interactions(np.array([0]), np.array([0]), 1, 3)
    profile = np.array([[0, 5, 0]], dtype=np.float32)  # length 5: made a unit vector first
    half = 1 / np.sqrt(2)
    np.testing.assert_allclose(
        user_means(train, ITEMS, profile).whole(), [[half, half, 0]], atol=1e-6
    )


def test_reliable_positives_are_the_top_share_of_each_user_and_at_least_one():
    user = np.array([0, 1, 0, 0, 1, 2, 0])
    similarity = np.array([0.1, 0.9, 0.4, 0.3, 0.8, -0.5, 0.2], dtype=np.float32)
    kept = reliable_positives(similarity, user, 4, share=0.5)
    assert kept.tolist() == [False, True, True, True, False, True, False]


@pytest.mark.parametrize(("share", "expected"), [(0.01, 1), (0.1, 3), (0.11, 4), (1.0, 30)])
def test_the_share_is_rounded_up(share, expected):
    similarity = np.linspace(0, 1, 30).astype(np.float32)
    assert reliable_positives(similarity, np.zeros(30, int), 1, share).sum() == expected
