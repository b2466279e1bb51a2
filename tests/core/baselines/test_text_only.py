import numpy as np
import pytest

from core.baselines.text_only import mean_cosine, text_suspicion
from tests.worlds import pairs

TEXT = np.array([[2, 0], [0, 3], [1, 1], [0, 0]], np.float32)
ROOT = 2**-0.5


def test_the_mean_cosine_with_the_other_items_is_as_worked_by_hand():
    """User 0 has items 0, 1, 2: cosines 0-1: 0, 0-2 and 1-2: 1/sqrt 2."""
    train = pairs([0, 1, 0, 0, 1], [0, 2, 1, 2, 1], 2, 4)
    found = mean_cosine(TEXT, train)
    assert found.tolist() == pytest.approx([ROOT / 2, ROOT, ROOT / 2, ROOT, ROOT])


def test_an_item_without_text_is_like_nothing_and_a_lone_item_cannot_be_compared():
    train = pairs([0, 0, 1], [0, 3, 2], 2, 4)
    found = mean_cosine(TEXT, train)
    assert found[:2].tolist() == [0.0, 0.0]
    assert np.isnan(found[2])


def test_suspicion_is_high_where_the_text_does_not_fit_and_middling_where_nothing_is_known():
    train = pairs([0, 0, 0, 1, 2, 2], [0, 0, 1, 2, 2, 2], 3, 4)
    suspicion = text_suspicion(TEXT, train)
    assert suspicion.dtype == np.float32
    assert suspicion.tolist() == pytest.approx([-0.5, -0.5, 0, -3 / 5, -1, -1])


def test_centring_takes_away_what_all_texts_share():
    text = np.array([[10, 1], [10, 1], [10, -1]], np.float32)
    train = pairs([0, 0, 0], [0, 1, 2], 1, 3)
    assert text_suspicion(text, train).max() < -0.9
    centred = text_suspicion(text, train, centred=True)
    assert centred.tolist() == pytest.approx([0, 0, 1], abs=1e-6)
