"""The three layouts of MovieLens, each in two films."""

import pyarrow as pa
import pytest

from core.data.sources import load_raw, sniff_source


def write_100k(folder):
    (folder / "u.data").write_text("196\t242\t3\t881250949\n186\t2\t5\t891717742\n")
    flags = {"Action": 6, "Comedy": 10}
    first = ["0"] * 24
    first[:5] = ["242", "Café (1996)", "01-Jan-1996", "", "http://x"]
    first[flags["Action"]] = first[flags["Comedy"]] = "1"
    second = ["2", 'The "X" (1995)', "01-Jan-1995", "", "", "1", *["0"] * 18]
    lines = "|".join(first) + "\n" + "|".join(second) + "\n"
    (folder / "u.item").write_bytes(lines.encode("latin-1"))


def write_1m(folder):
    (folder / "ratings.dat").write_text("196::242::3::881250949\n186::2::5::891717742\n")
    films = '242::Café (1996)::Action|Comedy\n2::The "X" (1995)::(no genres listed)\n'
    (folder / "movies.dat").write_bytes(films.encode("latin-1"))


def write_latest(folder):
    (folder / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n196,242,3.0,881250949\n186,2,5.0,891717742\n"
    )
    (folder / "movies.csv").write_text(
        'movieId,title,genres\n242,Café (1996),Action|Comedy\n2,"The ""X"" (1995)",'
        "(no genres listed)\n",
        encoding="utf-8",
    )
    (folder / "tags.csv").write_text(
        "userId,movieId,tag,timestamp\n1,242,Funny,1\n2,242,paris,2\n3,242,funny ,3\n"
    )


@pytest.mark.parametrize("write", [write_100k, write_1m, write_latest])
def test_every_layout_is_recognised_and_read(tmp_path, write):
    write(tmp_path)
    assert sniff_source(tmp_path) == "movielens"
    raw = load_raw(tmp_path)
    assert raw.problems == ()  # old releases are Latin-1: nothing to warn about
    rows = raw.interactions().select(["user_id", "item_id", "rating", "timestamp"]).to_pylist()
    assert rows == [
        {"user_id": "196", "item_id": "242", "rating": 3.0, "timestamp": 881250949.0},
        {"user_id": "186", "item_id": "2", "rating": 5.0, "timestamp": 891717742.0},
    ]
    items = raw.items(pa.array(["242", "2"]))
    assert items["title"].to_pylist() == ["Café (1996)", 'The "X" (1995)']
    assert items["attribute:genres"].to_pylist() == ["Action|Comedy", None]


def test_tags_of_latest_are_attributes_the_most_frequent_first(tmp_path):
    write_latest(tmp_path)
    raw = load_raw(tmp_path)
    assert raw.attributes == ("genres", "tags")
    tags = raw.items(pa.array(["242", "2"]))["attribute:tags"].to_pylist()
    assert tags == ["funny|paris", None]
