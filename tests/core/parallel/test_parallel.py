"""The same training in one process, in two and in four: see ``worker.py``."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from core.parallel.group import Group
from core.pipeline import run_pipeline
from tests.core.parallel import trainings
from tests.worlds import fewer_trees, tastes

ROOT = Path(__file__).parents[3]
ROUNDING = 1e-5
"""Sums in another order move numbers of size one by this at most in a few epochs; seen: 1e-7."""
SIZES = (2, 4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where two processes and four have left their checkpoints, and what they found."""
    folder = tmp_path_factory.mktemp("parallel")
    trainings.outcome("bpr", folder / "of_one.pt", epochs=2)
    command = (sys.executable, "-m", "tests.core.parallel.worker", str(folder))
    done = subprocess.run(
        command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def found(folder):
    """What each process of two and of four found, by their number."""
    return {
        size: [dict(np.load(folder / str(size) / f"{rank}.npz")) for rank in range(size)]
        for size in SIZES
    }


@pytest.fixture(scope="module")
def alone():
    """What one process finds."""
    return {kind: trainings.outcome(kind) for kind in trainings.KINDS}


def assert_same(one, other, prefix=""):
    for name, value in one.items():
        assert value.shape == other[prefix + name].shape, name
        np.testing.assert_allclose(other[prefix + name], value, rtol=0, atol=ROUNDING, err_msg=name)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", trainings.KINDS)
def test_several_processes_end_with_the_embeddings_losses_and_recall_of_one(
    found, alone, kind, size
):
    assert_same(alone[kind], found[size][0], f"{kind}_")
    assert np.array_equal(alone[kind]["negative"], found[size][0][f"{kind}_negative"])


def test_the_trainings_that_are_compared_have_learned_something(alone):
    for kind in trainings.KINDS:
        first, last = alone[kind]["history"][[0, -1], 0]
        assert last < first - 100 * ROUNDING
    assert alone["bpr"]["recall"] > 0.7


@pytest.mark.parametrize("size", SIZES)
def test_all_processes_find_the_same_bits(found, size):
    first, *others = found[size]
    names = [name for name in first if name.startswith(trainings.KINDS)]
    assert len(names) > 40
    for other in others:
        for name in names:
            assert np.array_equal(first[name], other[name]), name


@pytest.mark.parametrize("size", SIZES)
def test_what_one_process_began_others_go_on_with(found, alone, size):
    assert_same(alone["bpr"], found[size][0], "again_")


def test_what_four_processes_left_one_goes_on_with(folder):
    made = trainings.trainer("bpr", folder / "4" / "bpr.pt", epochs=6)
    again, longer = made.fit("bpr"), trainings.outcome("bpr", epochs=6)
    assert [row["epoch"] for row in again.history] == [1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(again.embeddings.user, longer["user"], rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(again.recorded, longer["recorded"], rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("size", SIZES)
def test_columns_and_rows_of_unequal_parts_come_together(found, size):
    table = np.arange(35).reshape(7, 5)
    for rank, one in enumerate(found[size]):
        assert np.array_equal(one["exchange_columns"], table)
        assert np.array_equal(one["exchange_columns_gradient"], table)  # of sum(rows * table)
        assert one["exchange_n_own"] == {2: (2, 3), 4: (1, 1, 1, 2)}[size][rank]
        assert one["exchange_rows"].tolist() == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("size", SIZES)
def test_a_gradient_of_a_sum_is_counted_once(found, size):
    """Parts are 1, 2, ... in six cells, the total is six times their sum S; the loss 6 S * 6 S."""
    total = {2: 3.0, 4: 10.0}[size]
    for one in found[size]:
        assert np.array_equal(one["exchange_sum"], np.full((2, 3), total))
        assert one["exchange_total"] == 6 * total
        # Each cell is in both factors: once by itself, once in the total.
        assert np.array_equal(one["exchange_sum_gradient"], np.full((2, 3), 12 * total))


@pytest.mark.parametrize("size", SIZES)
def test_messages_of_process_0_reach_everybody(found, size):
    for one in found[size]:
        assert str(one["exchange_text"]) == "ü"
        assert one["exchange_number"].tolist() == list(range(40))
        assert one["exchange_agree"].tolist() == [True, False]


@pytest.mark.parametrize("size", SIZES)
def test_who_lost_another_process_says_so(found, size):
    for one in found[size][:-1]:
        assert "another process of this run ended" in str(one["lost_message"])
        assert "resume the run" in str(one["lost_message"])


def test_a_whole_run_of_two_processes_is_that_of_one(found, tmp_path, monkeypatch):
    fewer_trees(monkeypatch)
    data, _ = tastes(40, 30)
    one = run_pipeline(data, trainings.TINY, tmp_path / "run", tmp_path / "cache")
    two = found[2][0]
    np.testing.assert_allclose(two["run_ranking"], list(one.ranking.values()), atol=0.02)
    np.testing.assert_allclose(two["run_p_noisy"], one.scores.p_noisy, atol=0.05)


# ---------------------------------------------------------------- without others


@pytest.mark.parametrize("n", [0, 1, 3, 7, 64])
@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_parts_cover_everything_once_and_differ_by_one_at_most(n, size):
    parts = [Group(rank, size).part(n) for rank in range(size)]
    assert [place for part in parts for place in range(n)[part]] == list(range(n))
    lengths = [part.stop - part.start for part in parts]
    assert max(lengths) - min(lengths) <= 1


def test_alone_nothing_is_copied_or_sent():
    table = torch.rand(3, 2)
    group = Group()
    assert group.sum(table) is group.columns(table, 2) is group.rows(table, 3) is table
    assert group.agree(1)
    assert group.tell({"a": np.array(1)})["a"] == 1
