"""The invented run has every table of a run, and they agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from app.services import maps, query, store
from benchmarks import large_run
from benchmarks.synthetic import make_world


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    workspace = tmp_path_factory.mktemp("large")
    large_run.main(
        ["--out", str(workspace), "--interactions", "3000", "--points", "300", "--epochs", "2"]
    )
    return store.load_run(workspace, store.run_ids(workspace)[0])


def test_every_table_is_there_and_says_that_it_is_invented(run):
    for table in (*query.TABLES, "kinds", *query.OF_DATASET):
        assert query.has(run, table)
    assert "synthetic" in run.manifest.judge
    assert "synthetic" in run.manifest.dataset
    assert sum(run.manifest.verdicts.values()) == run.manifest.n_interactions == 3000


def test_tables_agree(run):
    interactions = pd.read_parquet(run.folder / "interactions.parquet")
    assert interactions["row"].tolist() == list(range(3000))
    assert not interactions.duplicated(["user", "item"]).any()
    assert (interactions.sort_values(["user", "item"])["row"].diff().dropna() == 1).all()
    history = pd.read_parquet(run.folder / "loss_history.parquet")
    assert len(history) == 2 * 3000
    assert len(maps.points(run, "nodes")) == 300


def test_the_seed_decides_and_too_many_interactions_are_refused():
    first, second = (make_world(500, 60, 40, np.random.default_rng(3)) for _ in range(2))
    assert (first.item == second.item).all()
    with pytest.raises(ValueError, match="name more nodes"):
        make_world(2000, 60, 40, np.random.default_rng(3))
