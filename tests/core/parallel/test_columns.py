import pytest
import torch

from core.config import BackboneConfig
from core.errors import ConfigError
from core.model.backbones import make_backbone
from core.parallel.columns import UNDIVIDED, divide, share_of
from core.parallel.group import ALONE, Group


def backbone(kind="lightgcn", size=5):
    config = BackboneConfig(kind=kind, embedding_size=size)
    return make_backbone(3, 4, config, torch.Generator().manual_seed(0))


def test_the_columns_of_the_processes_are_those_of_the_table_that_one_process_draws():
    whole = backbone().embedding.detach()
    parts = []
    for rank in range(3):
        made = backbone()
        share = divide(made, Group(rank, 3))
        assert share_of(made) is share
        assert made.embedding.requires_grad
        assert made.embedding.is_contiguous()
        parts.append(made.embedding.detach())
    assert torch.equal(torch.cat(parts, dim=1), whole)


def test_one_process_keeps_the_table_itself():
    made = backbone()
    table = made.embedding
    assert divide(made, ALONE) is UNDIVIDED is share_of(made)
    assert made.embedding is table


def test_other_backbones_do_not_notice_that_one_was_divided():
    divide(backbone(), Group(0, 2))
    assert share_of(backbone()) is UNDIVIDED


def test_ngcf_is_refused_and_the_error_says_what_works():
    with pytest.raises(ConfigError, match=r"set backbone\.kind to lightgcn"):
        divide(backbone("ngcf"), Group(0, 2))


def test_more_processes_than_columns_are_refused():
    with pytest.raises(ConfigError, match="start at most 5"):
        divide(backbone(), Group(0, 6))


def test_a_state_is_cut_table_by_table_and_counts_stay():
    share = divide(backbone(), Group(1, 2))
    table, step = torch.arange(35.0).view(7, 5), torch.tensor(3.0)
    state = {"state": {0: {"step": step, "exp_avg": table}}, "param_groups": [{"lr": 0.1}]}
    cut = share.cut_state(state)
    assert torch.equal(cut["state"][0]["exp_avg"], table[:, 2:])
    assert cut["state"][0]["step"] is step
    assert cut["param_groups"] == [{"lr": 0.1}]
