"""Judgements apart from a run: their names, what is known of them, and what calls took."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from app.services import judging
from core.config import RunConfig
from core.errors import ConfigError
from core.judge.llm.preview import Measured

HOST = "lab:8080"


def write_calls(folder, host=HOST, **changes):
    """Four calls of two targets: 1, 2 and 6 seconds, and one from the cache."""
    folder.mkdir(parents=True)
    columns = {
        "model": ["tiny"] * 4,
        "seconds": [1.0, 2.0, 12.0, 0.0],
        "n_requests": [1, 1, 2, 1],
        "output_tokens": [100, 100, 160, 999],
        "prompt_tokens": [10] * 4,
        "n_targets": [2] * 4,
        "from_cache": [False, False, False, True],
        "outcome": ["parsed", "parsed", "repaired", "parsed"],
    }
    pd.DataFrame(columns | changes).to_parquet(folder / judging.CALLS)
    told = {"judge": f"evidence judge, no LLM, with tiny at {host}, prompts v1, 20% flipped"}
    (folder / "judge_quality.json").write_text(json.dumps(told))


def write_judgements(workspace, name, about):
    folder = workspace / "judgements" / name
    folder.mkdir(parents=True)
    (folder / judging.TABLE).touch()
    (folder / judging.ABOUT).write_text(about if isinstance(about, str) else json.dumps(about))
    return folder


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a\\b", "a b", "a\n", "x" * 65])
def test_a_name_that_could_lead_elsewhere_is_refused(workspace, name):
    with pytest.raises(ConfigError, match="is no name"):
        judging.folder_of(workspace, name)


def test_a_name_is_a_folder_of_the_workspace(workspace):
    assert judging.folder_of(workspace, "lab-2.b") == workspace / "judgements" / "lab-2.b"


@pytest.mark.parametrize("dataset", ["films", "Bücher & more", "-x", "..", "d" * 300])
def test_the_same_settings_have_the_same_name_which_can_be_one(workspace, dataset):
    one, other = RunConfig(), RunConfig(seed=1)
    name = judging.name_of(dataset, "sha256:1", one)
    assert name == judging.name_of(dataset, "sha256:1", RunConfig())
    different = {judging.name_of(dataset, "sha256:1", other), judging.name_of(dataset, "2", one)}
    assert name not in different
    assert judging.folder_of(workspace, name).parent == workspace / "judgements"


def test_finished_judgements_are_known_the_newest_first(workspace):
    write_judgements(workspace, "old", {"created": "2026-01-01", "name": "renamed"})
    write_judgements(workspace, "new", {"created": "2026-02-01"})
    write_judgements(workspace, "damaged", '{"created": ')
    write_judgements(workspace, "odd", "[]")
    (write_judgements(workspace, "begun", {"created": "2026-03-01"}) / judging.TABLE).unlink()
    assert [about["name"] for about in judging.known(workspace)] == ["new", "old"]
    assert judging.known(workspace / "nowhere") == []


def test_what_was_made_here_is_told_from_what_was_imported(workspace):
    folder = write_judgements(workspace, "mine", {})
    assert not judging.made_here(folder)
    (folder / "settings.json").touch()
    assert judging.made_here(folder)


def test_calls_of_runs_and_of_judgements_are_measured(workspace):
    assert judging.measured(workspace, "tiny", HOST) == Measured()
    write_calls(workspace / "runs" / "r1")
    found = judging.measured(workspace, "tiny", HOST)
    assert found.seconds_per_call == 2.0  # median of 1, 2 and 12 / 2 seconds
    assert found.output_tokens_per_target == 360 / 6
    assert judging.measured(workspace, "other", HOST) == Measured()
    write_calls(workspace / "judgements" / "j1", seconds=[6.0, 6.0, 12.0, 0.0])
    assert judging.measured(workspace, "tiny", HOST).seconds_per_call == 6.0


def test_calls_to_another_host_or_to_nobody_knows_where_measure_nothing(workspace):
    write_calls(workspace / "runs" / "r1", host="lab:8081")
    write_calls(workspace / "runs" / "r2")
    (workspace / "runs" / "r2" / "judge_quality.json").unlink()
    assert judging.measured(workspace, "tiny", HOST) == Measured()
    assert judging.measured(workspace, "tiny", "lab:8081").seconds_per_call == 2.0


def test_of_judgements_that_are_there_it_is_told_how_many_of_how_many(workspace):
    write_judgements(workspace, "some", {"n_pairs": 3, "n_wanted": 9, "stopped_by": "budget"})
    found = judging.there(workspace, "some")
    assert (found["n_pairs"], found["n_wanted"], found["stopped_by"]) == (3, 9, "budget")
    assert judging.there(workspace, "none") == {}


def test_calls_that_say_nothing_are_left_out(workspace):
    write_calls(workspace / "runs" / "r1", outcome=["failed", "unparsed", "refused", "parsed"])
    assert judging.measured(workspace, "tiny", HOST) == Measured()
    write_calls(workspace / "runs" / "r2", n_requests=[0] * 4)
    assert judging.measured(workspace, "tiny", HOST) == Measured()


def test_tables_that_are_damaged_older_or_empty_harm_nothing(workspace):
    write_calls(workspace / "runs" / "good")
    (workspace / "runs" / "damaged").mkdir()
    (workspace / "runs" / "damaged" / judging.CALLS).write_bytes(b"PAR1 no")
    (workspace / "runs" / "older").mkdir()
    pd.DataFrame({"model": ["tiny"]}).to_parquet(workspace / "runs" / "older" / judging.CALLS)
    columns = pd.read_parquet(workspace / "runs" / "good" / judging.CALLS).columns
    empty = pd.DataFrame({name: pd.Series([], dtype=float) for name in columns})
    (workspace / "runs" / "empty").mkdir()
    empty.to_parquet(workspace / "runs" / "empty" / judging.CALLS)
    assert judging.measured(workspace, "tiny", HOST).seconds_per_call == 2.0


@pytest.mark.parametrize(
    ("named", "asked", "same"),
    [
        ("gpt-x", "gpt-x", True),
        ("gpt-x-2024-07-18", "gpt-x", True),
        ("gpt-x-mini", "gpt-x", False),
        ("gpt-x-mini-2024-07-18", "gpt-x", False),
        ("gpt", "gpt-x", False),
        ("big.Q4-0123456789ab", "big.Q4.gguf", True),
        ("big.Q4-other", "big.Q4.gguf", False),
        ("anything", "", False),
    ],
)
def test_a_model_is_known_by_the_name_that_it_was_asked_for(named, asked, same):
    assert judging.is_model(named, asked) is same
