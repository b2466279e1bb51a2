import math

import numpy as np
import pytest
import torch

from core.baselines.negatives import DNSSettings, SRNSSettings
from core.config import LLMHNIConfig
from core.evaluation.false_negatives import false_share, mined_negatives
from core.types import Embeddings
from tests.worlds import pairs

HELD_OUT = pairs([0, 1], [1, 2], 2, 4)


def seeded():
    return torch.Generator().manual_seed(0)


def test_the_share_counts_drawn_pairs_that_are_held_out():
    user, item = np.array([0, 0, 1, 1]), np.array([1, 2, 2, 2])
    assert false_share(user, item, HELD_OUT) == 0.75
    assert math.isnan(false_share(user[:0], item[:0], HELD_OUT))


def world():
    """One user has item 0; held out is item 1, which scores most; meaning alone knows it fits.

    Items 1 to 4 score 4, 3, 2, 1; 5 and more score 0. Aligned vectors: user and item 1 agree,
    all others are orthogonal.
    """
    train, held_out = pairs([0], [0], 1, 40), pairs([0], [1], 1, 40)
    score = np.zeros((40, 1), np.float32)
    score[:5, 0] = (5, 4, 3, 2, 1)
    fits = np.tile(np.array([[0, 1]], np.float32), (40, 1))
    fits[1] = (1, 0)
    model = Embeddings(np.ones((1, 1), np.float32), score)
    return train, held_out, model, Embeddings(np.array([[1, 0]], np.float32), fits)


def test_the_hardest_items_are_false_and_meaning_spares_them():
    train, held_out, model, aligned = world()
    found = mined_negatives(
        train,
        held_out,
        [model],
        aligned,
        seeded(),
        DNSSettings(candidates=500),
        SRNSSettings(memory=4, fresh=39, temperature=1e-3),
        LLMHNIConfig(pool=4, candidates=4),
    )
    assert list(found) == ["uniform", "dns", "srns", "pool", "llmhni", "fresh"]
    assert found["dns"].false_share == 1.0
    assert found["srns"].false_share == 1.0  # one model: no deviation, the highest score
    assert found["llmhni"].false_share == 0.0
    assert found["dns"].hardness == pytest.approx(1 / (1 + math.exp(5 - 4)), rel=1e-5)
    assert found["llmhni"].hardness > found["uniform"].hardness


def test_a_deviating_score_turns_srns_away_from_an_item_that_always_scores_high():
    train, held_out, model, aligned = world()
    earlier = Embeddings(model.user, model.item.copy())
    earlier.item[2] = 9.0  # item 2 came down from above
    found = mined_negatives(
        train,
        held_out,
        [earlier, model],
        aligned,
        seeded(),
        srns=SRNSSettings(memory=4, fresh=39, temperature=1e-3, alpha=2.0),
    )
    assert found["srns"].false_share == 0.0


def test_uniform_draws_are_false_as_often_as_there_are_held_out_items():
    """Of 39 unobserved items of each of 400 users one is held out."""
    users = np.arange(400)
    train, held_out = pairs(users, users * 0, 400, 40), pairs(users, users * 0 + 1, 400, 40)
    rng = np.random.default_rng(0)
    vectors = Embeddings(
        rng.normal(size=(400, 4)).astype(np.float32), rng.normal(size=(40, 4)).astype(np.float32)
    )
    found = mined_negatives(train, held_out, [vectors], vectors, seeded())
    assert found["uniform"].false_share == pytest.approx(1 / 39, abs=0.011)


def test_without_a_model_nothing_can_be_mined():
    train, held_out, _, aligned = world()
    with pytest.raises(ValueError, match="at least one model"):
        mined_negatives(train, held_out, [], aligned, seeded())
