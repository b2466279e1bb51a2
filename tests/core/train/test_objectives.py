import math

import numpy as np
import pytest
import torch

from core.baselines.contrast import one_way
from core.config import BackboneConfig, LLMHNIConfig
from core.graph.adjacency import normalized_graph
from core.model.backbones import make_backbone
from core.model.info_nce import info_nce
from core.model.lightgcn import LightGCN
from core.model.noisy_layers import OuterLayers
from core.train.llmhni import LLMHNI, RefinedInput
from core.train.objectives import BPR
from core.types import Embeddings
from tests.worlds import pairs

N_USERS, N_ITEMS = 6, 10
TRAIN = pairs(np.repeat(np.arange(6), 3), (np.arange(18) * 7) % 10, N_USERS, N_ITEMS)
ADDED = pairs([0, 1, 2], [1, 2, 3], N_USERS, N_ITEMS)
POSITIVES = pairs(
    np.concatenate([TRAIN.user, ADDED.user]),
    np.concatenate([TRAIN.item, ADDED.item]),
    N_USERS,
    N_ITEMS,
)
BOTH = set(zip(POSITIVES.user.tolist(), POSITIVES.item.tolist(), strict=True))
ROWS = torch.arange(len(POSITIVES))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def backbone(n_layers=1, seed=3):
    config = BackboneConfig(embedding_size=4, n_layers=n_layers, init_std=1.0)
    return make_backbone(N_USERS, N_ITEMS, config, seeded(seed))


def llmhni(weight=None, graph=None, aligned=None, **options):
    rng = np.random.default_rng(1)
    aligned = aligned or Embeddings(
        rng.normal(size=(N_USERS, 4)).astype(np.float32),
        rng.normal(size=(N_ITEMS, 4)).astype(np.float32),
    )
    half = np.full(len(POSITIVES), 0.5, dtype=np.float32)
    data = RefinedInput(
        graph or normalized_graph(TRAIN),
        normalized_graph(POSITIVES, half),
        POSITIVES,
        weight,
        TRAIN,
        aligned,
    )
    own = {
        "fresh": 0,
        "candidates": 2,
        "pool": 3,
        "hard_share": 1.0,
        "warmup_epochs": 0,
        "drop_rate": 0.3,
        "lambda_alignment": 0.001,
        "lambda_hallucination": 0.001,
        "weight_decay": 1e-3,
    }
    settings = own | options
    return LLMHNI(data, LLMHNIConfig(**settings), seeded(2))


def bpr():
    return BPR(TRAIN, normalized_graph(TRAIN), decay=1e-3)


def started(objective, epoch=1, model=None):
    objective.begin_epoch(epoch, model or backbone(), seeded(4))
    return objective


# ---------------------------------------------------------------- terms


def test_bpr_and_decay_are_as_worked_by_hand():
    """User (1, 2), positive (3, 0), negative (0, 1), all scores read off E0."""
    model = LightGCN(1, 2, BackboneConfig(embedding_size=2, n_layers=0), seeded())
    model.embedding.data = torch.tensor([[1.0, 2.0], [3.0, 0.0], [0.0, 1.0]])
    train = pairs([0], [0], 1, 2)
    objective = BPR(train, normalized_graph(train), decay=0.1)
    objective.begin_epoch(1, model, seeded())
    assert objective.negative.tolist() == [1]  # the only item that is left
    terms = objective.loss(model, torch.tensor([0]))
    assert terms["rec"].item() == pytest.approx(math.log1p(math.exp(2 - 3)))
    assert terms["decay"].item() == pytest.approx(0.1 * 0.5 * (5 + 9 + 1))


@pytest.mark.parametrize(
    "rows", [ROWS[:2], ROWS[:18], ROWS[:2].repeat(9)], ids=["few", "all", "again"]
)
@pytest.mark.parametrize("make", [llmhni, bpr], ids=["llmhni", "bpr"])
def test_decay_and_its_gradient_are_of_the_rows_of_the_batch_however_they_are_looked_up(make, rows):
    """16 nodes: rows of two pairs are looked up one by one, those of many through all nodes."""
    model = backbone(n_layers=2)
    objective = started(make(), model=model)
    table = model.get_parameter("embedding")
    terms = objective.loss(model, rows)
    (found,) = torch.autograd.grad(terms["decay"], table, retain_graph=True)
    mine = table.detach().clone().requires_grad_()
    nodes = torch.cat(
        [objective.user[rows], N_USERS + objective.item[rows], N_USERS + objective.negative[rows]]
    )
    expected = 1e-3 * 0.5 * mine[nodes].square().sum() / len(rows)
    expected.backward()
    assert terms["decay"].item() == pytest.approx(expected.item(), rel=1e-6)
    torch.testing.assert_close(found, mine.grad)


