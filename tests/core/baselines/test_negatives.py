import torch

from core.baselines.negatives import DNS, SRNS, DNSSettings, SRNSSettings, hardest
from core.config import BackboneConfig
from core.model.lightgcn import LightGCN
from core.model.representations import Representations
from core.model.sampling import Observed
from tests.baseline_inputs import inputs_of
from tests.worlds import pairs

TRAIN = pairs([0, 1], [0, 4], 2, 5)
FOUND = Representations(torch.tensor([[1.0], [-1.0]]), torch.tensor([[9.0], [3.0], [1], [2], [0]]))
"""User 0 ranks the items 0, 1, 3, 2, 4; user 1 the reverse."""
USER = torch.tensor([0, 1]).repeat(200)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_of_many_candidates_the_highest_scored_unobserved_item_is_taken():
    drawn = hardest(FOUND, USER, Observed(TRAIN), 64, seeded())
    assert set(drawn[USER == 0].tolist()) == {1}  # item 0 scores more, but is observed
    assert set(drawn[USER == 1].tolist()) == {2}  # item 4 likewise


def test_of_two_candidates_the_better_one_is_taken():
    """Of four items at a chance of 1/4 each, the best of two draws is item 1 in 7/16."""
    user = torch.zeros(20_000, dtype=torch.int64)
    drawn = hardest(FOUND, user, Observed(TRAIN), 2, seeded())
    share = torch.bincount(drawn, minlength=5) / len(drawn)
    expected = torch.tensor([0, 7, 3, 5, 1]) / 16
    assert torch.allclose(share, expected, atol=0.02)


def model():
    made = LightGCN(2, 5, BackboneConfig(embedding_size=1, n_layers=0), seeded())
    made.embedding.data = torch.cat([*FOUND])
    return made


def test_dns_mines_with_the_model_as_it_is_in_the_batch():
    objective, backbone = DNS(inputs_of(TRAIN), DNSSettings(candidates=64), seeded()), model()
    objective.begin_epoch(1, backbone, seeded())
    before = objective.loss(backbone, torch.tensor([0, 1]))
    assert objective.negative.tolist() == [1, 2]
    assert before["rec"].item() > 0
    backbone.embedding.data[2:] *= -1  # the world turns within the epoch
    objective.loss(backbone, torch.tensor([0]))
    assert objective.negative.tolist() == [4, 2]


def test_the_weight_of_the_deviation_grows_from_zero_over_the_warm_up():
    settings = SRNSSettings(memory=2, alpha=2.0, warmup_epochs=4)
    objective, backbone = SRNS(inputs_of(TRAIN), settings, seeded()), model()
    weights = []
    for epoch in range(1, 8):
        objective.begin_epoch(epoch, backbone, seeded())
        weights.append(objective.alpha)
    assert weights == [0, 0.5, 1.0, 1.5, 2.0, 2.0, 2.0]
    assert len(objective.memory.past) == 5


def test_srns_never_takes_an_observed_item_and_comes_back_from_its_state():
    settings = SRNSSettings(memory=3, fresh=3)
    objective, backbone = SRNS(inputs_of(TRAIN), settings, seeded()), model()
    for epoch in range(1, 6):
        objective.begin_epoch(epoch, backbone, seeded(epoch))
        objective.loss(backbone, torch.tensor([0, 1]))
        assert objective.negative[0] != 0
        assert objective.negative[1] != 4
    other = SRNS(inputs_of(TRAIN), settings, seeded(9))
    other.restore(objective.state())
    assert torch.equal(other.memory.item, objective.memory.item)
    assert all(
        torch.equal(one.user, two.user) and torch.equal(one.item, two.item)
        for one, two in zip(other.memory.past, objective.memory.past, strict=True)
    )
