"""Guesses of columns from common names."""

import pytest
from pydantic import ValidationError

from core.data.sources import (
    ColumnMapping,
    guess_columns,
    guess_item_columns,
    guess_item_mapping,
    guess_user_columns,
    guess_user_mapping,
)
from core.errors import DataError


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            ["userId", "movieId", "rating", "timestamp"],
            {"user": "userId", "item": "movieId", "rating": "rating", "timestamp": "timestamp"},
        ),
        (["uid", "iid"], {"user": "uid", "item": "iid"}),
        (
            ["reviewerID", "asin", "overall", "unixReviewTime"],
            {
                "user": "reviewerID",
                "item": "asin",
                "rating": "overall",
                "timestamp": "unixReviewTime",
            },
        ),
        (["user_id:token", "item_id:token"], {"user": "user_id:token", "item": "item_id:token"}),
        (
            ["user", "item", "stars", "ts", "label", "position", "split"],
            {
                "user": "user",
                "item": "item",
                "rating": "stars",
                "timestamp": "ts",
                "label": "label",
                "position": "position",
                "split": "split",
            },
        ),
        (["a", "b"], {}),
    ],
)
def test_common_names_are_recognised(columns, expected):
    assert guess_columns(columns) == expected


def test_item_columns_are_sorted_into_text_attributes_and_group():
    guess = guess_item_mapping(["id", "name", "Description", "genres", "director", "niche", "x"])
    assert guess.item == "id"
    assert guess.title == "name"
    assert guess.text == ("Description",)
    assert guess.attributes == ("genres", "director")
    assert guess.group == "niche"


def test_without_an_id_the_other_columns_are_still_guessed():
    assert guess_item_columns(["was", "name", "genres"]) == {
        "title": "name",
        "attributes": ("genres",),
    }
    assert guess_user_columns(["wer", "profile"]) == {"text": ("profile",)}
    assert guess_item_columns(["x"]) == {}


def test_files_without_an_id_ask_for_it():
    with pytest.raises(DataError, match="item file"):
        guess_item_mapping(["x"])
    with pytest.raises(DataError, match="user file"):
        guess_user_mapping(["x"])


def test_an_unknown_field_of_a_mapping_is_an_error():
    with pytest.raises(ValidationError):
        ColumnMapping(user="u", item="i", stars="s")
