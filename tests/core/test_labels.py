"""Labels in the numbers of a dataset: two users, four items."""

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.config import LabelsConfig
from core.errors import DataError
from core.labels import (
    UNLABELLED,
    held_out_pairs,
    label_of_rows,
    labels_for_measuring,
    labels_in_use,
    read_labels,
    teaching,
)
from core.types import LABELS, Labels
from tests.worlds import dataset, pairs

DATA = dataset(
    pairs([0, 0, 1], [0, 1, 1], 2, 4),
    valid=pairs([0], [2], 2, 4),
    test=pairs([1], [3], 2, 4),
)
ALL = LabelsConfig(held_out=0.0)


def write(path, rows, **columns):
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "label"], dtype=object)
    frame.assign(**columns).to_parquet(path / "labels.parquet")
    return path / "labels.parquet"


def test_ids_become_numbers_sorted_by_user_and_item(tmp_path):
    rows = [("u1", "i1", "noisy"), ("u0", "i3", "like"), ("u0", "i1", "hard"), ("u1", "i0", "not")]
    found = read_labels(write(tmp_path, rows, n_people=3, observed=True), DATA, ALL)
    said = [LABELS[k] for k in found.labels.label]
    assert list(zip(found.labels.user, found.labels.item, said, strict=True)) == [
        (0, 1, "hard"),
        (0, 3, "like"),
        (1, 0, "not"),
        (1, 1, "noisy"),
    ]
    assert (found.n_unknown, found.n_misplaced, found.n_reserved) == (0, 0, 0)
    assert not found.labels.held_out.any()


def test_what_cannot_be_used_is_counted_by_reason(tmp_path):
    rows = [
        ("u0", "i0", "clean"),
        ("nobody", "i0", "clean"),
        ("u0", "gone", "like"),
        ("u0", "i1", "like"),  # a train interaction
        ("u1", "i0", "noisy"),  # never observed
        ("u0", "i2", "like"),  # valid
        ("u1", "i3", "not"),  # test
    ]
    found = read_labels(write(tmp_path, rows), DATA, ALL)
    assert (found.n_unknown, found.n_misplaced, found.n_reserved) == (2, 2, 2)
    assert found.labels.user.tolist() == found.labels.item.tolist() == [0]


def test_no_label_at_all_is_fine(tmp_path):
    found = read_labels(write(tmp_path, []), DATA, ALL)
    assert len(found.labels) == 0


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("u0", "i0", "unsure")], "not known"),
        ([("u0", "i0", "hard"), ("u0", "i0", "noisy")], "more than one label for 1 pairs"),
        ([("u0", "i0", None)], "empty"),
        ([(0, 0, "hard")], "no text"),
    ],
)
def test_a_file_with_nonsense_is_refused(tmp_path, rows, message):
    with pytest.raises(DataError, match=message):
        read_labels(write(tmp_path, rows), DATA, ALL)


def test_a_damaged_or_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_labels(tmp_path / "labels.parquet", DATA, ALL)
    path = write(tmp_path, [("u0", "i0", "hard")])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="cannot be read"):
        read_labels(path, DATA, ALL)
    pd.DataFrame({"user_id": ["u0"], "label": ["hard"]}).to_parquet(path)
    with pytest.raises(DataError, match="no column item_id"):
        read_labels(path, DATA, ALL)


def test_who_is_held_out_is_written_in_the_ids_alone():
    """The hash by hand: the first eight bytes of the sha256 of "2:u0i0"."""
    place = int(hashlib.sha256(b"2:u0i0").hexdigest()[:16], 16) / 2**64
    assert held_out_pairs(["u0"], ["i0"], place + 1e-9).tolist() == [True]
    assert held_out_pairs(["u0"], ["i0"], place).tolist() == [False]


def test_ids_that_read_alike_side_by_side_are_different_pairs():
    users, items = ["a", "ab"] * 2, ["bc", "c"] * 2
    shares = np.linspace(0, 1, 200)
    found = np.array([held_out_pairs(users, items, share) for share in shares])
    assert (found[:, 0] != found[:, 1]).any()
    np.testing.assert_array_equal(found[:, :2], found[:, 2:])


