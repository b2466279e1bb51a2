import shutil
import time

import numpy as np
import pytest

from core import stage_cache
from core.stages import Stages

ARRAYS = {
    "vectors": np.arange(12, dtype=np.float32).reshape(3, 4),
    "text": np.array(["Alien", "Ægir – 力"]),
    "rate": 0.25,
    "name": "soft",
    "none": np.zeros((0, 4)),
    "unknown": np.array([1.0, np.nan]),
}


class Counted:
    """A stage that counts how often it was computed."""

    def __init__(self, arrays=ARRAYS):
        self.arrays, self.n = arrays, 0

    def __call__(self):
        self.n += 1
        return self.arrays


def assert_same(left, right):
    assert left.keys() == right.keys()
    for name in left:
        assert left[name].dtype == right[name].dtype
        np.testing.assert_array_equal(left[name], right[name])


def test_a_second_run_computes_nothing_and_gives_the_same(tmp_path):
    compute, again = Counted(), Counted()
    first_stages, second_stages = Stages(tmp_path / "stages"), Stages(tmp_path / "stages")
    first, second = first_stages.run("a", compute), second_stages.run("a", again)
    assert (compute.n, again.n) == (1, 0)
    assert_same(first, second)
    assert set(first) == set(ARRAYS)
    assert str(second["name"]) == "soft"
    assert second["text"].tolist() == ["Alien", "Ægir – 力"]
    assert second_stages.seconds == first_stages.seconds  # the time it took, not that of reading


def test_stages_do_not_share_results(tmp_path):
    stages = Stages(tmp_path)
    stages.run("a", Counted({"x": 1}))
    assert int(stages.run("b", Counted({"x": 2}))["x"]) == 2
    assert int(stages.run("a", Counted({"x": 3}))["x"]) == 1


@pytest.mark.parametrize("damage", [b"", b"nothing of use", b"\0" * 400, None])
def test_a_damaged_file_is_computed_again(tmp_path, damage):
    Stages(tmp_path).run("a", Counted())
    path = tmp_path / "a.npz"
    path.write_bytes(path.read_bytes()[:-100] if damage is None else damage)
    again = Counted()
    assert_same(Stages(tmp_path).run("a", again), Stages(tmp_path).run("a", Counted()))
    assert again.n == 1


def test_a_flipped_byte_is_found_or_harmless(tmp_path):
    whole = Stages(tmp_path).run("a", Counted())
    path = tmp_path / "a.npz"
    good = path.read_bytes()
    rng, n_again = np.random.default_rng(0), 0
    for place in rng.integers(len(good), size=120):
        broken = bytearray(good)
        broken[place] ^= 0xFF
        path.write_bytes(bytes(broken))
        again = Counted()
        assert_same(Stages(tmp_path).run("a", again), whole)
        n_again += again.n
    assert n_again > 20


def test_arrays_of_another_file_do_not_pass_for_a_stage(tmp_path):
    np.savez(tmp_path / "a.npz", vectors=np.zeros(3))
    again = Counted()
    Stages(tmp_path).run("a", again)
    assert again.n == 1


def test_a_stage_that_fails_leaves_nothing_behind(tmp_path):
    def fails():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Stages(tmp_path / "stages").run("a", fails)
    assert not list(tmp_path.rglob("*.npz"))


