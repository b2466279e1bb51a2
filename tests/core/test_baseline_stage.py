"""A run of a baseline is a whole run folder, whose p_noisy is the rank of its suspicion."""

import json
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from core.baseline_stage import SUSPICION, baseline_note, ranks, suspected
from core.baselines import METHODS
from core.errors import ConfigError
from core.method_names import OURS, MethodName
from core.pipeline import run_pipeline
from tests.worlds import fewer_trees, tastes, tiny_run


@pytest.fixture(scope="module", autouse=True)
def quick():
    with pytest.MonkeyPatch.context() as patch:
        fewer_trees(patch)
        yield


@pytest.fixture(scope="module")
def data():
    return tastes()[0]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """What comes before the training is the same for every method."""
    return tmp_path_factory.mktemp("cache")


def test_every_method_has_a_name_in_the_settings():
    assert set(get_args(MethodName)) == {OURS, *METHODS}


def test_ranks_are_shares_with_ties_in_the_middle():
    assert ranks(np.array([3.0, 1.0, 3.0, 0.0])).tolist() == [0.75, 0.375, 0.75, 0.125]


def test_without_a_suspicion_nothing_is_noisy():
    signals = {"p_noisy": np.full(3, 0.9, np.float32), "noise_rate": np.array(0.4)}
    found = suspected(signals, {})
    assert found["p_noisy"].tolist() == [0, 0, 0]
    assert float(found["noise_rate"]) == 0
    found = suspected(signals, {SUSPICION: np.array([5.0, 7.0, 6.0])})
    assert np.allclose(found["p_noisy"], [1 / 6, 5 / 6, 3 / 6])
    assert float(found["noise_rate"]) == 0.4


def test_options_reach_the_training_and_the_files_and_a_resume_with_others_is_refused(
    data, cache, tmp_path
):
    def run(alpha, folder):
        run_pipeline(data, tiny_run(method="r-ce", method_options={"alpha": alpha}), folder, cache)
        return pd.read_parquet(folder / "interactions.parquet")["p_noisy"]

    mild, steep = run(0.1, tmp_path / "a"), run(3.0, tmp_path / "b")
    assert not np.array_equal(mild, steep)
    written = json.loads((tmp_path / "a" / "settings.json").read_text())["settings"]
    assert written["method_options"] == {"alpha": 0.1}
    with pytest.raises(ConfigError, match="other settings"):
        run(3.0, tmp_path / "a")
    assert np.array_equal(run(0.1, tmp_path / "a"), mild)


def test_what_a_baseline_misses_is_said_before_any_work(data, cache, tmp_path, monkeypatch):
    monkeypatch.setattr("core.baseline_stage.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="needs the package cleanlab"):
        run_pipeline(data, tiny_run(method="cleanlab"), tmp_path / "a", cache)
    deep = tiny_run(method="xsimgcl", method_options={"contrast_layer": 9})
    with pytest.raises(ConfigError, match=r"contrast_layer is 9.*layers"):
        run_pipeline(data, deep, tmp_path / "a", cache)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("name", ["r-ce-pairwise", "dns", "text-only", "rlmrec"])
def test_its_tables_are_those_of_any_run(name, data, cache, tmp_path):
    outcome = run_pipeline(data, tiny_run(method=name), tmp_path, cache)
    table = pd.read_parquet(tmp_path / "interactions.parquet")
    edges = pd.read_parquet(tmp_path / "edges.parquet")
    n_rows = len(data.train)
    assert len(table) == n_rows
    order = table["p_noisy"].rank()
    assert np.allclose(table["p_noisy"], (order - 0.5) / n_rows)
    assert set(table["verdict"]) <= {"clean", "noisy"}
    n_noisy = round(outcome.noise_rate * n_rows)
    assert (table["verdict"] == "noisy").sum() == pytest.approx(n_noisy, abs=3)  # but for ties
    assert (table["user_grade"] == -1).all()
    assert not table["user_reason"].any()
    assert edges["in_refined"].all()
    assert len(edges) == n_rows
    assert outcome.preset == "none"
    assert not (tmp_path / "warm.npz").exists()


def test_a_baseline_finds_noise_by_its_own_lights_and_says_what_it_is(data, cache, tmp_path):
    run_pipeline(data, tiny_run(method="text-only"), tmp_path, cache)
    noise = tastes()[1]
    p_noisy = pd.read_parquet(tmp_path / "interactions.parquet")["p_noisy"].to_numpy()
    # Texts name the taste, so that of items of another taste stands apart.
    assert p_noisy[noise].mean() > 0.8
    assert p_noisy[~noise].mean() < 0.5
    assert "Text-only threshold" in baseline_note("text-only")


def test_who_ranks_and_who_only_looks(data, cache, tmp_path):
    looks = run_pipeline(data, tiny_run(method="text-only"), tmp_path / "a", cache)
    plain = looks.ranking["bpr_recall20"]
    assert looks.ranking["recall20"] == plain
    trained = run_pipeline(data, tiny_run(method="dns"), tmp_path / "b", cache)
    assert trained.ranking["bpr_recall20"] == plain
    assert trained.ranking["recall20"] != plain


def test_the_page_on_baselines_names_every_one_as_the_table_does():
    page = (Path(__file__).parents[2] / "docs" / "baselines.md").read_text(encoding="utf-8")
    for method in METHODS.values():
        assert f"| `{method.name}` | {method.title} | {method.paper} | {method.suspicion} |" in page
