from __future__ import annotations

import errno
import io
import pickle
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.services import source_preview
from core.errors import DataError

ODD = "Wer;Was;**Sterne**\na;x;5\nb;y;\n"


def test_a_file_is_recognised_and_its_first_rows_are_text(tmp_path):
    (tmp_path / "odd.csv").write_text(ODD)
    source = source_preview.recognise(str(tmp_path / "odd.csv"))
    assert (source.layout, source.mappable) == ("tabular", True)
    seen = source_preview.first_rows(source.files[0])
    assert list(seen.columns) == ["Wer", "Was", "**Sterne**"]
    assert seen.to_numpy().tolist() == [["a", "x", "5"], ["b", "y", None]]


def test_no_more_rows_are_read_than_wanted(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("u,i\n" + "a,b\n" * 1000)
    assert len(source_preview.first_rows(path)) == 200


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (bytes(range(256)) * 20, "is a binary file"),
        (pickle.dumps({"a": 1}), "is a binary file"),
        (b"u,i\n", "no rows"),
        (b"<!doctype html><p>", "web page"),
        (b"PAR1 not really", "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused_in_words(tmp_path, content, message):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        source_preview.first_rows(path)


def test_latin_1_is_read(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes("user,item\nMüller,é\n".encode("latin-1"))
    assert source_preview.first_rows(path).to_numpy().tolist() == [["Müller", "é"]]


def test_a_folder_of_ratings_and_films_shows_the_ratings_first(tmp_path):
    for name in ("movies.csv", "ratings.csv", "tags.csv", "README.txt"):
        (tmp_path / name).write_text("a,b\n1,2\n")
    source = source_preview.recognise(str(tmp_path))
    assert (source.layout, source.mappable) == ("movielens", False)
    assert [file.name for file in source.files] == ["ratings.csv", "movies.csv", "tags.csv"]


def test_parts_of_a_table_are_looked_at_as_one(tmp_path):
    for day in ("01", "02"):
        (tmp_path / f"day={day}").mkdir()
        table = pa.table({"user_id": [f"u{day}"], "item_id": ["i"]})
        pq.write_table(table, tmp_path / f"day={day}" / "part.parquet")
    found = source_preview.recognise(str(tmp_path))
    assert found.files == (tmp_path,)
    assert found.mappable
    assert set(source_preview.first_rows(found.files[0])["user_id"]) == {"u01", "u02"}


def test_a_published_split_brings_its_items(tmp_path):
    for name in ("test.csv", "train.csv", "items.csv"):
        (tmp_path / name).write_text("user,item\na,b\n")
    source = source_preview.recognise(str(tmp_path))
    assert source.files[0].name == "train.csv"
    assert source.items == tmp_path / "items.csv"


def test_columns_are_proposed():
    assert source_preview.propose_interactions(["userId", "stars", "movieId"]) == {
        "user": "userId",
        "item": "movieId",
        "rating": "stars",
    }
    assert source_preview.propose_items(["movieId", "title", "genres"])["attributes"] == ("genres",)
    assert source_preview.propose_items(["x", "y"]) == {}


def test_an_upload_is_kept_under_a_safe_name(tmp_path):
    path = source_preview.keep_upload(io.BytesIO(b"a,b\n"), "../../My file!.CSV", tmp_path)
    assert path == tmp_path / "uploads" / "My-file.csv"
    assert path.read_bytes() == b"a,b\n"


def test_an_upload_never_replaces_another_file(tmp_path):
    first = source_preview.keep_upload(io.BytesIO(b"1"), "x.csv", tmp_path)
    again = source_preview.keep_upload(io.BytesIO(b"1"), "x.csv", tmp_path)
    other = source_preview.keep_upload(io.BytesIO(b"2"), "x.csv", tmp_path)
    assert first == again != other
    assert (first.read_bytes(), other.name) == (b"1", "x-2.csv")
    assert len(list((tmp_path / "uploads").iterdir())) == 2


@pytest.mark.parametrize("name", ["x.pkl", "x.csv.exe", "x", ".csv"])
def test_other_kinds_of_files_are_not_kept(tmp_path, name):
    with pytest.raises(DataError, match=r"Only \.csv"):
        source_preview.keep_upload(io.BytesIO(b"1"), name, tmp_path)


@pytest.mark.parametrize("links", [True, False])
def test_uploads_of_one_name_at_once_never_mix(tmp_path, monkeypatch, links):
    def no_links(*_):
        raise OSError(errno.EOPNOTSUPP, "no hard links here")

    if not links:
        monkeypatch.setattr(source_preview.os, "link", no_links)
    contents = [str(number).encode() * 300_000 for number in range(8)]

    def keep(content):
        return source_preview.keep_upload(io.BytesIO(content), "x.csv", tmp_path)

    with ThreadPoolExecutor(8) as threads:
        paths = list(threads.map(keep, contents))
    assert [path.read_bytes() for path in paths] == contents
    assert sorted(set(paths)) == sorted((tmp_path / "uploads").iterdir())
    assert len(set(paths)) == 8


def test_one_file_uploaded_eight_times_at_once_is_kept_once(tmp_path):
    def keep(_):
        return source_preview.keep_upload(io.BytesIO(b"1" * 300_000), "x.csv", tmp_path)

    with ThreadPoolExecutor(8) as threads:
        paths = set(threads.map(keep, range(8)))
    assert paths == {tmp_path / "uploads" / "x.csv"} == set((tmp_path / "uploads").iterdir())
