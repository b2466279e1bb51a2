"""What a card says, over six rows whose answers are worked out by hand."""

from __future__ import annotations

import json
import math
import shutil

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
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


def test_an_edge_that_keeps_95_percent_is_kept(run):
    assert [interaction.facts(run, row)["decision"] for row in (0, 3, 5)] == [
        *("kept", "dropped", "weakened")
    ]
    path = run.folder / "edges.parquet"
    edges = pd.read_parquet(path)
    edges["weight"] = pd.Series([1.0] * 5 + [0.95], dtype="float32")
    edges.to_parquet(path)
    assert interaction.facts(run, 5)["decision"] == "kept"


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


def test_without_the_dataset_the_card_still_answers(run, workspace):
    before = interaction.history(run, 2, 1)
    shutil.rmtree(workspace / "datasets")
    assert interaction.history(run, 2, 1).equals(before)
    assert interaction.facts(run, 3)["title"] == "Dune"


def test_of_a_dataset_prepared_again_nothing_is_read(run, workspace):
    path = run.folder / "embeddings.parquet"
    nodes = pd.read_parquet(path)
    nodes["text"] = nodes["kind"] + nodes["number"].astype(str)
    nodes.to_parquet(path)
    manifest = run.manifest.model_copy(update={"dataset_fingerprint": "a"})
    run = store.Run(run.id, run.folder, manifest)
    said = workspace / "datasets" / "six rows" / "manifest.json"
    said.write_text(json.dumps({"fingerprint": "a"}))
    assert interaction.texts(run, 0, 3)["text"] == "Sand"
    said.write_text(json.dumps({"fingerprint": "b"}))
    texts = interaction.texts(run, 0, 3)
    assert (texts["profile"], texts["text"]) == ("user0", "item3")
    assert texts["attributes"].empty


def test_a_similarity_that_is_not_known_comes_last(run):
    path = run.folder / "interactions.parquet"
    rows = pd.read_parquet(path).assign(user=2, item=[2, 3, 1, 0, 0, 1])
    rows.iloc[:4].to_parquet(path)  # rows 0 to 3 are items 2, 3, 1, 0 of cid
    path = run.folder / "embeddings.parquet"
    nodes = pd.read_parquet(path)
    nodes.at[5, "raw"] = [0.0, 0.0]  # item 2 has no text: the cosine is 0 / 0
    nodes.to_parquet(path)
    near = interaction.history(run, 2, 0)
    assert near["row"].tolist() == [1, 2, 0]  # cosine 0.71 of (1, 1), 0.6 of (3, 4), none
    assert near["similarity"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize("unknown", [None, math.nan])
def test_what_a_case_lacks_is_left_out_of_the_comparison(run, unknown):
    path = run.folder / "interactions.parquet"
    table = pd.read_parquet(path).to_dict("list")
    table["loss"][5] = unknown
    pq.write_table(pa.table(table), path)  # from pandas both would be written as NULL
    # Row 5 has no loss: were that compared, nothing would be known and the lowest row be first.
    assert interaction.similar(run, 5)["row"].tolist() == [3, 2, 4]
    assert interaction.similar(run, 3)["row"].tolist()[-1] == 5  # 5 lacks what 3 has


def test_a_case_without_a_loss_is_compared_without_it(run):
    # Row 5 has no loss: were that compared, nothing would be known and the lowest row be first.
    assert interaction.similar(run, 5)["row"].tolist() == [3, 2, 4]
    assert interaction.similar(run, 3)["row"].tolist()[-1] == 5  # 5 lacks what 3 has
