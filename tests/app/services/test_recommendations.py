from __future__ import annotations

import json

import pandas as pd
import pytest

from app.services import recommendations, store
from core.errors import DataError
from tests.graph_run import write_graph


@pytest.fixture
def folder(finished_run):
    write_graph(finished_run)
    return finished_run


@pytest.fixture
def run(folder, workspace):
    return store.load_run(workspace, folder.name)


@pytest.mark.parametrize("k", [1, 10])
def test_places_before_and_after_without_the_items_of_training(run, k):
    found = recommendations.top(run, 0, k).set_index("item_id")
    # ann met i0 and i1. Before, (1, 0): i3 0.4 > i2 0.2. After, (0, 1): i2 0.9 > i3 0.1.
    assert found.index.tolist() == ["i2", "i3"]
    assert found["before"].to_dict() == {"i2": 2, "i3": 1}
    assert found["after"].to_dict() == {"i2": 1, "i3": 2}


def test_what_speaks_for_a_move(run):
    found = recommendations.top(run, 0).set_index("item_id")
    assert found["edge_added"].to_dict() == {"i2": True, "i3": False}
    assert found["item_added"].to_dict() == {"i2": 1, "i3": 0}
    assert found["item_dropped"].to_dict() == {"i2": 0, "i3": 1}
    assert found["near_title"].to_dict() == {"i2": "<b>Bambi</b>", "i3": "Alien"}
    assert found["near_decision"].to_dict() == {"i2": "weakened", "i3": "kept"}
    assert found["near"].tolist() == [1.0, 1.0]


def test_test_hits_are_marked_where_there_is_a_test_set(run, workspace):
    found = recommendations.top(run, 0).set_index("item_id")
    assert found["hit"].to_dict() == {"i2": False, "i3": True}
    assert recommendations.n_test(run, 0) == 1
    (workspace / "datasets" / "six rows" / "test.parquet").unlink()
    assert recommendations.top(run, 0)["hit"].isna().all()
    assert recommendations.n_test(run, 0) is None


def test_a_changed_file_is_read_again(run, folder):
    recommendations.top(run, 0)
    vectors = pd.read_parquet(folder / "vectors.parquet")
    vectors["refined"] = vectors["plain"]
    vectors.to_parquet(folder / "vectors.parquet")
    found = recommendations.top(run, 0)
    assert (found["before"] == found["after"]).all()


def test_damaged_vectors_are_explained(run, folder):
    (folder / "vectors.parquet").write_text("{")
    with pytest.raises(DataError, match=r"vectors\.parquet"):
        recommendations.top(run, 0)


def test_hits_of_a_dataset_prepared_again_are_not_known(run, workspace):
    manifest = run.manifest.model_copy(update={"dataset_fingerprint": "a"})
    run = store.Run(run.id, run.folder, manifest)
    said = workspace / "datasets" / "six rows" / "manifest.json"
    said.write_text(json.dumps({"fingerprint": "a"}))
    assert recommendations.n_test(run, 0) == 1
    said.write_text(json.dumps({"fingerprint": "b"}))
    assert recommendations.n_test(run, 0) is None
    assert recommendations.top(run, 0)["hit"].isna().all()


def test_an_unknown_nearness_is_never_the_nearest(run, folder):
    nodes = pd.read_parquet(folder / "embeddings.parquet")
    nodes.at[3, "aligned"] = [float("nan")] * 2  # i0, of ann's history; i1 is known
    nodes.to_parquet(folder / "embeddings.parquet")
    found = recommendations.top(run, 0).set_index("item_id")
    assert found["near_title"].tolist() == ["<b>Bambi</b>"] * 2
    assert found["near"].to_dict() == {"i2": 1.0, "i3": 0.0}
    nodes.at[4, "aligned"] = [float("nan")] * 2
    nodes.to_parquet(folder / "embeddings.parquet")
    assert (
        recommendations.top(run, 0)[["near_title", "near_decision", "near"]].isna().to_numpy().all()
    )
