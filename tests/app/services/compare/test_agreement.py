"""What is tried on a run is what a run with the settings kept from it decides."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from app.services import store
from app.services.compare import next_settings, scenario, signals
from app.services.compare.expressed import expressed
from app.services.compare.what_if import outcome
from core.config import RunConfig
from core.pipeline import run_pipeline
from core.types import VERDICTS
from tests.worlds import fewer_trees, tastes, tiny_run


@pytest.fixture(scope="module")
def data():
    return tastes()[0]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module", autouse=True)
def quick():
    with pytest.MonkeyPatch.context() as patch:
        fewer_trees(patch)
        yield


def made(data, config, workspace, name, cache):
    """A run of the pipeline with the manifest that these questions need."""
    folder = workspace / "runs" / name
    found = run_pipeline(data, config, folder, cache)
    counts = np.bincount(found.scores.verdict, minlength=len(VERDICTS))
    manifest = {
        **{"run_id": name, "created": "2030-01-02T03:04:05+00:00", "dataset": "tastes"},
        **{"judge": found.judge, "noise_rate": found.noise_rate, "preset": found.preset},
        **{"n_users": data.train.n_users, "n_items": data.train.n_items},
        "n_interactions": len(data.train),
        "threshold": None if np.isnan(found.threshold) else found.threshold,
        "verdicts": dict(zip(VERDICTS, counts.tolist(), strict=True)),
        "settings": config.model_dump(mode="json"),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return store.load_run(workspace, name)


@pytest.fixture(scope="module", params=["all", "candidates"])
def tried(request, data, cache, tmp_path_factory):
    """A run whose judge graded all pairs, and one whose judge graded candidates alone."""
    config = tiny_run(judge={"scope": request.param}, refine={"preset": "paper"})
    return made(data, config, tmp_path_factory.mktemp(request.param), "tried", cache)


CHANGES = {
    "mid": {"accept": "mid"},
    "mid by grades": {"accept": "mid", "rule": "grades"},
    "without language": {"without": ("language",)},
    "without behaviour": {"without": ("behaviour",), "value": 0.1},
    "without grades": {"without": ("grades",)},
    "behaviour alone, soft, mid": {
        **{"without": ("grades", "language"), "preset": "soft", "accept": "mid", "value": 0.3},
    },
    "at a threshold": {"by": "threshold", "value": 0.6, "preset": "soft"},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_a_run_with_the_settings_kept_agrees(tried, changes, data, cache, tmp_path):
    asked = replace(scenario.start(tried), **changes)
    foretold = outcome(tried, asked).then
    p = scenario.p_noisy(signals.load(tried), asked, scenario.caution_of(tried))
    told = expressed(tried, asked)
    assert told.changes
    assert (told.cannot, told.roughly) == ((), ())
    kept = json.loads(next_settings.save(tried, told.changes).read_text())["settings"]
    run = made(data, RunConfig.model_validate(kept), tmp_path, "kept", cache)
    table = pd.read_parquet(run.folder / "interactions.parquet")
    np.testing.assert_allclose(table["p_noisy"], p, atol=1e-6)
    assert table["verdict"].value_counts().to_dict() == {
        name: n for name, n in foretold.verdicts.items() if n
    }
    edges = pd.read_parquet(run.folder / "edges.parquet")
    assert (edges["origin"] == "dropped").sum() == foretold.dropped
    assert (edges["origin"] == "added").sum() == foretold.added
    observed = edges.loc[edges["origin"] != "added", "weight"].sum()
    assert observed == pytest.approx(foretold.weight, abs=1e-3)
