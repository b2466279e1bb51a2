import numpy as np
import pytest
import torch

from core.scoring.insertions import SHARE, choose_rows, with_inserted
from core.scoring.stand_ins import with_stand_ins
from core.train.inserted import fit_inserted
from core.train.pointwise import ALPHA, ReweightedCrossEntropy
from core.train.trainer import Validation
from tests.worlds import pairs as interactions
from tests.worlds import tiny_run

N_USERS, N_ITEMS = 40, 40


@pytest.fixture(scope="module")
def world():
    """Two tastes: the first half of the users has items of the first half, the rest the others."""
    rng = np.random.default_rng(3)
    user = np.repeat(np.arange(N_USERS), 10)
    half = np.concatenate([rng.permutation(20)[:10] for _ in range(N_USERS)])
    item = half + 20 * (user >= 20)
    order = np.lexsort((item, user))
    train = interactions(user[order], item[order], N_USERS, N_ITEMS)
    return train, with_stand_ins(train, rng.integers(0, 3, len(train)), 2, rng)


def test_stand_ins_are_chosen_once_and_a_twentieth_at_a_time(world):
    train, pairs = world
    row = choose_rows(pairs, 3, np.random.default_rng(0))
    assert row.shape == (3, round(SHARE * len(train)))
    assert len(np.unique(row)) == row.size
    assert row.min() >= len(train)
    assert row.max() < len(pairs)


def test_no_training_needs_no_stand_in(world):
    _train, pairs = world
    assert choose_rows(pairs, 0, np.random.default_rng(0)).shape[0] == 0


def test_the_train_set_has_them_in_it_and_is_sorted(world):
    train, pairs = world
    row = choose_rows(pairs, 1, np.random.default_rng(0))[0]
    seen = with_inserted(train, pairs, row)
    added = pairs.user[row] * N_ITEMS + pairs.item[row]
    assert set(seen.key().tolist()) == set(train.key().tolist()) | set(added.tolist())
    assert np.all(np.diff(seen.key()) > 0)


def test_what_fits_is_scored_above_inserted_strangers(world):
    train, pairs = world
    config = tiny_run(scoring={"insertions": 2})
    found = fit_inserted(
        Validation(train, train), pairs, config, torch.device("cpu"), np.random.default_rng(1)
    )
    assert found.score.shape == (2, len(train))
    other = (pairs.user[found.row] < 20) != (pairs.item[found.row] < 20)  # of the other taste
    for k in range(2):
        strangers = found.stand_in_score[k][other[k]]
        assert np.mean(found.score[k][:, None] > strangers[None]) > 0.8
    # Another model each time, but the same again with the same seed.
    assert not np.array_equal(found.score[0], found.score[1])
    again = fit_inserted(
        Validation(train, train), pairs, config, torch.device("cpu"), np.random.default_rng(1)
    )
    np.testing.assert_array_equal(again.score, found.score)


def test_the_loss_is_cross_entropy_weighed_by_the_chance_of_what_was_observed(world):
    train, _ = world
    from core.graph.adjacency import normalized_graph  # noqa: PLC0415
    from core.model.representations import Representations  # noqa: PLC0415

    objective = ReweightedCrossEntropy(train, normalized_graph(train), 0.0)
    objective.negative = torch.full_like(objective.item, 39)
    user, item = torch.zeros(N_USERS, 1), torch.ones(N_ITEMS, 1)
    user[0], item[39] = 2.0, -1.0  # s of user 0: 2 with a positive, -2 with the negative

    class Table(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Parameter(torch.zeros(N_USERS + N_ITEMS, 1))

    terms = objective.ranking_terms(Table(), Representations(user, item), torch.tensor([0]))
    chance = 1 / (1 + np.exp(-2.0))
    assert terms["rec"].item() == pytest.approx(-(chance**ALPHA) * np.log(chance))