def test_about_the_share_is_held_out_and_a_larger_share_holds_out_more():
    users, items = [f"user{k}" for k in range(2000)], [f"item{k % 7}" for k in range(2000)]
    fifth, half = held_out_pairs(users, items, 0.2), held_out_pairs(users, items, 0.5)
    assert fifth.mean() == pytest.approx(0.2, abs=0.03)
    assert half.mean() == pytest.approx(0.5, abs=0.03)
    assert half[fifth].all()
    assert not held_out_pairs(users, items, 0.0).any()


def test_a_pair_stays_held_out_when_others_come_and_labels_change(tmp_path):
    ids = [(f"u{k}", f"i{k % 5}") for k in range(40)]
    world = dataset(pairs(range(40), np.arange(40) % 5, 40, 5))
    one = write(tmp_path, [(*pair, "noisy") for pair in ids[::2]])
    first = read_labels(one, world, LabelsConfig(held_out=0.3)).labels
    more = write(tmp_path, [(*pair, "clean") for pair in reversed(ids)])
    second = read_labels(more, world, LabelsConfig(held_out=0.3)).labels
    assert 0 < first.held_out.sum() < len(first)
    place = np.searchsorted(second.user, first.user)
    np.testing.assert_array_equal(second.held_out[place], first.held_out)


def test_rows_of_train_know_their_label():
    labels = Labels(np.array([0, 1, 1]), np.array([1, 0, 1]), np.int8([2, 3, 0]), np.zeros(3, bool))
    assert label_of_rows(DATA.train, labels).tolist() == [UNLABELLED, 2, 0]
    swapped = DATA.train.select(np.array([2, 0, 1]))
    assert label_of_rows(swapped, labels).tolist() == [0, UNLABELLED, 2]
    assert label_of_rows(DATA.train, None).tolist() == [UNLABELLED] * 3


def test_labels_in_use_are_those_not_held_out():
    labels = Labels(np.arange(3), np.arange(3), np.int8([0, 1, 2]), np.array([True, False, True]))
    assert labels_in_use(labels).label.tolist() == [1]
    assert len(labels_in_use(replace(labels, held_out=np.ones(3, bool)))) == 0


MANY = [(f"u{k}", f"i{k % 5}", "noisy") for k in range(40)]
WORLD = dataset(pairs(range(40), np.arange(40) % 5, 40, 5))


def test_labels_given_to_many_pairs_at_once_overrule_and_do_nothing_else(tmp_path):
    origin = ["bulk", "table", "random part", "card"] * 10
    found = read_labels(write(tmp_path, MANY, origin=origin), WORLD, LabelsConfig(held_out=0.5))
    labels = found.labels
    by_row = np.array(origin)[labels.user]  # user k has row k
    assert (labels.looked_at == np.isin(by_row, ["random part", "card"])).all()
    assert 0 < labels.held_out.sum() < 20
    assert not labels.held_out[~labels.looked_at].any()
    assert set(np.flatnonzero(~labels.looked_at)) <= set(labels_in_use(labels).user)
    assert len(teaching(labels)) + len(labels_for_measuring(labels)) == 20
    for part in (teaching(labels), labels_for_measuring(labels)):
        assert part.looked_at.all()
    assert teaching(None) is None


def test_a_file_that_does_not_say_how_labels_were_given_may_be_used_for_everything(tmp_path):
    config = LabelsConfig(held_out=0.5)
    old = read_labels(write(tmp_path, MANY), WORLD, config)
    new = read_labels(write(tmp_path, MANY, origin="card", sampled=False), WORLD, config)
    for found in (old.labels, new.labels):
        assert found.looked_at.all()
        assert not found.sampled.any()
    np.testing.assert_array_equal(old.labels.held_out, new.labels.held_out)
    assert (old.knows_sampled, new.knows_sampled) == (False, True)


def test_the_random_order_is_read_with_its_pair(tmp_path):
    sampled = np.arange(40) % 3 == 0
    path = write(tmp_path, MANY[::-1], sampled=sampled[::-1])
    np.testing.assert_array_equal(read_labels(path, WORLD, ALL).labels.sampled, sampled)


@pytest.mark.parametrize("column", [{"origin": None}, {"origin": 3}, {"sampled": "yes"}])
def test_columns_about_the_order_that_make_no_sense_are_refused(tmp_path, column):
    with pytest.raises(DataError, match="labels"):
        read_labels(write(tmp_path, MANY, **column), WORLD, ALL)
