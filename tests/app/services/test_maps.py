"""Points, classes and outlines of the map over hand-written tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from app.services import map_classes, map_selection, maps, store
from core.errors import DataError
from tests.run_folder import write_projection


@pytest.fixture
def run(finished_run, workspace):
    """Three users, four items, six interactions, on two maps."""
    write_projection(finished_run)
    return store.load_run(workspace, "run-1")


def test_users_come_before_items_and_interactions_lie_midway(run):
    nodes = maps.points(run, "nodes")
    assert nodes.titles[:4] == ["ann", "bob", "cid", "Alien"]
    assert (nodes.n_users, len(nodes)) == (3, 7)
    met = maps.points(run, "interactions")
    assert met.title(3) == "bob → Dune"
    at = nodes.places("aligned").astype(int)
    middle = (at[1] + at[3 + 3]) // 2  # bob and Dune
    assert met.places("aligned")[3].tolist() == middle.tolist()


def test_both_axes_have_one_scale(run):
    at = maps.points(run, "nodes").places("raw").astype(float)
    # x runs over 6 units and y over 3, so on the grid one is twice as wide as the other.
    assert np.ptp(at[:, 0]) / np.ptp(at[:, 1]) == pytest.approx(2, abs=0.001)
    assert at.min() > 0
    assert at.max() < maps.TOP


def test_users_or_items_alone_keep_their_numbers(run):
    assert maps.points(run, "users").ids.tolist() == [0, 1, 2]
    assert maps.points(run, "items").ids.tolist() == [3, 4, 5, 6]
    assert maps.points(run, "items").place_of(6) == 3
    assert maps.points(run, "items").place_of(0) is None


def test_nodes_sum_up_their_interactions(run):
    found = maps.stats(run)
    assert found.n.tolist() == [2, 2, 2, 2, 2, 1, 1]
    assert found.noisy.tolist() == [0, 0.5, 0.5, 0, 0.5, 0, 1]
    assert found.loss[:2].tolist() == [0.5, 3.0]
    assert found.loss[2] == 3.5  # the other loss of cid is not known
    assert found.verdict.tolist()[0] == 0
    assert found.verdict.tolist()[6] == 2


def test_verdicts_are_classes_with_counts(run):
    found = map_classes.classes(run, "interactions", "verdict")
    assert found.labels == ["clean", "hard", "noisy"]
    assert found.counts() == [2, 2, 2]
    assert found.counts(np.array([True, True, True, False, False, False])) == [2, 1, 0]


def test_amounts_that_are_not_known_have_a_class_of_their_own(run):
    found = map_classes.classes(run, "interactions", "loss")
    assert found.labels[-1] == "not known"
    assert found.known[-1] is False
    assert found.codes[5] == len(found.labels) - 1
    assert sum(found.counts()) == 6


def test_equal_amounts_share_a_class(run):
    found = map_classes.classes(run, "users", "popularity")
    assert found.labels == ["2"]
    assert found.counts() == [3]


def test_a_user_has_the_most_frequent_group_of_the_items(run):
    found = map_classes.classes(run, "nodes", "group")
    names = [found.labels[code] for code in found.codes]
    assert names == ["space", "sand", "space", "space", "forest", "no group", "sand"]


def test_groups_beyond_the_palette_share_a_class(run, monkeypatch):
    monkeypatch.setattr(map_classes, "N_GROUPS", 1)
    found = map_classes.classes(run, "nodes", "group")
    assert found.labels == ["space", "2 more", "no group"]
    assert found.counts() == [3, 3, 1]


def test_planted_truth_is_a_colour_only_where_it_is_known(run):
    assert map_classes.PLANTED not in map_classes.colours(run, "interactions")
    kinds = {"row": [3, 4], "kind": ["uniform", "tail"]}
    table = pd.DataFrame({**kinds, "noise": [True, False], "hard": [False, True]})
    table.to_parquet(run.folder / "kinds.parquet")
    assert map_classes.PLANTED in map_classes.colours(run, "interactions")
    found = map_classes.classes(run, "interactions", map_classes.PLANTED)
    assert found.codes.tolist() == [0, 0, 0, 2, 1, 0]


@pytest.mark.parametrize("what", ["nodes", "users", "items", "interactions"])
def test_every_colouring_covers_every_point(run, what):
    for colour in map_classes.colours(run, what):
        found = map_classes.classes(run, what, colour)
        assert len(found.codes) == len(maps.points(run, what))
        assert len(found.labels) == len(found.known) > found.codes.max()
        assert colour in map_classes.MEANINGS


def naive_inside(places, corners):
    """Even-odd rule, one point and one edge at a time."""
    found = []
    for x, y in places.astype(float):
        odd = False
        for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
                odd = not odd
        found.append(odd)
    return np.array(found)


def test_inside_agrees_with_the_plain_rule_for_outlines_that_cross_themselves():
    rng = np.random.default_rng(0)
    places = rng.integers(0, 60, (400, 2)).astype(np.uint16)  # many share a height with a corner
    for n_corners in (3, 4, 9, 30):
        corners = rng.integers(-5, 65, (n_corners, 2)).astype(float)
        assert (map_selection.inside(places, corners) == naive_inside(places, corners)).all()


def test_an_outline_survives_the_address():
    text = map_selection.write_area("raw", np.array([[0.4, 1], [10, 0], [5, 9.6]]))
    assert text == "raw:0,1,10,0,5,10"
    area = map_selection.read_area(text)
    assert area.view == "raw"
    assert area.corners.tolist() == [[0, 1], [10, 0], [5, 10]]
    long = map_selection.write_area("raw", np.zeros((5000, 2)))
    assert len(map_selection.read_area(long).corners) == map_selection.MAX_CORNERS


@pytest.mark.parametrize(
    "text", ["", "raw", "raw:", "raw:1,2,3,4", "raw:1,2,3,4,5,x", "sky:1,2,3,4,5,6",
             "raw:1,2,3,4,5,nan", "raw:1,2,3,4,5,6,7", "raw:" + ",".join("1" * 999)]
)  # fmt: skip
def test_what_is_no_outline_is_none(text):
    assert map_selection.read_area(text) is None


def test_the_list_of_nodes_is_every_interaction_of_any_of_them(run):
    points = maps.points(run, "nodes")
    mask = np.zeros(7, bool)
    mask[[0, 3]] = True  # ann, and Alien
    met = maps.ends(run, "interactions")
    assert map_selection.rows_of(points, mask, met).tolist() == [0, 1, 4]
    shown = maps.points(run, "interactions")
    assert map_selection.rows_of(shown, np.arange(6) > 3, met).tolist() == [4, 5]


def test_selected_points_are_listed_most_suspicious_first(run, tmp_path):
    points = maps.points(run, "nodes")
    found = map_selection.listed(run, points, np.ones(7, bool), 3)
    assert found["title"].tolist() == ["Dune", "bob", "cid"]
    assert found["noisy"].tolist() == [1, 0.5, 0.5]
    met = maps.points(run, "interactions")
    assert map_selection.listed(run, met, np.arange(6) < 4, 9)["row"].tolist() == [3, 2, 1, 0]
    for name in ("all.parquet", "all.csv"):
        map_selection.export(run, points, np.ones(7, bool), tmp_path / name)
    assert pq.read_table(tmp_path / "all.parquet").num_rows == 7
    assert len(pd.read_csv(tmp_path / "all.csv")) == 7


def test_search_looks_at_titles_of_either_end(run):
    assert map_selection.matching(maps.points(run, "nodes"), "DUNE").tolist() == [False] * 6 + [
        True
    ]
    met = maps.points(run, "interactions")
    assert np.flatnonzero(map_selection.matching(met, "ann")).tolist() == [0, 1]
    assert np.flatnonzero(map_selection.matching(met, "alien")).tolist() == [0, 4]


def test_a_node_knows_its_text_and_interactions(run):
    facts = map_selection.node(run, 3, 3)
    assert (facts["kind"], facts["id"], facts["title"]) == ("item", "i0", "Alien")
    assert facts["n"] == 2
    assert facts["interactions"]["row"].tolist() == [4, 0]


def test_a_damaged_map_is_named(run):
    (run.folder / "projection.parquet").write_text("{")
    with pytest.raises(DataError, match="run it again"):
        maps.points(run, "nodes")
