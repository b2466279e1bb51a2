import numpy as np

from core.relevance.semantic_fit import semantic_fit
from core.scoring.stand_ins import Pairs
from core.types import Embeddings
from tests.worlds import pairs

TRAIN = pairs([0, 1], [0, 1], 2, 3)
USER = np.float32([[[1, 0], [0, 1]], [[0, 1], [1, 0]]])
"""The second fold has the two axes the other way round."""
ITEM = np.float32([[[1, 0], [0, 1], [-1, 0]]] * 2)


def measured():
    """Two train interactions and the stand-in (0, 2), in folds 0, 1 and 0."""
    user, item = np.array([0, 1, 0]), np.array([0, 1, 2])
    given = Pairs(user, item, np.array([0, 1, 0]), np.array([0, 1, 0]), 2)
    return semantic_fit(Embeddings(USER, ITEM), TRAIN, given, 10, np.random.default_rng(0))


def test_each_pair_is_measured_in_the_space_of_its_own_fold():
    # (1, 1): [1, 0] with [0, 1] in fold 1; fold 0 would give 1.
    assert measured().cosine.tolist() == [1, 0, -1]


def test_each_pair_stands_among_the_strangers_of_its_fold():
    found = measured().place
    # (0, 0) beats items 1 and 2; (1, 1) lies between items 0 and 2; (0, 2) is below 0 and 1.
    assert found.among_items.tolist() == [1, 0.5, 0]
    # User 1 has less of item 0 in fold 0; user 0 has more of item 1 in fold 1.
    assert found.among_users.tolist() == [1, 0, 0]
