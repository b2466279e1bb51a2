import os
import subprocess
import sys
import time

import pytest

from app.services.environment import ROOT
from core.stage_cache import ABANDONED, StageCache


def made(folder, name, size):
    path = folder / f"{name}.npz"
    path.write_bytes(b"x" * size)
    return path


def kept(cache):
    return {path.stem for path in cache.folder.glob("*.npz")}


def test_what_was_not_used_for_longest_goes_first(tmp_path):
    cache = StageCache(tmp_path / "cache", largest=100)
    for age, name in ((300, "old"), (200, "older use"), (100, "young")):
        cache.store(name, made(tmp_path, name, 30))
        past = time.time() - age
        os.utime(cache.folder / f"{name}.npz", (past, past))
    assert cache.fetch("old", tmp_path / "fetched.npz")  # used now
    cache.store("new", made(tmp_path, "new", 30))
    assert kept(cache) == {"old", "young", "new"}


def test_a_file_larger_than_the_cache_is_not_stored_and_removes_nothing(tmp_path):
    cache = StageCache(tmp_path / "cache", largest=100)
    cache.store("small", made(tmp_path, "small", 60))
    cache.store("large", made(tmp_path, "large", 101))
    assert kept(cache) == {"small"}


def test_nothing_there_is_no_error(tmp_path):
    cache = StageCache(tmp_path / "cache")
    assert not cache.fetch("a", tmp_path / "a.npz")
    cache.forget("a")
    assert not (tmp_path / "cache").exists()


def test_abandoned_copies_are_removed_and_fresh_ones_left(tmp_path):
    cache = StageCache(tmp_path / "cache")
    cache.store("a", made(tmp_path, "a", 3))
    past = time.time() - 2 * ABANDONED
    for name in ("dead.npz.1.tmp", "alive.npz.2.tmp"):
        (cache.folder / name).write_bytes(b"half")
    os.utime(cache.folder / "dead.npz.1.tmp", (past, past))
    cache.store("b", made(tmp_path, "b", 3))
    names = {path.name for path in cache.folder.iterdir()}
    assert names == {"a.npz", "b.npz", "alive.npz.2.tmp"}


def test_where_links_do_not_work_files_are_copied(tmp_path, monkeypatch):
    def refuses(*_):
        raise PermissionError

    monkeypatch.setattr(os, "link", refuses)
    cache = StageCache(tmp_path / "cache")
    cache.store("a", made(tmp_path, "a", 3))
    assert cache.fetch("a", tmp_path / "run" / "a.npz")
    assert (tmp_path / "run" / "a.npz").read_bytes() == b"xxx"


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(tmp_path):
    (tmp_path / "cache").write_bytes(b"a file, not a folder")
    cache = StageCache(tmp_path / "cache")
    cache.store("a", made(tmp_path, "a", 3))
    assert not cache.fetch("a", tmp_path / "run.npz")


def test_storing_the_same_link_twice_leaves_no_rubbish(tmp_path):
    cache = StageCache(tmp_path / "cache")
    path = made(tmp_path, "a", 3)
    cache.store("a", path)
    cache.store("a", path)
    assert [path.name for path in cache.folder.iterdir()] == ["a.npz"]


BUSY = """
import sys
from pathlib import Path
from core.stage_cache import StageCache
cache, own = StageCache(Path(sys.argv[1]), largest=3000), Path(sys.argv[2])
own.mkdir()
for turn in range(150):
    key = str(turn % 5)
    path = own / f"{key}.npz"
    if cache.fetch(key, path):
        assert path.read_bytes() == key.encode() * 1000
    else:
        path.unlink(missing_ok=True)
        path.write_bytes(key.encode() * 1000)
        cache.store(key, path)
"""


@pytest.mark.parametrize("n_processes", [3])
def test_several_processes_never_see_half_a_file(tmp_path, n_processes):
    jobs = [
        subprocess.Popen(
            [sys.executable, "-c", BUSY, str(tmp_path / "cache"), str(tmp_path / f"own{k}")],
            cwd=ROOT,
        )
        for k in range(n_processes)
    ]
    assert [job.wait() for job in jobs] == [0] * n_processes
    assert not list((tmp_path / "cache").glob("*.tmp"))
    assert sum(path.stat().st_size for path in (tmp_path / "cache").iterdir()) <= 3000