@pytest.mark.parametrize("rows", [ROWS[:2], ROWS[:18]], ids=["few", "all"])
def test_ranking_and_its_gradient_are_those_of_the_mean_of_layers(rows):
    model = backbone(n_layers=2)
    objective = started(bpr(), model=model)
    table = model.get_parameter("embedding")
    (found,) = torch.autograd.grad(objective.loss(model, rows)["rec"], table)
    whole = model(objective.graph)
    user = whole.user[objective.user[rows]]
    item, negative = whole.item[objective.item[rows]], whole.item[objective.negative[rows]]
    margin = (user * (item - negative)).sum(1)
    (expected,) = torch.autograd.grad(torch.nn.functional.softplus(-margin).mean(), table)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("switch", "gone"),
    [
        (None, set()),
        ("cross_graph_alignment", {"de"}),
        ("hallucination_suppression", {"hal"}),
        ("semantic_negatives", set()),
    ],
)
def test_each_switch_takes_away_its_term_and_no_other(switch, gone):
    options = {} if switch is None else {switch: False}
    whole, cut = started(llmhni(semantic_negatives=True)), started(llmhni(**options))
    model = backbone()
    before, after = whole.loss(model, ROWS), cut.loss(model, ROWS)
    assert set(before) == {"rec", "decay", "de", "hal"}
    assert set(after) == set(before) - gone
    if switch in (None, "cross_graph_alignment", "hallucination_suppression"):
        for name in after:
            assert after[name].item() == before[name].item()
    else:
        assert torch.equal(after["de"], before["de"])
        assert not torch.equal(cut.negative, whole.negative)


def test_alignment_contrasts_both_graphs_over_the_unique_nodes_of_the_batch():
    objective, model = started(llmhni(lambda_alignment=0.3, temperature=0.25)), backbone()
    rows = torch.tensor([0, 1, 4, 0])  # row 0 twice: users 0 and 1, three items
    original, refined = model(objective.original), model(objective.graph)
    users, items = torch.tensor([0, 1]), torch.unique(objective.item[rows])
    expected = 0.3 * (
        info_nce(original.user[users], refined.user[users], 0.25)
        + info_nce(original.item[items], refined.item[items], 0.25)
    )
    assert objective.loss(model, rows)["de"].item() == pytest.approx(expected.item(), rel=1e-6)


def test_ranking_and_inference_use_the_refined_graph():
    model = backbone()
    one = started(llmhni(), model=model)
    other = started(llmhni(graph=normalized_graph(TRAIN.select(np.arange(9)))), model=model)
    assert torch.equal(one.negative, other.negative)
    left, right = one.loss(model, ROWS), other.loss(model, ROWS)
    assert left["rec"].item() == right["rec"].item()
    assert left["de"].item() != right["de"].item()
    assert one.graph.n_edges == len(POSITIVES)


def test_lambda_scales_its_term():
    model = backbone()
    one, two = started(llmhni(lambda_hallucination=0.1)), started(llmhni(lambda_hallucination=0.2))
    left, right = one.loss(model, ROWS), two.loss(model, ROWS)
    assert right["hal"].item() == pytest.approx(2 * left["hal"].item())
    assert right["de"].item() == left["de"].item()


def test_rows_of_weight_zero_do_not_move_the_ranking_loss():
    weight = np.ones(len(POSITIVES), dtype=np.float32)
    weight[5:9] = 0
    objective, model = started(llmhni(weight=weight)), backbone()
    rest = torch.tensor([k for k in range(len(POSITIVES)) if not 5 <= k < 9])
    expected = objective.loss(model, rest)["rec"].item()
    assert objective.loss(model, ROWS)["rec"].item() == pytest.approx(expected, rel=1e-6)
    plain = started(llmhni()).loss(model, ROWS)["rec"].item()
    assert plain != pytest.approx(expected, rel=1e-3)


