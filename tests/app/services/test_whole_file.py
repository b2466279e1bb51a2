"""Files are replaced whole, by any number of threads."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.services import run_folder, whole_file


def test_eight_threads_write_one_file(tmp_path):
    path = tmp_path / "status.json"

    def write(number):
        run_folder.write_json(path, {"numbers": [number] * 2000})
        return len(set(json.loads(path.read_text())["numbers"]))

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(write, range(64))) == {1}
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_what_was_there(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")

    def fail():
        with whole_file.replacing(path) as aside:
            aside.write_text("half")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_may_be_read_by_whom_others_may(tmp_path):
    (tmp_path / "plain").touch()
    with whole_file.replacing(tmp_path / "x") as aside:
        aside.touch()
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_file_that_changed_has_another_stamp_and_none_has_zeros(tmp_path):
    path = tmp_path / "x"
    assert whole_file.stamp(path) == (str(path), 0, 0)
    path.write_text("one")
    first = whole_file.stamp(path)
    assert first == whole_file.stamp(path)
    assert first[2] == 3
    path.write_text("more")
    assert whole_file.stamp(path) != first