def test_a_kill_while_writing_is_no_finished_stage(tmp_path, monkeypatch):
    def killed(file, **_):
        file.write(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", killed)
        with pytest.raises(KeyboardInterrupt):
            Stages(tmp_path).run("a", Counted())
    again = Counted()
    Stages(tmp_path).run("a", again)
    assert again.n == 1


class Runs:
    def __reduce__(self):
        return print, ("executed",)


def test_a_stage_file_cannot_run_code(tmp_path, capsys):
    np.savez(tmp_path / "a.npz", x=np.array([Runs()], dtype=object), _seconds=np.array(1.0))
    again = Counted()
    Stages(tmp_path).run("a", again)
    assert again.n == 1
    assert "executed" not in capsys.readouterr().out


def test_objects_are_refused_rather_than_pickled(tmp_path):
    with pytest.raises(ValueError, match="Object arrays"):
        Stages(tmp_path).run("a", lambda: {"x": np.array([{}, "text"], dtype=object)})
    assert not list(tmp_path.glob("*.npz"))


# ---------------------------------------------------------------- stages of other runs


def shared(folder, name, key="k1", told=None):
    return Stages(
        folder / name, folder / "cache", {"a": key}, (lambda _: None) if told is None else told
    )


def test_another_run_with_the_same_key_takes_the_stage(tmp_path):
    first, told, again = shared(tmp_path, "one"), [], Counted()
    made = first.run("a", Counted())
    second = shared(tmp_path, "two", told=told.append)
    assert_same(second.run("a", again), made)
    assert again.n == 0
    assert (first.reused, second.reused, told) == ([], ["a"], ["a"])
    assert second.seconds["a"] < 1


def test_seconds_are_those_of_this_run_and_stay_so_on_a_resume(tmp_path):
    first = shared(tmp_path, "one")
    first.run("a", lambda: time.sleep(0.2) or ARRAYS)
    assert first.seconds["a"] >= 0.2
    second = shared(tmp_path, "two")
    second.run("a", Counted())
    resumed = shared(tmp_path, "two")
    resumed.run("a", Counted())
    assert resumed.reused == ["a"]
    assert resumed.seconds == second.seconds
    assert second.seconds["a"] < 0.2


def test_another_key_or_none_computes(tmp_path):
    shared(tmp_path, "one").run("a", Counted({"x": 1}))
    assert int(shared(tmp_path, "two", "k2").run("a", Counted({"x": 2}))["x"]) == 2
    stages = Stages(tmp_path / "three", tmp_path / "cache", {})
    assert int(stages.run("a", Counted({"x": 3}))["x"]) == 3
    assert stages.reused == []
    assert len(list((tmp_path / "cache").rglob("*.npz"))) == 2


@pytest.mark.parametrize("damage", [b"", b"\0" * 400, None])
def test_a_damaged_kept_stage_is_computed_again_and_mended(tmp_path, damage):
    made = shared(tmp_path, "one").run("a", Counted())
    kept = tmp_path / "cache" / "stages" / "k1.npz"
    kept.unlink()  # the run has a link to the same file
    content = (tmp_path / "one" / "a.npz").read_bytes()
    kept.write_bytes(content[:-100] if damage is None else damage)
    second, again = shared(tmp_path, "two"), Counted()
    assert_same(second.run("a", again), made)
    assert (again.n, second.reused) == (1, [])
    third = shared(tmp_path, "three")
    third.run("a", Counted())
    assert third.reused == ["a"]


def test_a_run_that_is_deleted_leaves_the_kept_stage(tmp_path):
    made = shared(tmp_path, "one").run("a", Counted())
    shutil.rmtree(tmp_path / "one")
    assert_same(shared(tmp_path, "two").run("a", Counted()), made)


def test_a_stage_made_here_after_the_cache_failed_is_not_called_reused(tmp_path):
    shared(tmp_path, "one").run("a", Counted())
    shared(tmp_path, "two").run("a", Counted())
    (tmp_path / "two" / "a.npz").write_bytes(b"damaged")
    shutil.rmtree(tmp_path / "cache")
    stages, again = shared(tmp_path, "two"), Counted()
    stages.run("a", again)
    assert (again.n, stages.reused) == (1, [])


def test_parts_of_stages_are_kept_without_a_time_of_their_own(tmp_path):
    stages = shared(tmp_path, "one")
    stages.run("b", lambda: stages.keep("a", Counted()))
    assert set(stages.seconds) == {"b"}
    other, again = shared(tmp_path, "two"), Counted()
    other.run("b", lambda: other.keep("a", again))
    assert (again.n, other.reused) == (0, [])


def test_a_stage_that_cannot_be_fetched_stays_for_others(tmp_path, monkeypatch):
    """No room in this run folder, say: the kept file is as good as it was."""
    shared(tmp_path, "one").run("a", Counted())

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(stage_cache, "_place", full)
        mine = Counted()
        shared(tmp_path, "two").run("a", mine)
    assert mine.n == 1
    assert (tmp_path / "cache" / "stages" / "k1.npz").is_file()
    again = Counted()
    shared(tmp_path, "three").run("a", again)
    assert again.n == 0
