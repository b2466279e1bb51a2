"""Import and prepare from the command line."""

from __future__ import annotations

import io

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from app.commands.sources import import_data, prepare_data
from app.services.importing import find_plan, make_plan
from core.data.dataset import load_manifest
from core.errors import ConfigError, DataError

QUIET = Console(quiet=True)


def catalogue_folder(tmp_path, truth):
    """The layout of the sample, small: 4 users with 5 items each, one split each."""
    folder = tmp_path / "films"
    folder.mkdir()
    splits = ("train", "train", "train", "valid", "test")
    rows = [
        f"u{user},f{(user + place) % 5},{place},1,{split}"
        for user in range(4)
        for place, split in enumerate(splits)
    ]
    head = "user_id,item_id,timestamp,position,split\n"
    (folder / "interactions.csv").write_text(head + "\n".join(rows) + "\n")
    head = "item_id,title,year,director,genres,keywords,description,niche\n"
    items = [f"f{item},Film {item},1999,D,Drama,k,About {item},n" for item in range(5)]
    (folder / "catalogue.csv").write_text(head + "\n".join(items) + "\n")
    (folder / "truth.csv").write_text("user_id,item_id,kind\n" + truth)
    return folder


def test_columns_that_are_not_named_are_guessed(tmp_path):
    file = tmp_path / "my data.csv"
    file.write_text("who,movieId,stars\na,1,5\n")
    plan = make_plan(file, columns=["user=who"])
    assert plan.name == "my-data"
    assert (plan.mapping.user, plan.mapping.item, plan.mapping.rating) == (
        "who",
        "movieId",
        "stars",
    )


def test_several_text_columns_are_separated_by_commas(raw_file, tmp_path):
    items = tmp_path / "items.csv"
    items.write_text("id,a,b\ni1,x,y\n")
    plan = make_plan(raw_file, items=items, item_columns=["item=id", "text=a,b"])
    assert plan.item_mapping.text == ("a", "b")


@pytest.mark.parametrize(
    ("columns", "message"),
    [(["usr=a"], "fields are user, item"), (["user"], "field=column")],
)
def test_a_wrong_field_lists_the_right_ones(raw_file, columns, message):
    with pytest.raises(ConfigError, match=message):
        make_plan(raw_file, columns=columns)


def test_a_name_that_would_leave_the_workspace_is_refused(raw_file):
    with pytest.raises(ConfigError, match="cannot be the name"):
        make_plan(raw_file, name="../x")


def test_problems_are_printed_with_examples_and_a_way_out(tmp_path, workspace):
    file = tmp_path / "one.csv"
    file.write_text("user_id,item_id\na,i1\na,i1\n,i2\n")
    console = Console(file=io.StringIO(), width=200)
    answer = import_data(make_plan(file), workspace, console)
    assert answer["ok"] is False
    assert "error" in console.file.getvalue()
    assert "What to do:" in console.file.getvalue()
    assert all(problem["fix"] for problem in answer["problems"])


def test_an_import_is_found_by_its_name(raw_file, workspace):
    plan = make_plan(raw_file, name="mine")
    import_data(plan, workspace, QUIET)
    assert find_plan("mine", workspace) == plan


def test_an_unknown_import_lists_the_known_ones(raw_file, workspace):
    import_data(make_plan(raw_file, name="mine"), workspace, QUIET)
    with pytest.raises(DataError, match="Imports are: mine"):
        find_plan("yours", workspace)


def test_the_truth_beside_the_interactions_becomes_part_of_the_dataset(tmp_path, workspace):
    folder = catalogue_folder(tmp_path, "u0,f1,uniform\nu3,f4,tail\n")
    answer = prepare_data(make_plan(folder), {}, workspace, QUIET)
    assert answer["has_truth"] is True
    assert answer["report"]["split_rule"] == "as given"
    table = pq.read_table(workspace / "datasets" / "films" / "truth.parquet").to_pydict()
    assert table == {"user": [0, 3], "item": [1, 4], "kind": ["uniform", "tail"]}


def test_a_truth_that_does_not_fit_leaves_no_dataset_behind(tmp_path, workspace):
    folder = catalogue_folder(tmp_path, "u0,f4,uniform\n")  # a test row
    with pytest.raises(DataError, match="1 are no train interaction"):
        prepare_data(make_plan(folder), {}, workspace, QUIET)
    assert not (workspace / "datasets" / "films").exists()


def test_options_reach_the_dataset(raw_file, workspace):
    options = {"name": "noisy", "plant": "uniform", "plant_rate": 0.25, "seed": 4}
    prepare_data(make_plan(raw_file), options, workspace, QUIET)
    report = load_manifest(workspace / "datasets" / "noisy")["report"]
    assert report["settings"]["seed"] == 4
    assert report["n_planted"] / report["n_train"] == pytest.approx(0.25, abs=0.03)


def test_an_option_out_of_range_is_named(raw_file, workspace):
    with pytest.raises(ConfigError, match="plant_rate"):
        prepare_data(make_plan(raw_file), {"plant_rate": 2.0}, workspace, QUIET)
