import numpy as np
import pytest
import torch

from core.config import AlignmentConfig
from core.errors import Cancelled
from core.relevance.alignment import align, assign_folds
from core.relevance.leave_out import unit, user_means
from core.types import Embeddings, Interactions

CONFIG = AlignmentConfig(size=8, folds=3, epochs=40, batch_size=256, learning_rate=1e-2)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def world(seed=0, n_users=60, n_items=40, noise=0.1):
    """Four tastes; the text shows them only in 4 of 24 dimensions, the rest is chatter."""
    rng = np.random.default_rng(seed)
    taste_user, taste_item = np.arange(n_users) % 4, np.arange(n_items) % 4
    item = rng.normal(size=(n_items, 24)).astype(np.float32)
    item[:, :4] += 2.5 * np.eye(4)[taste_item]
    fits = taste_user[:, None] == taste_item
    chosen = rng.random((n_users, n_items)) < np.where(fits, 0.7, noise * 0.7 / 3)
    user, number = np.nonzero(chosen)
    profile = np.stack([item[row].sum(axis=0) for row in chosen]).astype(np.float32)
    train = Interactions(user, number, n_users, n_items)
    return Embeddings(profile, item), train, fits


def area(score, truth):
    gap = score[truth][:, None] - score[~truth][None]
    return ((gap > 0) + 0.5 * (gap == 0)).mean()


@pytest.fixture(scope="module")
def aligned():
    embeddings, train, fits = world()
    return align(embeddings, train, CONFIG, generator()), train, fits


def test_shapes_and_lengths(aligned):
    result, train, _ = aligned
    assert result.user.shape == (60, 8)
    assert result.item.shape == (40, 8)
    assert result.fold_user.shape == (3, 60, 8)
    assert result.fold_item.shape == (3, 40, 8)
    assert result.out_of_fold.shape == result.fold.shape == (len(train),)
    for rows in (result.user, result.item, result.fold_user, result.fold_item):
        assert rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(rows, axis=-1), 1, atol=1e-5)


def test_the_projector_separates_planted_tastes(aligned):
    result, _, fits = aligned
    score = result.user @ result.item.T
    assert area(score.ravel(), fits.ravel()) > 0.95


def test_out_of_fold_relevance_tells_planted_noise(aligned):
    result, train, fits = aligned
    truth = fits[train.user, train.item]
    item = unit(world()[0].item)
    other_items = user_means(train, item).without(train.user, train.item, item)
    raw = (other_items * item[train.item]).sum(axis=1)
    assert area(result.out_of_fold, truth) > 0.94 > area(raw, truth)


def test_out_of_fold_relevance_does_not_flatter_train_pairs():
    # Texts of pure chatter and random choices: held-out train pairs must look like strangers.
    rng = np.random.default_rng(3)
    item = rng.normal(size=(80, 24)).astype(np.float32)
    chosen = rng.random((150, 80)) < 0.15
    user, number = np.nonzero(chosen)
    train = Interactions(user, number, 150, 80)
    profile = (chosen @ item).astype(np.float32)
    result = align(Embeddings(profile, item), train, CONFIG, generator())
    fold = rng.permutation(result.fold)
    stranger_user, stranger = np.nonzero(~chosen)
    pick = rng.permutation(len(stranger))[: len(fold)]
    u, i = stranger_user[pick], stranger[pick]
    strangers = (result.fold_user[fold, u] * result.fold_item[fold, i]).sum(axis=1)
    truth = np.repeat([True, False], len(fold))
    held_out = area(np.concatenate([result.out_of_fold, strangers]), truth)
    final = result.user @ result.item.T
    seen = area(np.concatenate([final[chosen], final[~chosen]]), np.sort(chosen.ravel())[::-1])
    assert abs(held_out - 0.5) < 0.05
    assert seen > 0.65  # the trap: the projector and the profile have seen the pair


