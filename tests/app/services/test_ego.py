from __future__ import annotations

import pandas as pd
import pytest

from app.services import ego, store
from tests.graph_run import write_graph


@pytest.fixture
def run(finished_run, workspace):
    write_graph(finished_run)
    return store.load_run(workspace, finished_run.name)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("user", "b", ["bob"]),
        ("user", "ANN ", ["ann"]),
        ("item", "i", ["i0", "i1", "i2", "i3"]),  # the most connected first
        ("item", "dune", ["i3"]),
        ("item", "bambi</b>", ["i1"]),
        ("item", "_", []),
    ],
)
def test_search(run, kind, text, expected):
    assert ego.search(run, kind, text)["id"].tolist() == expected


def test_the_most_changed_come_first(run):
    found = ego.most_changed(run, "user", 2)
    assert found["id"].tolist() == ["ann", "bob"]
    assert found["moved"].tolist() == [1.5, 1.5]
    assert found[["before", "weakened", "dropped", "added"]].values.tolist() == [
        [2, 1, 0, 1],
        [2, 0, 1, 1],
    ]


def test_a_node_is_found_by_its_exact_id(run):
    assert ego.number_of(run, "user", "bob") == 1
    assert ego.number_of(run, "item", "bob") is None
    assert ego.title_of(run, 3) == "Dune"
    assert ego.profile(run, "item", 3) == "text about i3"


def test_edges_around_a_user_start_with_the_changes(run):
    found = ego.around(run, "user", 0)
    assert found["far_id"].tolist() == ["i2", "i1", "i0"]
    assert found["decision"].tolist() == ["added", "weakened", "kept"]
    assert found["verdict"].tolist() == ["never observed", "clean", "clean"]
    assert found["row"].isna().tolist() == [True, False, False]


def test_edges_around_an_item(run):
    found = ego.around(run, "item", 1)
    assert found["far_id"].tolist() == ["cid", "ann"]
    assert found["decision"].tolist() == ["dropped", "weakened"]
    assert set(found["title"]) == {"<b>Bambi</b>"}


def test_two_steps_away_whole_nodes_fill_the_room(run):
    every = ego.second_hop(run, "user", 0, (0, 1, 2), 10)
    assert every["id"].tolist() == ["bob", "bob", "cid", "cid"]
    assert every["near"].tolist() == [0, 2, 0, 1]
    assert every["decision"].tolist() == ["added", "kept", "kept", "dropped"]
    assert ego.second_hop(run, "user", 0, (0, 1, 2), 3)["id"].tolist() == ["bob", "bob"]
    assert ego.second_hop(run, "user", 0, (0, 1, 2), 1).empty


def test_two_steps_away_who_shares_most_comes_before_a_lower_number(run):
    # Of i0 and i1, cid (number 2) shares both and bob (number 1) one.
    every = ego.second_hop(run, "user", 0, (0, 1), 3)
    assert every["id"].tolist() == ["cid", "cid", "bob"]
    assert ego.second_hop(run, "user", 0, (0, 1), 2)["id"].tolist() == ["cid", "cid"]


def test_an_edge_that_keeps_95_percent_is_kept_here_too(run):
    path = run.folder / "edges.parquet"
    edges = pd.read_parquet(path)
    edges["weight"] = edges["weight"].replace(0.5, 0.95).astype("float32")
    edges.to_parquet(path)
    assert ego.most_changed(run, "user", 3)["weakened"].tolist() == [0, 0, 0]
    assert "weakened" not in ego.around(run, "user", 0)["decision"].tolist()
    assert "weakened" not in ego.second_hop(run, "user", 1, (0, 1), 9)["decision"].tolist()
