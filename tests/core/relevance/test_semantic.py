import numpy as np
import torch

from core.config import AlignmentConfig
from core.relevance.alignment import Alignment, align
from core.relevance.semantic import semantic_out_of_fold_pairs, semantic_relevance
from core.types import Embeddings, Interactions

RIGHT, UP = [1.0, 0.0], [0.0, 1.0]


def by_hand():
    return Alignment(
        user=np.array([RIGHT, UP], dtype=np.float32),
        item=np.array([RIGHT, [0.6, 0.8]], dtype=np.float32),
        out_of_fold=np.zeros(1, dtype=np.float32),
        fold=np.zeros(1, dtype=np.int64),
        fold_user=np.array([[RIGHT, UP], [UP, RIGHT]], dtype=np.float32),
        fold_item=np.array([[RIGHT, UP], [RIGHT, [0.6, 0.8]]], dtype=np.float32),
        history=(),
    )


def test_relevance_is_the_cosine_of_the_final_embeddings():
    score = semantic_relevance(by_hand(), np.array([0, 1, 0]), np.array([0, 1, 1]))
    np.testing.assert_allclose(score, [1.0, 0.8, 0.6], atol=1e-6)


def test_pairs_are_scored_by_the_models_of_their_fold():
    user, item = np.array([0, 0, 1]), np.array([1, 1, 1])
    score = semantic_out_of_fold_pairs(by_hand(), user, item, np.array([0, 1, 1]))
    np.testing.assert_allclose(score, [0.0, 0.8, 0.6], atol=1e-6)


def test_train_pairs_scored_in_their_own_fold_are_the_out_of_fold_values():
    rng = np.random.default_rng(0)
    user, item = np.nonzero(rng.random((20, 15)) < 0.3)
    train = Interactions(user, item, 20, 15)
    texts = Embeddings(
        rng.normal(size=(20, 6)).astype(np.float32), rng.normal(size=(15, 6)).astype(np.float32)
    )
    config = AlignmentConfig(size=4, epochs=2, folds=2)
    result = align(texts, train, config, torch.Generator().manual_seed(0))
    again = semantic_out_of_fold_pairs(result, train.user, train.item, result.fold)
    np.testing.assert_allclose(again, result.out_of_fold, atol=1e-6)
