"""What stages found survives the way into arrays, onto disk and back."""

import numpy as np
import pytest

from core.packing import (
    history_rows,
    judgements_of,
    pack_judgements,
    pack_out_of_fold,
    pack_signals,
    pack_texts,
    pairs_of,
    scores_of,
    texts_of,
)
from core.scoring.evidence import Evidence
from core.scoring.insertions import Insertions
from core.scoring.posterior import Posterior
from core.scoring.stand_ins import Pairs
from core.stages import Stages
from core.strangers import Places
from core.train.out_of_fold import OutOfFold
from core.types import Judgements

TEXTS = ["Alien", "", "Ægir – 力", "ends with zero\0", "line\nbreak", "😀"]


@pytest.mark.parametrize("texts", [TEXTS, [""], []])
def test_texts_come_back_from_disk_as_they_were(texts, tmp_path):
    kept = Stages(tmp_path).run("a", lambda: pack_texts("reason", texts))
    assert texts_of(kept, "reason") == texts
    assert texts_of(Stages(tmp_path).run("a", dict), "reason") == texts


def test_some_texts_can_be_read_in_any_order():
    packed = pack_texts("reason", TEXTS)
    assert texts_of(packed, "reason", np.array([5, 0, 0])) == ["😀", "Alien", "Alien"]
    assert texts_of(packed, "reason", np.zeros(0, np.int64)) == []


def test_one_long_text_does_not_make_room_for_all():
    packed = pack_texts("reason", ["x" * 1000] + [""] * 999)
    assert packed["reason"].nbytes == 1000
    assert packed["reason_at"].shape == (1001,)


def test_judgements_come_back_from_disk_as_they_were(tmp_path):
    given = Judgements(
        user=np.array([0, 1]),
        item=np.array([3, 2]),
        observed=np.array([True, False]),
        control=np.array([False, True]),
        user_grade=np.int8([2, 0]),
        item_grade=np.int8([1, 0]),
        user_reason=("near – 力", ""),
        item_reason=("far", "nothing"),
        judge="nobody",
        n_unparsed=2,
        user_support=np.float32([0.5, np.nan]),
    )
    found = judgements_of(Stages(tmp_path).run("judge", lambda: pack_judgements(given)))
    assert (found.user_reason, found.item_reason) == (given.user_reason, given.item_reason)
    assert (found.judge, found.n_unparsed) == ("nobody", 2)
    for name in ("user", "item", "observed", "control", "user_grade", "item_grade"):
        np.testing.assert_array_equal(getattr(found, name), getattr(given, name))
    for name in ("user_support", "item_support"):
        np.testing.assert_array_equal(getattr(found, name), getattr(given, name))


def test_pairs_come_back_from_the_out_of_fold_stage():
    pairs = Pairs(*(np.array([k, k + 1, k + 2]) for k in (0, 10, 20, 30)), 2)
    vectors = np.zeros((1, 3, 2), np.float32)
    places = Places(np.full(3, 0.25), np.full(3, 0.75))
    seen = Insertions(np.int64([[2]]), np.float32([[5, 6]]), np.float32([[7]]))
    found = OutOfFold(np.ones((4, 3)), places, vectors, vectors + 1)
    packed = pack_out_of_fold(pairs, found, seen)
    found = pairs_of(packed, 2)
    for name in ("user", "item", "fold", "left_out"):
        assert getattr(found, name).tolist() == getattr(pairs, name).tolist()
    assert found.observed.tolist() == [True, True, False]
    assert (packed["among_items"][0], packed["among_users"][0]) == (0.25, 0.75)
    kept = [packed[name].tolist() for name in ("inserted_row", "fitted_score", "inserted_score")]
    assert kept == [[[2]], [[5.0, 6.0]], [[7.0]]]


def test_scores_are_those_of_the_train_interactions_alone():
    signals = {name: np.float32([0, 1, 9]) for name in Evidence.__dataclass_fields__}
    loss = np.float32([[6, 0, 9], [3, 0, 9], [0, 9, 9]])  # three kept epochs
    grades = {"user_grade": np.int8([2, -1, 0]), "item_grade": np.int8([1, -1, 0])}
    evidence = Evidence(**{**signals, "loss": loss, **grades})
    parts = (np.float32([k, k]) for k in range(3))
    found = Posterior(np.float32([0.25, 0.75]), *parts, noise_rate=0.5)
    decided = {"verdict": np.int8([1, 2]), "decided_by": np.int8([0, 2])}
    scores = scores_of({**pack_signals(evidence, found), **decided})
    assert scores.loss.tolist() == [0, 9]
    assert scores.loss_mean.tolist() == [3, 3]
    np.testing.assert_allclose(scores.loss_variability, [np.sqrt(6), np.sqrt(18)], rtol=1e-6)
    assert scores.score.tolist() == scores.semantic.tolist() == [0, 1]
    np.testing.assert_array_equal(scores.logical, [1.5, np.nan])
    assert scores.p_noisy.tolist() == [0.25, 0.75]
    assert scores.verdict.tolist() == [1, 2]
    assert scores.by_person.tolist() == [False, True]


def test_history_becomes_long_columns():
    epoch, name, value = history_rows([{"epoch": 1.0, "a": 0.5}, {"epoch": 2.0, "a": 1, "b": 2}])
    assert epoch.tolist() == [1, 2, 2]
    assert name.tolist() == ["a", "a", "b"]
    assert value.tolist() == [0.5, 1, 2]
    assert [len(column) for column in history_rows([])] == [0, 0, 0]
