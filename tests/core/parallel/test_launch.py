import pytest
import torch

from core.errors import ConfigError
from core.parallel.group import ALONE, Group, current, working_in
from core.parallel.launch import begin_together, check_together, joined
from tests.worlds import tiny_run

CPU, TWO = torch.device("cpu"), Group(0, 2)


@pytest.mark.parametrize("size", [None, "1"])
def test_without_others_there_is_nobody_to_join(monkeypatch, size):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    if size:
        monkeypatch.setenv("WORLD_SIZE", size)
    with joined() as group:
        assert group is ALONE is current()


def test_a_group_is_the_current_one_inside_its_block_alone():
    def fail():
        with working_in(TWO):
            assert current() is TWO
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert current() is ALONE


def test_processes_that_cannot_find_each_other_are_told_how_to_start(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(ConfigError, match="torchrun"), joined():
        pass


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "bpr"}, "Start it without torchrun"),
        ({"backbone": {"kind": "ngcf"}}, "backbone.kind=lightgcn"),
        ({"backbone": {"embedding_size": 1}}, "start at most 1"),
    ],
)
def test_what_cannot_be_split_is_refused_before_any_work(tmp_path, changes, words):
    config = tiny_run(**changes)
    with working_in(TWO), pytest.raises(ConfigError, match=words):
        begin_together(config, CPU, tmp_path)
    begin_together(config, CPU, tmp_path)  # one process does anything


def test_each_process_needs_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="2 processes were started, but there are 1 GPUs"):
        check_together(tiny_run(), torch.device("cuda"), TWO)
    check_together(tiny_run(), CPU, TWO)
