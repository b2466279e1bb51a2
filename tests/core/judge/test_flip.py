"""Grades replaced at random."""

import numpy as np
import pytest

from core.judge.flip import flipped
from core.types import Judgements


def judgements(n=300):
    grade = (np.arange(n) % 3).astype(np.int8)
    known, no = np.full(n, 0.5, np.float32), np.zeros(n, bool)
    text = tuple(f"r{k}" for k in range(n))
    number = np.arange(n)
    return Judgements(number, number, no, no, grade, grade, text, text, "J", 0, known, known)


def changed(found, view):
    return getattr(found, f"{view}_grade") != getattr(judgements(), f"{view}_grade")


def test_exactly_the_share_of_each_view_becomes_another_grade():
    found = flipped(judgements(), 0.2, np.random.default_rng(0))
    for view in ("user", "item"):
        assert changed(found, view).sum() == 60
        assert set(getattr(found, f"{view}_grade").tolist()) == {0, 1, 2}
    assert (changed(found, "user") != changed(found, "item")).any()


def test_flipped_grades_are_marked_and_lose_their_support():
    found = flipped(judgements(), 0.2, np.random.default_rng(0))
    rows = changed(found, "user")
    marked = [text.startswith("(Flipped at random from ") for text in found.user_reason]
    assert marked == rows.tolist()
    assert (np.isnan(found.user_support) == rows).all()
    assert found.judge == "J, 20% of the grades flipped"


def test_both_other_grades_are_as_likely():
    found = flipped(judgements(3000), 1.0, np.random.default_rng(0))
    step = (found.user_grade - judgements(3000).user_grade) % 3
    assert 0 not in step
    assert abs((step == 1).mean() - 0.5) < 0.05


def test_more_flips_contain_fewer():
    some, more = (flipped(judgements(), share, np.random.default_rng(3)) for share in (0.1, 0.3))
    rows = changed(some, "item")
    assert (more.item_grade[rows] == some.item_grade[rows]).all()
    assert changed(more, "item").sum() == 3 * rows.sum()


def test_nothing_flipped_is_the_same_and_the_original_stays():
    before = judgements()
    assert flipped(before, 0.0, np.random.default_rng(0)) is before
    flipped(before, 1.0, np.random.default_rng(0))
    assert (before.user_grade == judgements().user_grade).all()


def test_a_share_is_a_share():
    with pytest.raises(ValueError, match="between 0 and 1"):
        flipped(judgements(), 1.2, np.random.default_rng(0))
