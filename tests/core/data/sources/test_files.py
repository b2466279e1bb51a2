"""Files that are no table, in another encoding, or broken in places."""

import gzip

import pytest

from core.data.sources import ColumnMapping, load_raw
from core.errors import DataError


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (b"user_id,item_id\n", "has a header and no rows"),
        (b"<!DOCTYPE html><html><body>log in</body></html>", "is a web page"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a binary file"),
        (b"PAR1 cut off", "cannot be read as a table"),
        (b'{"user_id": \n', "No column looks like the user or the item id"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_advice(tmp_path, content, message):
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        load_raw(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="There is nothing at"):
        load_raw(tmp_path / "none.csv")


def test_a_folder_in_no_known_layout_lists_its_files(tmp_path):
    (tmp_path / "notes.md").write_text("x")
    with pytest.raises(DataError, match=r"holds: notes.md"):
        load_raw(tmp_path)


def test_a_cut_off_gzip_file_is_damaged(tmp_path):
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(b"user,item\n" + b"a,b\n" * 999)[:-20])
    with pytest.raises(DataError, match="ownload it again"):
        load_raw(path)


def test_bytes_that_are_not_utf8_are_read_as_latin_1_and_the_others_as_they_are(tmp_path):
    path = tmp_path / "mixed.csv"
    path.write_bytes("user,item\nJosé,a\n".encode() + "Zoë,b\n".encode("latin-1"))
    raw = load_raw(path)
    assert raw.interactions()["user_id"].to_pylist() == ["José", "Zoë"]
    (problem,) = raw.problems
    assert (problem.severity, problem.count) == ("warning", 1)
    assert problem.rows == [{"line": 3, "text": "Zoë,b"}]


def test_utf16_is_recognised_by_its_mark(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_bytes("user,item\nJosé,a\n".encode("utf-16"))
    assert load_raw(path).interactions()["user_id"].to_pylist() == ["José"]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    path = tmp_path / "marked.csv"
    path.write_bytes(b"\xef\xbb\xbf" + b"user_id,item_id\r\nu,i\r\n")
    assert load_raw(path).interactions()["item_id"].to_pylist() == ["i"]


def test_lines_with_another_number_of_columns_are_left_out_and_shown(tmp_path):
    path = tmp_path / "broken.csv"
    path.write_text('user,item\na,"x, y"\nb\nc,d,e\nf,g\n')
    raw = load_raw(path)
    assert raw.interactions()["item_id"].to_pylist() == ["x, y", "g"]
    (problem,) = raw.problems
    assert problem.count == 2
    assert [row["text"] for row in problem.rows] == ["b", "c,d,e"]


def test_broken_json_lines_are_left_out_and_counted(tmp_path):
    path = tmp_path / "broken.jsonl"
    path.write_text('{"user":"a","item":"x"}\n{"user":"b","item"\n{"user":"c","item":"y"}\n')
    raw = load_raw(path)
    assert [u for u in raw.interactions()["user_id"].to_pylist() if u] == ["a", "c"]
    (problem,) = raw.problems
    assert (problem.count, problem.severity) == (1, "warning")


def test_repeated_column_names_are_told_apart(tmp_path):
    path = tmp_path / "twice.csv"
    path.write_text("user,item,item\nu,first,second\n")
    raw = load_raw(path)
    assert raw.interactions()["item_id"].to_pylist() == ["first"]
    assert raw.unused == ("item_2",)


def test_names_and_values_with_quotes_are_no_sql(tmp_path):
    path = tmp_path / "it's.csv"
    path.write_text('user\'); DROP TABLE x; --,item_id,"a""b"\nu,i,\'v\'\n')
    mapping = ColumnMapping(user="user'); DROP TABLE x; --", item="item_id", rating='a"b')
    raw = load_raw(path, mapping)
    assert raw.interactions()["user_id"].to_pylist() == ["u"]
