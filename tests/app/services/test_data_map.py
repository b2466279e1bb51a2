from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from app.services import data_map, store
from tests.run_folder import INTERACTIONS, write_run


@pytest.fixture
def run(workspace):
    # Mean losses 0, 1 clean, 2, 3.5 hard, 4, 1 noisy.
    write_run(workspace, interactions=INTERACTIONS | {"loss_variability": [0, 1, 2, 3, 4, 5]})
    return store.load_run(workspace, "run-1")


def test_few_interactions_are_all_drawn(run):
    found = data_map.sample(run)
    assert found.points["row"].tolist() == [0, 1, 2, 3, 4, 5]
    assert found.totals == {"clean": 2, "hard": 2, "noisy": 2}


def test_a_review_list_is_drawn_alone(run, tmp_path):
    pd.DataFrame({"row": [3, 4]}).to_parquet(tmp_path / "list.parquet")
    path = str(tmp_path / "list.parquet")
    assert data_map.sample(run, list_path=path).points["row"].tolist() == [3, 4]
    assert data_map.cells(run, 4, path).counts.sum() == 2
    assert data_map.inside(run, [0, 9, 9, 0], [0, 0, 9, 9], ["hard"], path)["row"].tolist() == [4]


@pytest.mark.parametrize(
    ("totals", "given"),
    [
        ({"clean": 900, "hard": 10, "noisy": 90}, {"hard": 10, "noisy": 45, "clean": 45}),
        ({"clean": 20, "noisy": 30}, {"clean": 20, "noisy": 30}),
        ({}, {}),
    ],
)
def test_points_are_shared_out_evenly(totals, given):
    assert data_map.quotas(totals, 100) == given


def test_a_sample_is_the_same_at_every_call_and_about_as_large_as_asked(workspace):
    many = {
        name: np.resize(np.array(values, object), 6000) for name, values in INTERACTIONS.items()
    }
    table = pd.DataFrame(many).infer_objects()
    table["row"] = range(6000)
    write_run(workspace, interactions=table.to_dict("list"))
    run = store.load_run(workspace, "run-1")
    first, second = (data_map.sample(run, 600).points for _ in range(2))
    assert first.equals(second)
    assert 450 < len(first) < 750
    assert first["verdict"].value_counts().min() > 120


def test_cells_count_every_interaction_also_beyond_the_axes(run):
    found = data_map.cells(run, 5)
    assert found.counts.sum(axis=(1, 2)).tolist() == [2, 2, 2]
    assert found.counts[0, 0, 0] == 1  # row 0: nothing, nothing
    assert found.counts[2, 1, 4] == 1  # row 5: mean 1 of 4, variability 5 of 5


def test_an_area_finds_drawn_and_undrawn_interactions(run):
    # A triangle: its box holds rows 1 (1, 1) and 2 (2, 2) and 3 (3, 4), its area 1 and 2.
    x, y = [0.5, 3.5, 3.5], [0.5, 0.5, 3.7]
    found = data_map.inside(run, x, y, ["clean", "hard", "noisy"])
    assert found.to_dict("list") == {"row": [1, 2], "verdict": ["clean", "hard"]}
    assert data_map.inside(run, x, y, ["hard"])["row"].tolist() == [2]


def test_points_within_a_polygon_that_turns_inwards():
    px, py = np.array([1.0, 5.0, 9.0]), np.array([5.0, 5.0, 5.0])
    assert data_map.in_polygon(px, py, [0, 10, 10, 5, 0], [0, 0, 10, 1, 10]).tolist() == [
        True,
        False,
        True,
    ]


def test_verdicts_of_clicked_points(run):
    assert data_map.verdicts_of(run, [4, 0]).to_dict("list") == {
        "row": [0, 4],
        "verdict": ["clean", "hard"],
    }
