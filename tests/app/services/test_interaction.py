"""What a card says, over six rows whose answers are worked out by hand."""

from __future__ import annotations

import math
import shutil

import pytest

from app.services import interaction, store
from tests.review_run import HOSTILE, write_review_run


@pytest.fixture
def run(workspace):
    return store.load_run(workspace, write_review_run(workspace).name)


def test_facts_bring_edge_grades_kind_and_surroundings(run):
    facts = interaction.facts(run, 3)
    assert (facts["user_id"], facts["title"], facts["kind"]) == ("bob", "Dune", "uniform")
    assert (facts["origin"], facts["weight"], facts["edge_reason"]) == ("dropped", 0.0, HOSTILE)
    assert (facts["user_support"], facts["item_support"]) == (0.5, 0.25)
    assert (facts["user_items"], facts["item_users"]) == (2, 1)


def test_what_is_not_known_is_none(run):
    assert interaction.facts(run, 5)["loss"] is None
    unjudged = interaction.facts(run, 0)
    assert (unjudged["logical"], unjudged["user_support"], unjudged["kind"]) == (None, None, None)
    assert interaction.facts(run, 99) is None


def test_texts_of_both_sides(run):
    texts = interaction.texts(run, 0, 0)
    assert (texts["profile"], texts["text"]) == (HOSTILE, HOSTILE)
    assert texts["attributes"].to_dict("list") == {
        "name": ["genres"],
        "values": [f"Horror, {HOSTILE}"],
    }
    assert interaction.texts(run, 1, 2)["attributes"].empty


def test_a_dataset_that_is_gone_leaves_the_profile(run, workspace):
    shutil.rmtree(workspace / "datasets")
    assert interaction.texts(run, 2, 0)["profile"] == "Often: space."


def test_curves(run):
    assert interaction.curve(run, 4).to_dict("list") == {
        "epoch": [1, 2],
        "loss": [1.0, 0.5],
        "loss_in_sample": [0.5, 0.25],
    }
    assert interaction.mean_curve(run)["loss"].tolist() == [1.0, 0.5]


def test_history_is_nearest_first_and_without_the_item_itself(run):
    near = interaction.history(run, 2, 1)  # cid has item 0 and item 1: (1, 0) and (3, 4)
    assert near["row"].tolist() == [4]
    assert near["similarity"].tolist() == pytest.approx([0.6])


def test_standing_counts_half_of_the_equal_ones(run):
    places = interaction.standing(run, 4).set_index("signal")["below"]
    assert places["loss"] == pytest.approx(3.5 / 5)  # 0, 1, 2 below, itself, 4 above
    assert places["logical"] == pytest.approx(3 / 4)  # 0 and .5 below, two of 2
    assert places["semantic"] == pytest.approx(4 / 6)  # .1 .2 .7 below, two of .8, .9 above
    assert "loss" not in interaction.standing(run, 5)["signal"].tolist()


def test_similar_cases_are_judged_alike_and_not_itself(run):
    assert sorted(interaction.similar(run, 0)["row"]) == [1]
    near = interaction.similar(run, 2)["row"].tolist()
    assert near[0] == 4
    assert 2 not in near
    assert not any(math.isnan(p) for p in interaction.similar(run, 2)["p_noisy"])