def test_a_weight_counts_as_so_many_copies():
    model = backbone()
    weight = np.ones(len(POSITIVES), dtype=np.float32)
    weight[2] = 3.0
    objective = started(llmhni(weight=weight))
    copies = started(llmhni())
    assert torch.equal(objective.negative, copies.negative)
    expected = copies.loss(model, torch.tensor([1, 2, 2, 2]))["rec"].item()
    assert objective.loss(model, torch.tensor([1, 2]))["rec"].item() == pytest.approx(expected)


# ---------------------------------------------------------------- layers


def outer_backbone():
    config = BackboneConfig(embedding_size=4, n_layers=2, init_std=1.0)
    return OuterLayers(N_USERS, N_ITEMS, config, seeded(3))


def test_the_mean_of_noisy_layers_is_contrasted_with_the_first_and_ranked():
    model, rows = outer_backbone(), torch.tensor([0, 1, 4, 0])
    objective = started(llmhni(lambda_layers=0.3, layer_temperature=0.25), model=model)
    objective.noise._generator.manual_seed(8)
    mean, layer = objective.graph.noisy_mean(model.embedding, 2, objective.noise, 1)
    assert not torch.allclose(mean[:N_USERS], model(objective.graph).user)  # there is noise
    objective.noise._generator.manual_seed(8)
    terms = objective.loss(model, rows)
    users, items = torch.tensor([0, 1]), N_USERS + torch.unique(objective.item[rows])
    expected = 0.3 * sum(one_way(mean[nodes], layer[nodes], 0.25) for nodes in (users, items))
    assert terms["layers"].item() == pytest.approx(expected.item(), rel=1e-6)
    user, item = mean[objective.user[rows]], mean[N_USERS + objective.item[rows]]
    negative = mean[N_USERS + objective.negative[rows]]
    margin = (user * item).sum(dim=1) - (user * negative).sum(dim=1)
    wanted = -torch.nn.functional.logsigmoid(margin).mean()
    assert terms["rec"].item() == pytest.approx(wanted.item(), rel=1e-5)


@pytest.mark.parametrize("off", [{"layer_contrast": False}, {"lambda_layers": 0.0}])
def test_without_the_contrast_of_layers_there_is_no_noise(off):
    model = outer_backbone()
    objective = started(llmhni(**off), model=model)
    assert objective.noise is None
    assert set(objective.loss(model, ROWS)) == {"rec", "decay", "de", "hal"}


def test_a_backbone_with_an_input_layer_does_without_the_contrast_of_layers():
    objective, model = started(llmhni()), backbone()
    assert "layers" not in objective.loss(model, ROWS)


def test_the_noise_is_drawn_anew_each_epoch():
    model = outer_backbone()
    objective = started(llmhni(), model=model)
    before = objective.noise.directions.clone()
    objective.begin_epoch(2, model, seeded(5))
    assert not torch.equal(objective.noise.directions, before)


# ---------------------------------------------------------------- views


def edges_of(view):
    """Its edges as pairs of user and item, from the rows of the users."""
    ends = view.offsets[: view.n_users + 1].tolist()
    item = (view.column - view.n_users).tolist()
    return {(u, i) for u in range(view.n_users) for i in item[ends[u] : ends[u + 1]]}


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        ("cross", [("original", "refined")]),
        ("same", [("original", "original"), ("refined", "refined")]),
    ],
)
def test_both_readings_contrast_the_right_views(reading, expected):
    objective = started(llmhni(hallucination_views=reading, lambda_hallucination=0.05))
    whole = {"original": edges_of(objective.original), "refined": edges_of(objective.graph)}
    assert [len(edges) for edges in whole.values()] == [18, 21]
    for pair, bases in zip(objective.views, expected, strict=True):
        left, right = (edges_of(view) for view in pair)
        for edges, base in zip((left, right), bases, strict=True):
            assert edges < whole[base]
            assert bool(edges - whole["original"]) == (base == "refined")  # it has edges of its own
        assert left != right
    model = backbone()
    users, items = torch.unique(objective.user), torch.unique(objective.item)
    parts = []
    for left, right in objective.views:
        one, other = model(left), model(right)
        parts.append(
            info_nce(one.user[users], other.user[users], 0.2)
            + info_nce(one.item[items], other.item[items], 0.2)
        )
    value = objective.loss(model, ROWS)["hal"].item()
    assert value == pytest.approx(0.05 * torch.stack(parts).mean().item(), rel=1e-6)


