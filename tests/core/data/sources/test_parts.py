"""A table in many Parquet files, as data warehouses write it."""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.config import PrepareConfig
from core.data.prepare import prepare
from core.data.sources import ColumnMapping, load_raw, preview, sniff_source
from core.errors import DataError


def rows(n=400):
    return pa.table({
        "user_id": [f"u{(k * 7) % 23}" for k in range(n)],
        "item_id": [f"i{(k * 5) % 31}" for k in range(n)],
        "rating": [float(k % 5 + 1) for k in range(n)],
        "timestamp": [1_700_000_000 + k for k in range(n)],
        "day": [f"2024-01-{k % 3 + 1:02}" for k in range(n)],
    })  # fmt: skip


@pytest.fixture
def parts(tmp_path):
    """The rows in a folder for each day, as DuckDB writes them."""
    folder = tmp_path / "clicks"
    connection = duckdb.connect()
    connection.register("clicks", rows())
    connection.execute(f"COPY clicks TO '{folder}' (FORMAT parquet, PARTITION_BY (day))")
    (folder / "_SUCCESS").write_text("")
    return folder


def pairs(raw):
    table = raw.interactions().select(["user_id", "item_id", "rating", "timestamp"])
    return sorted(map(tuple, (row.values() for row in table.to_pylist())))


def test_the_parts_of_a_table_are_the_table(parts, tmp_path):
    pq.write_table(rows(), tmp_path / "clicks.parquet")
    assert sniff_source(parts) == "tabular"
    whole, split = load_raw(tmp_path / "clicks.parquet"), load_raw(parts)
    assert pairs(split) == pairs(whole)
    assert split.unused == whole.unused == ("day",)  # a column, though it is in no file
    config = PrepareConfig(split="time")
    left, right = prepare(split, config).dataset, prepare(whole, config).dataset
    assert left.fingerprint == right.fingerprint


def test_what_is_in_names_of_folders_can_be_mapped(parts):
    raw = load_raw(parts, ColumnMapping(user="user_id", item="day"))
    found = set(raw.interactions()["item_id"].to_pylist())
    assert len(found) == 3
    assert len(preview(parts).rows) == 5


def test_files_beside_the_parts_are_no_parts(parts):
    pq.write_table(rows(5), parts / "_metadata.parquet")
    pq.write_table(rows(5), parts / ".tmp.parquet")
    assert load_raw(parts).n_rows() == 400


def test_a_damaged_part_is_refused_with_advice(parts):
    (parts / "day=2024-01-01" / "data_9.parquet").write_bytes(b"PAR1 cut off")
    with pytest.raises(DataError, match="must hold the Parquet parts of one table"):
        load_raw(parts)


def test_several_tables_in_a_folder_are_not_taken_for_one(tmp_path):
    pq.write_table(rows(), tmp_path / "clicks.parquet")
    pq.write_table(pa.table({"item_id": ["i1"], "title": ["One"]}), tmp_path / "films.parquet")
    with pytest.raises(DataError, match="choose the file of interactions itself"):
        load_raw(tmp_path)


def test_rows_without_an_id_are_counted_and_left_out(tmp_path):
    table = pa.table({"user_id": ["a", None, "b", "c"], "item_id": ["x", "y", None, "x"]})
    pq.write_table(table, tmp_path / "clicks.parquet")
    raw = load_raw(tmp_path / "clicks.parquet")
    assert raw.n_rows() == 4
    assert raw.rows_with_ids("user_id")[0].to_pylist() == ["a", "c"]
