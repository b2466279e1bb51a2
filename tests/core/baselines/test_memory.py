import math

import torch

from core.baselines.memory import VarianceMemory
from core.model.representations import Representations
from core.model.sampling import Observed
from tests.worlds import pairs

USER, POSITIVE = torch.tensor([0]), torch.tensor([0])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def model(*scores, n_users=1):
    """All users score the items so."""
    return Representations(torch.ones(n_users, 1), torch.tensor(scores)[:, None])


def logit(chance):
    return math.log(chance / (1 - chance))


def memory_of(*items, n_items=3):
    made = VarianceMemory(1, Observed(pairs([0], [0], 1, n_items)), len(items), seeded())
    made.item = torch.tensor([items])
    return made


def test_score_and_deviation_are_weighed_as_worked_by_hand():
    """Item 1 has P .75 throughout; item 2 has P .5 now and .1, .9 before: deviation .4."""
    memory = memory_of(1, 2)
    for chance in (0.1, 0.9):
        memory.remember(model(0.0, logit(0.75), logit(chance)))
    now = model(0.0, logit(0.75), logit(0.5))
    chosen = [memory.choose(now, USER, POSITIVE, alpha).item() for alpha in (0.0, 0.5, 1.0)]
    assert chosen == [1, 1, 2]  # .75 against .5, .7 and .9


def test_chances_are_against_the_positive():
    """The positive scores 6. Item 1 was at 5 and 7, so P .27 and .73, and is at 6: P .5.

    Item 2 was at 0 and 3 and is at 3, far below: its P was hardly ever more than nothing.
    """
    memory = memory_of(1, 2)
    memory.remember(model(6.0, 5.0, 0.0))
    memory.remember(model(6.0, 7.0, 3.0))
    assert memory.choose(model(6.0, 6.0, 3.0), USER, POSITIVE, 1.0).item() == 1


def test_only_the_last_five_models_count():
    memory = memory_of(1, 2)
    memory.remember(model(0.0, 0.0, 8.0))
    for _ in range(5):
        memory.remember(model(0.0, 0.0, 0.0))
    assert len(memory.past) == 5
    assert memory.choose(model(0.0, 0.1, 0.0), USER, POSITIVE, 100.0).item() == 1


def test_a_cold_draw_keeps_the_highest_scored_without_repeats():
    observed = Observed(pairs([0, 1], [0, 5], 2, 6))
    memory = VarianceMemory(2, observed, 3, seeded())
    found = Representations(torch.tensor([[1.0], [-1.0]]), torch.arange(6.0)[:, None])
    for _ in range(20):
        memory.renew(found, torch.tensor([0, 1]), 6, 1e-3, seeded(_))
    assert set(memory.item[0].tolist()) == {5, 4, 3}
    assert set(memory.item[1].tolist()) == {0, 1, 2}


def test_places_are_drawn_with_chances_of_a_softmax():
    """Place held by item 1 (score ln 3), rival drawn from items 1 and 2 (score 0) evenly.

    Item 1 stays for sure where it is its own rival, else with 3 / 4: .5 + .5 * .75 = .875.
    """
    n_users = 8000
    everyone = torch.arange(n_users)
    own = pairs(everyone.numpy(), everyone.numpy() * 0, n_users, 3)
    memory = VarianceMemory(n_users, Observed(own), 1, seeded())
    memory.item = torch.ones(n_users, 1, dtype=torch.int64)
    memory.renew(model(0.0, math.log(3), 0.0, n_users=n_users), everyone, 1, 1.0, seeded(1))
    assert abs((memory.item == 1).float().mean().item() - 0.875) < 0.015


def test_users_outside_the_batch_keep_their_memory():
    memory = VarianceMemory(3, Observed(pairs([0], [0], 3, 50)), 4, seeded())
    before = memory.item.clone()
    found = Representations(torch.ones(3, 1), torch.arange(50.0)[:, None])
    memory.renew(found, torch.tensor([1]), 4, 1.0, seeded())
    assert torch.equal(memory.item[[0, 2]], before[[0, 2]])
    assert not torch.equal(memory.item[1], before[1])