def test_views_are_redrawn_every_epoch():
    objective, generator, model = llmhni(), seeded(), backbone()
    edges = set()
    for epoch in range(1, 6):
        objective.begin_epoch(epoch, model, generator)
        edges.add(tuple(objective.views[0][0].column.tolist()))
    assert len(edges) > 1


# ---------------------------------------------------------------- negatives


@pytest.mark.parametrize("semantic", [True, False])
def test_negatives_are_never_observed_nor_added(semantic):
    objective, generator, model = llmhni(semantic_negatives=semantic), seeded(), backbone()
    for epoch in range(1, 40):
        objective.begin_epoch(epoch, model, generator)
        drawn = zip(objective.user.tolist(), objective.negative.tolist(), strict=True)
        assert BOTH.isdisjoint(drawn)


@pytest.mark.parametrize("semantic", [True, False])
def test_the_item_of_a_dropped_edge_is_no_negative(semantic):
    """An observed pair that refinement dropped is neither positive nor negative."""
    kept = TRAIN.select(np.arange(18) != 4)
    data = RefinedInput(
        normalized_graph(TRAIN),
        normalized_graph(kept),
        kept,
        None,
        TRAIN,
        Embeddings(*np.zeros((2, N_ITEMS, 2), np.float32)),
    )
    objective = LLMHNI(
        data,
        LLMHNIConfig(pool=8, hard_share=1.0, warmup_epochs=0, semantic_negatives=semantic),
        seeded(),
    )
    dropped, generator = (int(TRAIN.user[4]), int(TRAIN.item[4])), seeded(1)
    for epoch in range(1, 60):
        objective.begin_epoch(epoch, backbone(), generator)
        drawn = zip(objective.user.tolist(), objective.negative.tolist(), strict=True)
        assert dropped not in set(drawn)


def test_of_the_pool_the_item_of_lowest_semantic_relevance_is_the_negative():
    """s is minus the item number for everybody: the largest free number of the pool wins."""
    angle = np.linspace(0.1, 2.5, N_ITEMS)
    aligned = Embeddings(
        np.tile(np.float32([1, 0]), (N_USERS, 1)),
        np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32),
    )
    whole = started(llmhni(aligned=aligned, pool=10, candidates=10))
    for user, negative in zip(whole.user.tolist(), whole.negative.tolist(), strict=True):
        assert negative == max(item for item in range(N_ITEMS) if (user, item) not in BOTH)
    model = backbone()
    small = started(llmhni(aligned=aligned, pool=5, candidates=5), model=model)
    with torch.no_grad():
        score = model(small.graph)
    for user, negative in zip(small.user.tolist(), small.negative.tolist(), strict=True):
        free = [item for item in range(N_ITEMS) if (user, item) not in BOTH]
        free.sort(key=lambda item: -float(score.user[user] @ score.item[item]))
        assert negative == max(free[:5])


def test_one_candidate_is_any_hard_negative_of_the_pool():
    objective, model, generator = llmhni(pool=5, candidates=1), backbone(), seeded()
    with torch.no_grad():
        score = model(objective.graph)
    seen = {user: set() for user in range(N_USERS)}
    for epoch in range(1, 40):
        objective.begin_epoch(epoch, model, generator)
        for user, item in zip(objective.user.tolist(), objective.negative.tolist(), strict=True):
            seen[user].add(item)
    for user, items in seen.items():
        free = [item for item in range(N_ITEMS) if (user, item) not in BOTH]
        free.sort(key=lambda item: -float(score.user[user] @ score.item[item]))
        assert items == set(free[:5])


