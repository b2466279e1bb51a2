"""Overlap and walks against values worked by hand."""

import numpy as np
import pytest

from core.data.content import audience_matrix, content_matrix, jaccard, neighbours, walk
from core.types import Interactions, Items


def test_content_is_words_and_attribute_values_without_the_group():
    items = Items(
        id=("a", "b", "c"),
        title=("The Red Moon", "Moon", ""),
        text=("", "of a RED moon!", ""),
        attributes={"genres": (("Drama",), ("drama", "War"), ())},
        group=("same", "same", "same"),
    )
    matrix = content_matrix(items)
    # a: red, moon, drama; b: moon, red, drama, war; c: nothing.
    assert np.diff(matrix.indptr).tolist() == [3, 4, 0]
    overlap = jaccard(matrix, np.array([0, 0, 2, 0]), np.array([1, 2, 2, 0]))
    assert overlap == pytest.approx([3 / 4, 0.0, 0.0, 1.0])


def test_audience_overlap_is_shared_users_over_all_users():
    train = Interactions(np.array([0, 1, 2, 1, 2, 3]), np.array([0, 0, 0, 1, 1, 1]), 4, 2)
    matrix = audience_matrix(train, np.random.default_rng(0))
    assert jaccard(matrix, np.array([0]), np.array([1])) == pytest.approx([2 / 4])


def test_large_audiences_are_thinned_alike():
    user = np.tile(np.arange(1000), 2)
    train = Interactions(user, np.repeat([0, 1], 1000), 1000, 2)
    matrix = audience_matrix(train, np.random.default_rng(0))
    assert np.diff(matrix.indptr).tolist() == [256, 256]
    assert jaccard(matrix, np.array([0]), np.array([1])) == pytest.approx([1.0])


def test_drawing_follows_the_weights_and_says_where_there_is_nothing():
    items = Items(("a", "b"), ("", ""), ("one two six", ""))
    matrix = content_matrix(items)
    token = neighbours(matrix, np.array([0.0, 3.0, 1.0]))
    rng = np.random.default_rng(0)
    drawn = token.draw(np.zeros(8000, dtype=int), rng)
    share = np.bincount(drawn, minlength=3) / 8000
    assert share == pytest.approx([0.0, 0.75, 0.25], abs=0.03)
    assert token.draw(np.array([1, 1]), rng).tolist() == [-1, -1]


def test_a_walk_stays_within_what_is_connected():
    items = Items(("a", "b", "c", "d"), ("red", "red", "blue", ""), ("", "", "", ""))
    matrix = content_matrix(items)
    start = np.repeat([0, 2, 3], 200)
    end = walk(neighbours(matrix), neighbours(matrix.T), start, np.random.default_rng(0))
    assert set(end[:200]) == {0, 1}
    assert set(end[200:400]) == {2}
    assert set(end[400:]) == {-1}
