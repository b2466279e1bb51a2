"""The layout of the sample data."""

import pyarrow as pa
import pytest

from core.data.sources import load_raw
from core.errors import DataError

HEADER = "item_id,title,year,director,genres,keywords,description,niche\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "interactions.csv").write_text(
        "user_id,item_id,timestamp,position,split\nu1,f1,1500000000,2,train\n"
        "u1,f2,1500000001,1,test\n"
    )
    (tmp_path / "catalogue.csv").write_text(
        HEADER + 'f1,Moon,1929,A|B,Drama,moon|rocket,"A rocket, a moon.",hard-sf\n'
        "f2,Sun,2001,C,Comedy,sun,Sun.,feel-good\n"
    )
    return tmp_path


def test_the_layout_is_recognised_and_read(folder):
    raw = load_raw(folder)
    assert raw.source == "catalogue"
    assert raw.columns == ("timestamp", "position", "split")
    assert raw.interactions()["split"].to_pylist() == ["train", "test"]
    assert raw.interactions()["position"].to_pylist() == [2.0, 1.0]
    first = raw.items(pa.array(["f1"])).to_pylist()[0]
    assert first["text"] == "A rocket, a moon."
    assert first["group"] == "hard-sf"
    assert raw.attributes == ("genres", "director", "keywords", "decade")
    assert first["attribute:decade"] == "1920s"
    assert first["attribute:director"] == "A|B"


def test_the_truth_beside_it_is_never_opened(folder):
    (folder / "truth.csv").mkdir()  # opening it as a file would raise
    assert load_raw(folder).interactions().num_rows == 2


def test_a_missing_column_of_the_layout_is_named(folder):
    (folder / "catalogue.csv").write_text("item_id,title\nf1,Moon\n")
    with pytest.raises(DataError, match=r"'year'.* is not a column of catalogue.csv"):
        load_raw(folder)
