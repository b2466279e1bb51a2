import numpy as np

from core.incidence import attribute_table, interaction_matrix
from core.types import Interactions, Items


def test_repeated_pairs_count_once():
    train = Interactions(np.array([0, 0, 1]), np.array([2, 2, 0]), 2, 3)
    assert interaction_matrix(train).toarray().tolist() == [[0, 0, 1], [1, 0, 0]]


def test_equal_values_of_two_columns_stay_apart_and_case_does_not_matter():
    items = Items(
        ("a", "b"),
        ("A", "B"),
        ("", ""),
        {"genres": (("Horror",), ("horror ", "Drama")), "mood": (("Horror",), ())},
    )
    table = attribute_table(items)
    assert list(zip(table.column, table.value, strict=True)) == [
        ("genres", "Horror"),
        ("genres", "Drama"),
        ("mood", "Horror"),
    ]
    assert table.matrix.toarray().tolist() == [[1, 0, 1], [1, 1, 0]]


def test_rare_values_can_be_left_out():
    items = Items(("a", "b"), ("A", "B"), ("", ""), {"g": (("x", "y"), ("x",))})
    assert attribute_table(items, least_items=2).value == ("x",)


def test_a_catalogue_without_attributes_has_an_empty_table():
    table = attribute_table(Items(("a",), ("A",), ("",)))
    assert table.matrix.shape == (1, 0)