def test_negatives_are_uniform_until_the_warm_up_is_over():
    objective, model, generator = (
        llmhni(pool=1, candidates=1, warmup_epochs=30),
        backbone(),
        seeded(),
    )
    seen = set()
    for epoch in range(1, 31):
        objective.begin_epoch(epoch, model, generator)
        drawn = zip(objective.user.tolist(), objective.negative.tolist(), strict=True)
        seen |= {item for user, item in drawn if user == 0}
    assert seen == {item for item in range(N_ITEMS) if (0, item) not in BOTH}
    objective.begin_epoch(31, model, generator)
    assert set(objective.negative[objective.user == 0].tolist()) == {int(objective.pool.item[0])}


def test_the_pool_gathers_good_items_during_the_warm_up():
    objective, model, generator = (
        llmhni(pool=1, candidates=1, warmup_epochs=30),
        backbone(),
        seeded(),
    )
    for epoch in range(1, 31):
        objective.begin_epoch(epoch, model, generator)
    with torch.no_grad():
        found = model(objective.graph)
        score = found.user @ found.item.T
    for user, item in BOTH:
        score[user, item] = -torch.inf
    assert torch.equal(objective.pool.item[:, 0], score.argmax(dim=1))


def hard_ones(hard_share, n_epochs=200):
    """Share of the negatives of user 0 that are the one item of the user's pool, and the others."""
    objective, model, generator = (
        llmhni(pool=1, candidates=1, hard_share=hard_share),
        backbone(),
        seeded(),
    )
    drawn = []
    for epoch in range(1, n_epochs):
        objective.begin_epoch(epoch, model, generator)
        drawn.append(objective.negative[objective.user == 0])
    drawn = torch.cat(drawn[100:])  # by then the pool of one has found the best free item
    hard = int(objective.pool.item[0])
    return float((drawn == hard).float().mean()), set(drawn.tolist()) - {hard}


def test_the_share_of_hard_negatives_is_the_one_asked_for():
    seen = {item for user, item in BOTH if user == 0}
    free = N_ITEMS - len(seen)
    none, half, whole = (hard_ones(share) for share in (0.0, 0.5, 1.0))
    assert whole == (1.0, set())
    # A uniform negative is the hard one by chance as well.
    assert half[0] == pytest.approx(0.5 + 0.5 / free, abs=0.06)
    assert none[0] == pytest.approx(1.0 / free, abs=0.06)
    assert len(half[1]) == len(none[1]) == free - 1
    assert not (half[1] | none[1]) & seen


def test_without_a_pool_the_best_scored_of_the_fresh_items_is_the_negative():
    """With far more draws than free items every free item is drawn: the best one must win."""
    objective, model = llmhni(fresh=400, candidates=1), backbone()
    objective.begin_epoch(1, model, seeded(4))
    objective.loss(model, ROWS)
    found = model(objective.graph)
    for user in range(N_USERS):
        free = [item for item in range(N_ITEMS) if (user, item) not in BOTH]
        best = max(free, key=lambda item: found.user[user].dot(found.item[item]).item())
        assert set(objective.negative[objective.user == user].tolist()) == {best}


def test_of_the_best_fresh_items_the_one_of_lowest_semantic_relevance_is_the_negative():
    """All fresh items considered: s alone decides, the score has no say."""
    rng = np.random.default_rng(5)
    aligned = Embeddings(
        rng.normal(size=(N_USERS, 3)).astype(np.float32),
        rng.normal(size=(N_ITEMS, 3)).astype(np.float32),
    )
    objective, model = llmhni(fresh=400, candidates=400, aligned=aligned), backbone()
    objective.begin_epoch(1, model, seeded(4))
    objective.loss(model, ROWS)
    unit = aligned.item / np.linalg.norm(aligned.item, axis=1, keepdims=True)
    for user in range(N_USERS):
        free = [item for item in range(N_ITEMS) if (user, item) not in BOTH]
        lowest = min(free, key=lambda item: float(unit[item] @ aligned.user[user]))
        assert set(objective.negative[objective.user == user].tolist()) == {lowest}


def test_fresh_negatives_are_never_observed_and_never_added():
    objective, model, generator = llmhni(fresh=3, candidates=1), backbone(), seeded()
    for epoch in range(1, 30):
        objective.begin_epoch(epoch, model, generator)
        objective.loss(model, ROWS)
        drawn = zip(objective.user.tolist(), objective.negative.tolist(), strict=True)
        assert not set(drawn) & BOTH
