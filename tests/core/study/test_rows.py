from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from core.errors import DataError
from core.study.names import COLUMNS, VERDICTS
from core.study.rows import append_rows, done_keys, read_rows, remove_rows, row_key, rows_of


def row(seed: int = 0, **more):
    place = {"part": "methods", "data": "sample", "noise": "position", "rate": 0.2, "seed": seed}
    rest = {"variant": "bpr", "family": "plain", "options": "{}", "finished": "2026-01-01T00:00"}
    return {**place, **rest, **more}


def many(folder: Path, first: int) -> None:
    for seed in range(first, first + 40):
        append_rows(folder, [row(seed, auc_all=seed / 100)])


def test_the_header_is_the_contract():
    assert COLUMNS[:8] == (
        *("part", "data", "noise", "rate", "seed"),
        *("variant", "family", "options"),
    )
    assert COLUMNS[-12:-5] == (
        *("best_epoch", "seconds", "seconds_shared", "device", "code", "versions", "finished"),
    )
    assert COLUMNS[-5:] == VERDICTS  # added last: older files lack them
    assert len(COLUMNS) == len(set(COLUMNS)) == 65


def test_what_is_written_is_read_back_and_what_is_not_measured_is_empty(tmp_path):
    append_rows(tmp_path, [row(auc_all=0.123456789, ap_all=float("nan"), n_train=1_234_567)])
    found = read_rows(tmp_path)
    assert list(found.columns) == list(COLUMNS)
    assert found.loc[0, "auc_all"] == pytest.approx(0.123457)
    assert found.loc[0, "n_train"] == 1_234_567
    assert found[["ap_all", "recall20"]].isna().all(axis=None)
    assert (found.loc[0, "scheme"], found.loc[0, "seed"]) == ("", 0.0)
    assert ",,," in (tmp_path / "rows.csv").read_text()


def test_a_row_that_is_there_is_not_written_again(tmp_path):
    assert append_rows(tmp_path, [row(0), row(1)]) == 2
    assert append_rows(tmp_path, [row(1, auc_all=0.9), row(2)]) == 1
    assert done_keys(tmp_path) == {row_key(row(seed)) for seed in (0, 1, 2)}
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 4


def test_options_and_scheme_are_part_of_the_key():
    keys = {row_key(row(**more)) for more in ({}, {"options": '{"a":1}'}, {"scheme": "dns"})}
    assert len(keys) == 3
    assert row_key(row(rate=0.2)) == row_key(row(rate=0.2000000001))


@pytest.mark.parametrize("cut", [1, 25, 60])
def test_a_torn_last_line_is_dropped_and_cut_off_before_the_next_row(tmp_path, cut):
    append_rows(tmp_path, [row(0), row(1)])
    path = tmp_path / "rows.csv"
    path.write_bytes(path.read_bytes()[:-cut])
    assert read_rows(tmp_path)["seed"].tolist() == [0]
    assert append_rows(tmp_path, [row(1), row(2)]) == 2
    assert read_rows(tmp_path)["seed"].tolist() == [0, 1, 2]


def test_a_torn_header_is_written_anew(tmp_path):
    (tmp_path / "rows.csv").write_text("part,da")
    append_rows(tmp_path, [row()])
    assert len(read_rows(tmp_path)) == 1


def test_two_processes_append_without_loss(tmp_path):
    context = multiprocessing.get_context("fork")
    both = [context.Process(target=many, args=(tmp_path, first)) for first in (0, 20)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(read_rows(tmp_path)["seed"]) == list(range(60))  # 20 to 39 once


def test_of_options_chosen_anew_the_latest_row_stands_but_tuning_keeps_all(tmp_path):
    late = {"options": '{"b":2}', "finished": "2026-01-02T00:00", "auc_all": 0.7}
    append_rows(tmp_path, [row(**late), row(auc_all=0.6)])
    append_rows(tmp_path, [row(part="tuning"), row(part="tuning", options='{"b":2}')])
    found = read_rows(tmp_path)
    assert found[found["part"] == "methods"]["auc_all"].tolist() == [0.7]
    assert (found["part"] == "tuning").sum() == 2


def test_no_rows_and_other_files_are_told_with_what_to_do(tmp_path):
    with pytest.raises(DataError, match="make study"):
        read_rows(tmp_path)
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    for reads in (read_rows, done_keys, lambda path: append_rows(path, [row()])):
        with pytest.raises(DataError, match=r"other columns.*move the file away"):
            reads(tmp_path)
    with pytest.raises(ValueError, match="unknown columns"):
        append_rows(tmp_path, [{"auc": 1}])


def test_rows_are_forgotten_with_a_copy_and_all_others_stand_as_they_were(tmp_path):
    append_rows(tmp_path, [row(seed, auc_all=0.123456) for seed in range(3)])
    whole = (tmp_path / "rows.csv").read_text()
    copy = remove_rows(tmp_path, {row_key(row(1))})
    assert copy == tmp_path / "rows.csv.bak"
    assert copy.read_text() == whole
    lines = whole.splitlines(keepends=True)
    assert (tmp_path / "rows.csv").read_text() == "".join(lines[:2] + lines[3:])
    assert append_rows(tmp_path, [row(1)]) == 1


def test_a_copy_never_takes_the_place_of_an_earlier_one(tmp_path):
    append_rows(tmp_path, [row(0), row(1)])
    whole = (tmp_path / "rows.csv").read_text()
    assert remove_rows(tmp_path, {row_key(row(0))}) == tmp_path / "rows.csv.bak"
    assert remove_rows(tmp_path, {row_key(row(1))}) == tmp_path / "rows.csv.bak2"
    assert (tmp_path / "rows.csv.bak").read_text() == whole
    assert not (tmp_path / "rows.csv").exists()  # none is left, as before the first
    assert not list(tmp_path.glob("*.tmp"))


def test_where_no_row_is_to_be_forgotten_nothing_is_touched(tmp_path):
    assert remove_rows(tmp_path, {row_key(row(0))}) is None
    append_rows(tmp_path, [row(0)])
    assert remove_rows(tmp_path, {row_key(row(1))}) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.csv", "rows.lock"]


def test_rows_of_a_cell_are_its_own_whatever_options_they_were_run_with(tmp_path):
    earlier = row(0, options='{"a":1}')
    append_rows(tmp_path, [row(0), earlier, row(1), row(0, variant="dcf")])
    assert rows_of(tmp_path, {row_key(row(0))}) == {row_key(row(0)), row_key(earlier)}


def test_a_file_of_an_earlier_version_is_read_and_brought_up_to_date_by_the_next_row(tmp_path):
    append_rows(tmp_path, [row(auc_all=0.5)])
    path = tmp_path / "rows.csv"
    old = [line.rsplit(",", len(VERDICTS))[0] for line in path.read_text().splitlines()]
    path.write_text("\n".join(old) + "\n")
    assert read_rows(tmp_path).loc[0, "auc_all"] == 0.5
    assert path.read_text().splitlines() == old  # reading changes nothing
    assert append_rows(tmp_path, [row(auc_all=0.5), row(seed=7, called_hard=0.1)]) == 1
    found = read_rows(tmp_path)
    assert path.read_text().splitlines()[0].split(",") == list(COLUMNS)
    assert found["auc_all"].tolist()[0] == 0.5
    assert found.loc[found["seed"] == 7, "called_hard"].item() == pytest.approx(0.1)
