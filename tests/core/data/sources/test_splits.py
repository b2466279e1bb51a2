"""A folder with one file per part."""

import pytest

from core.data.sources import load_raw
from core.errors import DataError


def test_the_file_decides_the_split(tmp_path):
    (tmp_path / "train.csv").write_text("user,item\n1,10\n2,20\n")
    (tmp_path / "valid.tsv").write_text("user\titem\n1\t20\n")
    (tmp_path / "test.csv").write_text("user,item\n2,10\n")
    (tmp_path / "items.csv").write_text("item,title\n10,Ten\n20,Twenty\n")
    raw = load_raw(tmp_path)
    assert raw.source == "splits"
    assert raw.columns == ("split",)
    assert raw.has_items
    rows = raw.interactions().select(["user_id", "item_id", "split"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("1", "10", "train"),
        ("2", "20", "train"),
        ("1", "20", "valid"),
        ("2", "10", "test"),
    ]


def test_all_parts_need_the_same_columns(tmp_path):
    (tmp_path / "train.csv").write_text("user,item\n1,10\n")
    (tmp_path / "test.csv").write_text("uid,item\n2,10\n")
    with pytest.raises(DataError, match=r"'user' is not a column of test.csv"):
        load_raw(tmp_path)
