"""Judgements as files, out and in again."""

from __future__ import annotations

import time

import pandas as pd
import pytest

from app.services import judge_files, judge_subject, judging, store
from core.data.dataset import save_dataset
from core.errors import ConfigError
from core.judge.recorded import read_recorded
from tests.judge_folder import JUDGE, NAME, write_judged_run, write_judgements
from tests.worlds import tastes

IDS = (("ann", "bob", "cid"), ("i0", "i1", "i2"))


@pytest.mark.parametrize("suffix", judge_files.SUFFIXES)
def test_what_is_exported_can_be_imported_again(workspace, tmp_path, suffix):
    folder = write_judged_run(workspace)
    path = folder / "judgements.parquet"
    rows = pd.read_parquet(path).drop(columns="judge")
    rows["user_grade"] = rows["user_grade"].map({"Low": 0, "Mid": 1, "High": 2}).astype("int8")
    rows.to_parquet(path)
    subject = judge_subject.of_run(store.load_run(workspace, "run-1"))
    assert judge_files.count(subject) == 4
    target = tmp_path / f"out{suffix}"
    judge_files.write(subject, target)
    found, problems = read_recorded(target, *IDS)
    assert not problems
    assert found.user_grade.tolist() == [2, 1, 0, 1]
    assert found.item_grade.tolist() == [2, 0, 0, 1]
    assert found.user_reason == ("space", "so so", "sand", "?")
    assert JUDGE in found.judge


def test_a_pair_that_stands_twice_alike_is_written_once_and_differing_grades_stay(
    workspace, tmp_path
):
    folder = write_judgements(workspace)
    path = folder / "judgements.parquet"
    rows = pd.read_parquet(path)
    rows = pd.concat([rows, rows.iloc[:2]], ignore_index=True)
    rows.loc[4, "user_reason"] = "said again"
    rows.loc[5, "item_grade"] = "High"
    rows.to_parquet(path)
    target = tmp_path / "out.csv"
    judge_files.write(judge_subject.of_judgements({"name": NAME}, workspace), target)
    written = pd.read_csv(target)
    assert written["item_id"].tolist() == ["i0", "i1", "i2", "i1", "i1"]
    assert written["user_reason"].tolist()[0] == "space"
    assert written["item_grade"].tolist() == ["High", "Low", "Low", "Mid", "High"]


def test_the_list_tells_who_made_what(workspace):
    assert judge_files.table(workspace).empty
    write_judgements(workspace)
    problems = [{"title": "t", "count": 2, "rows": [], "severity": "info", "fix": "f"}]
    other = write_judgements(workspace, "mine", made="elsewhere", problems=problems, created="2031")
    (other / "settings.json").unlink()
    found = judge_files.table(workspace).set_index("name")
    assert found.index.tolist() == ["mine", NAME]
    assert found["made"].tolist() == ["elsewhere", "here"]
    assert found["n_problems"].tolist() == [1, 0]
    assert judge_files.problems(workspace, "mine") == problems
    assert judge_files.problems(workspace, NAME) == []


def test_names_are_checked_before_a_file_is_read(workspace):
    write_judgements(workspace)
    with pytest.raises(ConfigError, match="made here"):
        judge_files.check_name(workspace, NAME)
    with pytest.raises(ConfigError, match="no name"):
        judge_files.check_name(workspace, "../x")
    assert judge_files.check_name(workspace, "new") is False
    (write_judgements(workspace, "old") / "settings.json").unlink()
    assert judge_files.check_name(workspace, "old") is True


def test_a_suggested_name_is_a_name(workspace):
    for name in ("my file (1).csv", "…", "a" * 99 + ".csv", "-x.parquet"):
        assert judging.folder_of(workspace, judge_files.suggested(name))


def test_an_import_counts_what_it_leaves_out(workspace, tmp_path):
    data, _ = tastes(8, 8)
    save_dataset(data, workspace / "datasets" / "films", {"source": "test"})
    user, item, other = data.users.id[0], data.items.id[0], data.items.id[1]
    file = tmp_path / "given.csv"
    file.write_text(
        f"user_id,item_id,user_grade,item_grade\n{user},{item},High,High\nzoe,{item},High,High\n"
        f"{user},{other},Huge,Low\n"
    )
    judge_files.start_import(workspace, file, "films", "given")
    end = time.monotonic() + 90
    while (work := judge_files.imported(workspace, "given")) is None or work.running:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert work.answer["n_pairs"] == 1
    problems = judge_files.problems(workspace, "given")
    assert sum(one["count"] for one in problems) == 2
    assert any("zoe" in str(one["rows"]) for one in problems)
