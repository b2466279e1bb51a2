"""Import and prepare from the command line."""

from __future__ import annotations

import io

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from app.commands.sources import import_data, prepare_data
from app.services.importing import find_plan, make_plan
from app.worker import execute, resume
from core.config import RunConfig
from core.data.dataset import load_manifest
from core.errors import Cancelled, ConfigError, DataError

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


def test_named_columns_need_no_common_names_in_any_file(tmp_path):
    files = {"x": "kundin,artikelnr\na,i1\n", "items": "artikelnr,was\ni1,x\n",
             "users": "kundin,ueber\na,y\n"}  # fmt: skip
    for name, content in files.items():
        (tmp_path / f"{name}.csv").write_text(content)
    plan = make_plan(
        tmp_path / "x.csv",
        items=tmp_path / "items.csv",
        users=tmp_path / "users.csv",
        columns=["user=kundin", "item=artikelnr"],
        item_columns=["item=artikelnr", "text=was"],
        user_columns=["user=kundin", "text=ueber"],
    )
    assert (plan.mapping.user, plan.mapping.item) == ("kundin", "artikelnr")
    assert (plan.item_mapping.item, plan.item_mapping.text) == ("artikelnr", ("was",))
    assert (plan.user_mapping.user, plan.user_mapping.text) == ("kundin", ("ueber",))
    raw = plan.load()
    assert raw.query("SELECT user_id, item_id FROM typed") == [{"user_id": "a", "item_id": "i1"}]


@pytest.mark.parametrize(
    ("named", "missing"),
    [
        ({"columns": ["user=kundin"]}, "item"),
        ({"item_columns": ["text=was"]}, "item"),
        ({"user_columns": ["text=was"]}, "user"),
    ],
)
def test_an_id_that_is_neither_named_nor_known_is_asked_for(tmp_path, named, missing):
    file = tmp_path / "odd.csv"
    file.write_text("kundin,artikelnr,was\na,i1,x\n")
    with pytest.raises(ConfigError, match=f"column of {missing}.*odd.csv has: kundin, artikelnr"):
        make_plan(file, items=file, users=file, **named)


def test_a_failed_import_is_not_remembered(tmp_path, workspace):
    file = tmp_path / "one.csv"
    file.write_text("user_id,item_id\na,i1\na,i1\n,i2\n")
    assert import_data(make_plan(file), workspace, QUIET)["ok"] is False
    assert not list(workspace.glob("imports/*"))


def test_a_failed_import_leaves_the_earlier_one_of_its_name(raw_file, tmp_path, workspace):
    good = make_plan(raw_file, name="mine")
    import_data(good, workspace, QUIET)
    file = tmp_path / "one.csv"
    file.write_text("user_id,item_id\na,i1\na,i1\n,i2\n")
    import_data(make_plan(file, name="mine"), workspace, QUIET)
    assert find_plan("mine", workspace) == good


def stopped_run(workspace, prepared, pipeline):
    pipeline.stop_with = KeyboardInterrupt()
    with pytest.raises(Cancelled):
        execute(prepared, RunConfig(), workspace, "half")
    pipeline.stop_with = None


def test_a_dataset_that_a_stopped_run_needs_is_not_replaced(
    raw_file, prepared, workspace, pipeline
):
    stopped_run(workspace, prepared, pipeline)
    before = load_manifest(prepared)["fingerprint"]
    with pytest.raises(ConfigError, match=r"half is stopped and rests on .*small.*--resume half"):
        prepare_data(make_plan(raw_file), {"name": "small", "seed": 9}, workspace, QUIET)
    assert load_manifest(prepared)["fingerprint"] == before
    resume(workspace / "runs" / "half")
    prepare_data(make_plan(raw_file), {"name": "small", "seed": 9}, workspace, QUIET)
    assert load_manifest(prepared)["fingerprint"] != before


def test_the_same_data_may_be_prepared_again_beside_a_stopped_run(
    raw_file, prepared, workspace, pipeline
):
    stopped_run(workspace, prepared, pipeline)
    console = Console(file=io.StringIO(), width=200)
    options = {"plant": "uniform", "plant_rate": 0.2, "name": "small"}
    answer = prepare_data(make_plan(raw_file), options, workspace, console)
    assert answer["replaced"] is True
    assert "small that was there was replaced" in console.file.getvalue()


def test_a_stopped_run_may_be_given_up(raw_file, prepared, workspace, pipeline):
    stopped_run(workspace, prepared, pipeline)
    options = {"name": "small", "seed": 9}
    prepare_data(make_plan(raw_file), options, workspace, QUIET, give_up_stopped=True)
    with pytest.raises(DataError, match="has changed"):
        resume(workspace / "runs" / "half")


def test_a_new_dataset_replaces_nothing(raw_file, workspace):
    console = Console(file=io.StringIO(), width=200)
    assert prepare_data(make_plan(raw_file), {}, workspace, console)["replaced"] is False
    assert "replaced" not in console.file.getvalue()


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


def test_a_check_tells_sizes_columns_and_the_plan_it_was_of(raw_file, workspace):
    plan = make_plan(raw_file, name="mine")
    answer = import_data(plan, workspace, QUIET)
    assert (answer["source"], answer["n_rows"], answer["n_users"]) == ("tabular", 36, 6)
    assert (answer["columns"], answer["plan"]) == ([], plan.model_dump())


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
