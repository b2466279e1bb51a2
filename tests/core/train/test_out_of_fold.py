from dataclasses import replace

import numpy as np
import pytest
import torch

from core.errors import Cancelled
from core.scoring.stand_ins import with_stand_ins
from core.separation import auc
from core.train.out_of_fold import out_of_fold
from tests.worlds import tastes, tiny_run

CPU = torch.device("cpu")
N_FOLDS = 3


@pytest.fixture(scope="module")
def world():
    """Train interactions, which are noise, and pairs whose folds differ within each user."""
    data, noise = tastes(40, 32)
    rng = np.random.default_rng(1)
    fold = (np.arange(len(data.train)) + data.train.user) % N_FOLDS
    return data.train, noise, with_stand_ins(data.train, fold, 2, rng)


def run(train, pairs, epochs=6, folder=None, on_progress=lambda _: None, **pretrain):
    return out_of_fold(train, pairs, epochs, tiny_run(pretrain=pretrain), CPU, folder, on_progress)


def assert_same(left, right, rows=slice(None)):
    np.testing.assert_array_equal(left.loss[:, rows], right.loss[:, rows])
    np.testing.assert_array_equal(left.place.among_items[rows], right.place.among_items[rows])
    np.testing.assert_array_equal(left.place.among_users[rows], right.place.among_users[rows])


@pytest.fixture(scope="module")
def found(world):
    train, _, pairs = world
    return run(train, pairs)


def test_every_pair_has_a_loss_per_epoch_and_two_places(world, found):
    _, _, pairs = world
    assert found.loss.shape == (6, len(pairs))
    assert (found.loss > 0).all()
    for place in found.place:
        assert place.shape == (len(pairs),)
        assert ((place >= 0) & (place <= 1)).all()
        assert len(np.unique(place)) > 10
    assert found.user.shape == (N_FOLDS, 40, 8)
    assert found.item.shape == (N_FOLDS, 32, 8)


def test_the_same_seed_gives_the_same_values_and_another_one_does_not(world, found):
    train, _, pairs = world
    assert_same(run(train, pairs), found)
    other = out_of_fold(train, pairs, 6, tiny_run(seed=1), CPU)
    assert not np.array_equal(other.loss, found.loss)


def test_a_held_out_pair_changes_nothing_for_the_others_of_its_fold(world, found):
    """Its fold's backbone never saw it: had the user another item there, all else is the same."""
    train, _, pairs = world
    row = 10
    taken = set(train.item[train.user == train.user[row]].tolist())
    other = next(item for item in range(train.n_items) if item not in taken)
    item = train.item.copy()
    item[row] = other
    of_pairs = pairs.item.copy()
    of_pairs[row] = other
    changed = run(replace(train, item=item), replace(pairs, item=of_pairs))
    same_fold = np.flatnonzero(pairs.fold == pairs.fold[row])
    assert_same(changed, found, same_fold[same_fold != row])
    other_folds = pairs.fold != pairs.fold[row]  # these were trained on it
    assert not np.array_equal(changed.loss[:, other_folds], found.loss[:, other_folds])


def test_an_observed_pair_is_valued_like_an_unobserved_one_in_its_place(world, found):
    """Out of train, in the fold of the same models, a pair gets the same values as in train."""
    train, _, pairs = world
    row = 7
    without = replace(
        pairs,
        user=np.append(np.delete(pairs.user, row), pairs.user[row]),
        item=np.append(np.delete(pairs.item, row), pairs.item[row]),
        fold=np.append(np.delete(pairs.fold, row), pairs.fold[row]),
        left_out=np.append(np.delete(pairs.left_out, row), pairs.left_out[row]),
        n_observed=pairs.n_observed - 1,
    )
    keep = np.arange(len(train)) != row
    moved = run(train.select(keep), without)
    assert moved.place.among_items[-1] == found.place.among_items[row]
    assert moved.place.among_users[-1] == found.place.among_users[row]


@pytest.fixture(scope="module")
def longer():
    """A larger world and a longer pass: enough to learn the tastes."""
    data, noise = tastes(60, 64)
    fold = (np.arange(len(data.train)) + data.train.user) % N_FOLDS
    pairs = with_stand_ins(data.train, fold, 2, np.random.default_rng(1))
    config = tiny_run(pretrain={"weight_decay": 1e-3})
    found = out_of_fold(data.train, pairs, 40, config, CPU)
    return found, pairs.observed, noise


def test_losses_and_places_tell_planted_misclicks(longer):
    found, own, noise = longer
    assert auc(found.loss[-5:, own].mean(axis=0), noise) > 0.8
    assert auc(-found.place.among_items[own], noise) > 0.8
    assert auc(-found.place.among_users[own], noise) > 0.8


def test_stand_ins_look_like_noise_and_not_like_genuine_interactions(longer):
    found, own, noise = longer
    for place in found.place:
        genuine, planted, stand_in = place[own][~noise], place[own][noise], place[~own]
        assert abs(stand_in.mean() - planted.mean()) < 0.15
        assert genuine.mean() > stand_in.mean() + 0.2


def test_the_loss_of_every_kth_epoch_is_kept(world, found):
    train, _, pairs = world
    np.testing.assert_array_equal(run(train, pairs, keep_every=2).loss, found.loss[1::2])


@pytest.fixture(params=[1, 2], ids=["one after the other", "side by side"])
def n_threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_a_stopped_pass_goes_on_as_if_it_had_never_stopped(world, found, tmp_path, n_threads):
    train, _, pairs = world
    told = []

    def stop(progress):
        told.append(progress)
        if progress.values["part"] == 1 and progress.values["epoch"] == 3:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        run(train, pairs, folder=tmp_path, on_progress=stop)
    done = []
    assert_same(run(train, pairs, folder=tmp_path, on_progress=done.append), found)
    rest = [p.values["epoch"] for p in done if p.values["part"] == 1]
    assert rest == [4, 5, 6]
    for sitting in (told, done):
        fractions = [p.fraction for p in sitting]
        assert fractions == sorted(fractions)
    # One that its checkpoint had finished says nothing, and may end after the last who does.
    silent = set(range(N_FOLDS)) - {p.values["part"] for p in done}
    assert 1 - len(silent) / N_FOLDS - 1e-6 < done[-1].fraction < 1 + 1e-6
    if n_threads == 1:  # in order: fold 0 was done, and the bar goes on where it was
        assert done[-1].fraction == pytest.approx(1)
        epochs = [(p.values["part"], p.values["epoch"]) for p in done]
        assert epochs == [(1, 4), (1, 5), (1, 6), *((2, epoch) for epoch in range(1, 7))]
        fractions = [p.fraction for p in (*told, *done)]
        assert fractions == sorted(fractions)


def test_a_fold_without_pairs_is_no_obstacle(world):
    train, _, pairs = world
    found = run(train, replace(pairs, fold=np.where(pairs.fold == 1, 0, pairs.fold)), epochs=2)
    assert np.isfinite(found.loss).all()
    assert (found.loss > 0).all()
