import os

import numpy as np
import pytest
import torch

from core.train.checkpoint import load_checkpoint, save_checkpoint

CONTENT = {"weights": torch.arange(64.0), "history": [{"epoch": 1.0, "loss": 0.5}], "epoch": 3}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "run.pt"


def test_what_was_written_comes_back(path):
    save_checkpoint(path, CONTENT)
    found = load_checkpoint(path)
    assert torch.equal(found["weights"], CONTENT["weights"])
    assert found["history"] == CONTENT["history"]
    assert found["epoch"] == 3
    assert [file.name for file in path.parent.iterdir()] == ["run.pt"]


def test_a_missing_file_is_none(path):
    assert load_checkpoint(path) is None


def test_a_kill_while_writing_leaves_the_previous_file_whole(path, monkeypatch):
    save_checkpoint(path, CONTENT)

    def killed(_, aside):
        aside.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(path, {"epoch": 4})
    assert load_checkpoint(path)["epoch"] == 3


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint", b"\0" * 500, bytes(range(256))])
def test_a_file_of_something_else_is_none(path, damage):
    path.parent.mkdir()
    path.write_bytes(damage)
    assert load_checkpoint(path) is None


def test_a_file_cut_short_is_none_wherever_it_ends(path):
    save_checkpoint(path, CONTENT)
    whole = path.read_bytes()
    for end in range(1, len(whole), 37):
        path.write_bytes(whole[:end])
        assert load_checkpoint(path) is None


def test_a_flipped_byte_is_found_or_harmless(path):
    save_checkpoint(path, CONTENT)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    n_found = 0
    for place in rng.integers(len(whole), size=100):
        broken = bytearray(whole)
        broken[place] ^= 0xFF
        path.write_bytes(bytes(broken))
        found = load_checkpoint(path)
        n_found += found is None
        if found is not None:
            assert torch.equal(found["weights"], CONTENT["weights"])
            assert found["history"] == CONTENT["history"]
    assert n_found > 25


class Runs:
    def __reduce__(self):
        return os.system, ("echo executed",)


def test_a_checkpoint_cannot_run_code(path, capfd):
    path.parent.mkdir()
    torch.save({"weights": Runs()}, path)
    assert load_checkpoint(path) is None
    assert "executed" not in capfd.readouterr().out