def test_the_model_of_a_fold_knows_nothing_of_the_pairs_of_the_fold():
    embeddings, train, _ = world()
    before = align(embeddings, train, CONFIG, generator())
    row = int(np.flatnonzero(before.fold == 1)[0])
    taken = set(train.item[train.user == train.user[row]])
    item = train.item.copy()
    item[row] = next(i for i in range(40) if i not in taken)
    changed = Interactions(train.user, item, 60, 40)
    after = align(embeddings, changed, CONFIG, generator())
    assert np.array_equal(before.fold, after.fold)
    assert np.array_equal(before.fold_user[1], after.fold_user[1])
    assert np.array_equal(before.fold_item[1], after.fold_item[1])
    assert not np.array_equal(before.fold_item[0], after.fold_item[0])
    others = (before.fold == 1) & (np.arange(len(train)) != row)
    assert np.array_equal(before.out_of_fold[others], after.out_of_fold[others])


def test_folds_never_see_profile_texts_which_name_the_held_out_items():
    embeddings, train, _ = world()
    other = Embeddings(embeddings.user[::-1].copy(), embeddings.item)
    first = align(embeddings, train, CONFIG, generator())
    second = align(other, train, CONFIG, generator())
    assert np.array_equal(first.out_of_fold, second.out_of_fold)
    assert not np.array_equal(first.user, second.user)


def test_the_same_seed_repeats_everything():
    embeddings, train, _ = world()
    first, second = (align(embeddings, train, CONFIG, generator(5)) for _ in range(2))
    assert np.array_equal(first.user, second.user)
    assert np.array_equal(first.out_of_fold, second.out_of_fold)


def test_folds_are_even_for_each_user():
    _, train, _ = world()
    fold = assign_folds(train, 5, generator())
    for user in range(train.n_users):
        count = np.bincount(fold[train.user == user], minlength=5)
        assert count.max() - count.min() <= 1
    assert np.bincount(fold).min() > 0.8 * len(train) / 5


def test_users_with_one_interaction_or_none_are_served():
    embeddings, train, _ = world()
    kept = train.select((train.user > 1) | ((train.user == 1) & (np.arange(len(train)) % 99 == 0)))
    kept = Interactions(np.append(kept.user, 1), np.append(kept.item, 0), 60, 40)
    result = align(embeddings, kept, CONFIG, generator())
    assert np.isfinite(result.out_of_fold).all()
    assert np.isfinite(result.user).all()


def test_a_single_interaction_is_enough():
    embeddings = Embeddings(np.eye(2, 5, dtype=np.float32), np.eye(3, 5, dtype=np.float32))
    train = Interactions(np.array([0]), np.array([2]), 2, 3)
    result = align(embeddings, train, CONFIG, generator())
    assert np.isfinite(result.out_of_fold).all()


def test_projectors_of_folds_are_the_same_side_by_side_and_one_after_the_other():
    embeddings, train, _ = world()
    before, found = torch.get_num_threads(), []
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        found.append(align(embeddings, train, CONFIG, generator()))
    torch.set_num_threads(before)
    alone, beside = found
    np.testing.assert_array_equal(alone.fold_user, beside.fold_user)
    np.testing.assert_array_equal(alone.fold_item, beside.fold_item)


def test_progress_rises_to_the_end_and_can_cancel():
    embeddings, train, _ = world()
    seen = []
    align(embeddings, train, CONFIG, generator(), lambda p: seen.append(p.fraction))
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] <= 1

    def stop(_):
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        align(embeddings, train, CONFIG, generator(), stop)


def test_embeddings_of_another_dataset_are_refused():
    embeddings, train, _ = world()
    with pytest.raises(ValueError, match="train has 60 and 40"):
        align(Embeddings(embeddings.user[:5], embeddings.item), train, CONFIG, generator())
    with pytest.raises(ValueError, match="at least one"):
        align(embeddings, train.select(np.array([], int)), CONFIG, generator())
