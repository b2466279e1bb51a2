"""CSV, TSV, JSON lines and Parquet files, with given and guessed columns."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.data.sources import ColumnMapping, ItemMapping, UserMapping, load_raw, preview
from core.errors import DataError

ROWS = [
    {"user_id": "007", "item_id": "a", "rating": 4.5, "timestamp": 1_500_000_000},
    {"user_id": "8", "item_id": "b", "rating": 3.0, "timestamp": 1_500_000_100},
]


def as_text(delimiter):
    lines = [delimiter.join(ROWS[0]), *(delimiter.join(map(str, r.values())) for r in ROWS)]
    return "\n".join(lines) + "\n"


def write_csv(folder):
    path = folder / "data.csv"
    path.write_text(as_text(","))
    return path


def write_tsv(folder):
    path = folder / "data.tsv"
    path.write_text(as_text("\t"))
    return path


def write_double_colon(folder):
    path = folder / "data.dat"
    path.write_text(as_text("::"))
    return path


def write_gzip(folder):
    path = folder / "data.csv.gz"
    path.write_bytes(gzip.compress(as_text(";").encode()))
    return path


def write_jsonl(folder):
    path = folder / "data.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in ROWS))
    return path


def write_parquet(folder):
    path = folder / "data.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), path)
    return path


@pytest.mark.parametrize(
    "write", [write_csv, write_tsv, write_double_colon, write_gzip, write_jsonl, write_parquet]
)
def test_every_format_gives_the_same_rows_and_text_ids(tmp_path, write):
    raw = load_raw(write(tmp_path))
    table = raw.interactions().select(["user_id", "item_id", "rating", "timestamp"])
    assert table.to_pylist() == ROWS  # "007" keeps its zeros
    assert raw.source == "tabular"
    assert raw.columns == ("rating", "timestamp")
    assert raw.problems == ()


def test_a_mapping_names_the_columns(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("who,what,when,where\nu,i,2020-01-02,3\n")
    mapping = ColumnMapping(user="who", item="what", timestamp="when", position="where")
    raw = load_raw(path, mapping)
    (row,) = raw.interactions().to_pylist()
    assert (row["user_id"], row["item_id"], row["position"]) == ("u", "i", 3.0)
    assert row["timestamp"] == 1_577_923_200.0
    assert row["rating"] is None


def test_a_mapped_column_that_is_missing_is_named(tmp_path):
    with pytest.raises(DataError, match=r"'stars' is not a column .* it has: user_id, item_id"):
        load_raw(write_csv(tmp_path), ColumnMapping(user="user_id", item="item_id", rating="stars"))


def test_columns_that_cannot_be_guessed_are_asked_for(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("who,item_id\nu,i\n")
    with pytest.raises(DataError, match=r"looks like the user id. The file has: who, item_id"):
        load_raw(path)


def test_milliseconds_become_seconds(tmp_path):
    path = tmp_path / "ms.csv"
    path.write_text("user,item,ts\nu,i,1500000000000\n")
    raw = load_raw(path)
    assert raw.interactions()["timestamp"].to_pylist() == [1_500_000_000.0]
    assert raw.time_unit == 1000.0


def test_a_file_without_a_header_has_numbered_columns(tmp_path):
    path = tmp_path / "plain.txt"
    path.write_text("1\t10\t5\n2\t20\t4\n")
    assert preview(path).columns == ("column0", "column1", "column2")
    raw = load_raw(path, ColumnMapping(user="column0", item="column1", rating="column2"))
    assert raw.interactions()["item_id"].to_pylist() == ["10", "20"]


def test_items_and_users_come_with_their_texts(tmp_path):
    items = tmp_path / "meta.csv"
    items.write_text(
        "asin,title,overview,plot,genres,niche\nb,B,two,words,x|y,n\na,A,,,,\na,again,,,,\n"
    )
    users = tmp_path / "people.csv"
    users.write_text("user_id,profile\n007,likes gadgets\n")
    raw = load_raw(write_csv(tmp_path), items_path=items, users_path=users)
    found = raw.items(pa.array(["a", "none", "b"])).to_pylist()
    assert [row["title"] for row in found] == ["A", None, "B"]
    assert found[2]["text"] == "two words"
    assert found[2]["attribute:genres"] == "x|y"
    assert found[2]["group"] == "n"
    assert raw.users(pa.array(["8", "007"]))["text"].to_pylist() == [None, "likes gadgets"]


def test_item_and_user_mappings_are_followed(tmp_path):
    items = tmp_path / "meta.csv"
    items.write_text("key,label text,title\na,x|y,t\n")
    mapping = ItemMapping(item="key", text=("label text",), attributes=("title",))
    raw = load_raw(
        write_csv(tmp_path),
        items_path=items,
        items_mapping=mapping,
        users_path=items,
        users_mapping=UserMapping(user="key", text=("title",)),
    )
    (row,) = raw.items(pa.array(["a"])).to_pylist()
    assert (row["title"], row["text"], row["attribute:title"]) == (None, "x|y", "t")
    assert raw.users(pa.array(["a"]))["text"].to_pylist() == ["t"]


def test_lists_and_whole_floats_of_parquet_are_understood(tmp_path):
    path, items = tmp_path / "p.parquet", tmp_path / "i.parquet"
    pq.write_table(pa.table({"user": [1.0, 2.0], "item": [1, 2]}), path)
    pq.write_table(pa.table({"item": [1], "tags": [["x", "y z"]]}), items)
    raw = load_raw(path, items_path=items)
    assert raw.interactions()["user_id"].to_pylist() == ["1", "2"]
    assert raw.items(pa.array(["1"]))["attribute:tags"].to_pylist() == ["x|y z"]


def test_preview_shows_the_first_rows(tmp_path):
    seen = preview(write_csv(tmp_path), n_rows=1)
    assert seen.columns == ("user_id", "item_id", "rating", "timestamp")
    assert [row["user_id"] for row in seen.rows] == ["007"]


def test_a_file_name_with_pattern_signs_is_that_file_only(tmp_path):
    (tmp_path / "data1.csv").write_text("user,item\nwrong,x\n")
    path = tmp_path / "data[1].csv"
    path.write_text("user,item\nright,x\n")
    assert load_raw(path).interactions()["user_id"].to_pylist() == ["right"]
