from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.services import graph_diff, selection, store
from app.services.graph_diff import Filter
from core.errors import DataError
from tests.graph_run import write_graph


@pytest.fixture
def folder(finished_run):
    write_graph(finished_run)
    return finished_run


@pytest.fixture
def run(folder, workspace):
    return store.load_run(workspace, folder.name)


def pairs(found):
    return list(zip(found["user_id"], found["item_id"], strict=True))


def test_totals(run):
    assert graph_diff.totals(run).iloc[0].to_dict() == {
        **{"original": 6, "refined": 6, "kept": 3, "weakened": 1, "dropped": 2, "added": 2},
        **{"weakened 0-0.25": 0, "weakened 0.25-0.5": 0},
        **{"weakened 0.5-0.75": 1, "weakened 0.75-0.95": 0},
        **{"weight": 5.0, "users_alone": 0, "items_alone": 1},  # only bob had Dune
    }


def test_flows_count_edges_and_planted_noise(run):
    found = graph_diff.flows(run).set_index(["verdict", "decision"])
    assert found["n"].to_dict() == {
        ("hard", "kept"): 2,
        ("noisy", "dropped"): 2,
        ("never observed", "added"): 2,
        ("clean", "kept"): 1,
        ("clean", "weakened"): 1,
    }
    assert found.loc[("noisy", "dropped"), "planted"] == 0.5
    assert found.loc[("hard", "kept"), "planted"] == 0.0
    assert pd.isna(found.loc[("never observed", "added"), "planted"])
    assert found.loc[("never observed", "added"), "weight"] == 0.75


def test_without_planted_noise_its_share_is_not_known(run, folder):
    (folder / "kinds.parquet").unlink()
    assert graph_diff.flows(run)["planted"].isna().all()


@pytest.mark.parametrize(
    ("kind", "graph", "expected"),
    [
        ("user", "original", {2.0: 1.0}),
        ("user", "refined", {1.0: 1.0, 1.5: 2 / 3, 2.5: 1 / 3}),
        ("item", "original", {1.0: 1.0, 2.0: 0.5}),
        ("item", "refined", {0.5: 0.75, 2.0: 0.5, 2.5: 0.25}),  # one item has nothing left
    ],
)
def test_degrees_are_shares_of_nodes_with_at_least_so_much_weight(run, kind, graph, expected):
    found = graph_diff.degrees(run)
    rows = found[(found["kind"] == kind) & (found["graph"] == graph)]
    assert dict(zip(rows["degree"], rows["share"], strict=True)) == pytest.approx(expected)


def test_pages_are_ordered_and_carry_the_rationale(run):
    first = graph_diff.page(run, Filter(), "P(noisy), high first", 2, 0)
    assert pairs(first) == [("bob", "i3"), ("cid", "i1")]
    assert first["user_reason"].tolist() == ["Avoids <b>deserts</b>", ""]
    assert first["row"].tolist() == [3, 5]
    last = graph_diff.page(run, Filter(), "P(noisy), high first", 2, 4)
    assert pairs(last) == [("bob", "i0")]
    assert last["row"].isna().all()  # never observed
    assert last["title"].tolist() == ["Alien"]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (Filter(), {("ann", "i1"), ("bob", "i3"), ("cid", "i1"), ("ann", "i2"), ("bob", "i0")}),
        (Filter(decisions=("added",)), {("ann", "i2"), ("bob", "i0")}),
        (Filter(verdicts=("clean",)), {("ann", "i1")}),
        (Filter(reason="**noise**"), {("bob", "i3"), ("cid", "i1")}),
        (Filter(text="DUNE"), {("bob", "i3")}),
        (Filter(text="ann"), {("ann", "i1"), ("ann", "i2")}),
        (Filter(text="%"), set()),
        (Filter(text="'; DROP TABLE edge; --"), set()),
    ],
)
@pytest.mark.parametrize("order", graph_diff.ORDERS)
def test_filters(run, which, expected, order):
    assert set(pairs(graph_diff.page(run, which, order, 50, 0))) == expected
    n_observed = len(expected - {("ann", "i2"), ("bob", "i0")})
    assert graph_diff.count(run, which) == (len(expected), n_observed)


def test_a_review_list_leaves_its_interactions_alone(run):
    which = Filter(chosen=selection.save(run, [1, 3], "two"))
    assert graph_diff.rows(run, which) == [1, 3]
    assert graph_diff.count(run, which) == (2, 2)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_export_has_all_pages(run, tmp_path, suffix):
    target = tmp_path / f"edges{suffix}"
    graph_diff.export(run, Filter(), "User", target)
    found = pd.read_csv(target) if suffix == ".csv" else pd.read_parquet(target)
    assert pairs(found) == [
        ("ann", "i1"),
        ("ann", "i2"),
        ("bob", "i0"),
        ("bob", "i3"),
        ("cid", "i1"),
    ]


def test_a_damaged_table_is_explained(run, folder):
    (folder / "edges.parquet").write_text("{")
    with pytest.raises(DataError, match=r"edges\.parquet"):
        graph_diff.totals(run)


@pytest.fixture
def soft(run):
    """The same graph with soft weights, as the file has them: float32, and 1 - p_noisy told."""
    path = run.folder / "edges.parquet"
    edges = pd.read_parquet(path)
    edges = edges[edges["in_original"]].assign(in_refined=True, origin="kept")
    edges["weight"] = pd.Series([1.0, 0.95, 0.94, 0.1, 0.75, 0.25], edges.index, "float32")
    edges["reason"] = [f"weight by p_noisy {1 - weight:.2f}" for weight in edges["weight"]]
    edges.to_parquet(path)
    return run


def test_soft_weights_are_told_in_bands_and_from_095_as_kept(soft):
    totals = graph_diff.totals(soft).iloc[0]
    assert totals[["kept", "weakened", "dropped", "added"]].tolist() == [2, 4, 0, 0]
    assert {band: totals[f"weakened {band}"] for band in graph_diff.BANDS} == {
        **{"0-0.25": 1, "0.25-0.5": 1, "0.5-0.75": 0, "0.75-0.95": 2}
    }
    found = graph_diff.flows(soft)
    assert set(found["reason"]) == {"weight by p_noisy"}
    assert found.set_index(["verdict", "decision", "band"])["n"].to_dict() == {
        ("clean", "kept", ""): 2,
        ("hard", "weakened", "0.75-0.95"): 2,
        ("noisy", "weakened", "0-0.25"): 1,
        ("noisy", "weakened", "0.25-0.5"): 1,
    }


def test_edges_are_filtered_by_the_reason_without_its_number(soft):
    which = Filter(reason="weight by p_noisy")
    found = graph_diff.page(soft, which, "Weight, low first", 9, 0)
    assert found["reason"].tolist()[0] == "weight by p_noisy 0.90"  # the edge itself says all
    assert graph_diff.count(soft, which) == (4, 4)
    assert graph_diff.count(soft, Filter(decisions=("kept",), reason="weight by p_noisy"))[0] == 2


def test_an_unknown_p_noisy_comes_last(run):
    path = run.folder / "interactions.parquet"
    table = pd.read_parquet(path).to_dict("list")
    table["p_noisy"][3] = float("nan")
    pq.write_table(pa.table(table), path)  # from pandas it would be written as NULL
    first = graph_diff.page(run, Filter(decisions=("dropped",)), "P(noisy), high first", 9, 0)
    assert first["row"].tolist() == [5, 3]
