from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from core.config import BackboneConfig, LLMHNIConfig, OptimiserConfig
from core.errors import Cancelled, ConfigError
from core.graph.adjacency import normalized_graph
from core.metrics import rank_metrics
from core.model.backbones import make_backbone
from core.model.lightgcn import LightGCN
from core.model.noisy_layers import OuterLayers
from core.model.representations import Representations
from core.train import trainer
from core.train.llmhni import LLMHNI, RefinedInput
from core.train.objectives import BPR
from core.train.recorder import LossRecorder
from core.train.trainer import Trainer, Validation
from core.types import Embeddings
from tests.worlds import pairs, tastes

BACKBONE = BackboneConfig(embedding_size=8, n_layers=2)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


# ---------------------------------------------------------------- learning


@pytest.mark.parametrize("kind", ["lightgcn", "ngcf"])
def test_bpr_finds_the_held_out_diagonal_of_a_checkerboard_first(kind):
    """User u likes items of the same parity; only the item of the same number is held out."""
    n = 16
    user, item = np.nonzero((np.arange(n)[:, None] - np.arange(n)) % 2 == 0)
    train = pairs(user[user != item], item[user != item], n, n)
    diagonal = pairs(np.arange(n), np.arange(n), n, n)
    generator = seeded()
    backbone = make_backbone(n, n, BACKBONE.model_copy(update={"kind": kind}), generator)
    options = OptimiserConfig(epochs=60, batch_size=32, learning_rate=2e-2)
    result = Trainer(backbone, BPR(train, normalized_graph(train), 1e-5), options, generator).fit(
        "checkerboard"
    )
    metrics = rank_metrics(result.embeddings.user, result.embeddings.item, train, diagonal, ks=(1,))
    assert metrics.recall[1] == 1.0
    assert result.history[-1]["rec"] < 0.3 < result.history[0]["rec"]


# ---------------------------------------------------------------- early stop

N_USERS, N_ITEMS = 10, 40
HELD_OUT = Validation(
    pairs([], [], N_USERS, N_ITEMS), pairs(range(N_USERS), range(N_USERS), N_USERS, N_ITEMS)
)


class Scripted(nn.Module):
    """User u finds the held-out item u only in epochs whose Recall is scripted to be that high."""

    def __init__(self, recall):
        super().__init__()
        self.recall, self.epoch = recall, 0
        self.embedding = nn.Parameter(torch.ones(1))

    def forward(self, _):
        sign = torch.where(torch.arange(N_USERS) < round(self.recall[self.epoch] * 10), 1.0, -1.0)
        item = torch.zeros(N_ITEMS, N_USERS)
        item[:N_USERS] = torch.diag(sign)
        return Representations(torch.eye(N_USERS) * (1 + self.epoch), item)


class Nothing:
    """An objective with one row, whose loss is what the backbone's parameter is."""

    n_rows, graph = 1, None

    def begin_epoch(self, epoch, backbone, _):
        backbone.epoch = epoch

    def loss(self, backbone, _):
        return {"a": backbone.embedding.sum(), "b": 2 * backbone.embedding.sum()}

    def state(self):
        return {}

    def restore(self, state):
        pass


def scripted(recall, held_out=HELD_OUT, **options):
    settings = OptimiserConfig(**({"epochs": len(recall) - 1, "eval_every": 1} | options))
    return Trainer(Scripted(recall), Nothing(), settings, seeded(), held_out).fit("scripted")


class Uneven(Nothing):
    """Batches of 2, 2 and 1 rows; what each says is its first row, one term is missing at times."""

    n_rows = 5

    def loss(self, backbone, rows):
        value = float(rows[0]) + 0.0 * backbone.embedding.sum()
        seen.append((float(rows[0]), len(rows)))
        return {"a": value, "b": 10 * value} if len(rows) == 2 else {"a": value}


seen = []


def test_the_loss_of_an_epoch_is_the_mean_over_rows():
    seen.clear()
    settings = OptimiserConfig(epochs=1, batch_size=2)
    result = Trainer(Scripted([0, 0]), Uneven(), settings, seeded()).fit("uneven")
    assert [size for _, size in seen] == [2, 2, 1]
    row = result.history[0]
    assert row["a"] == pytest.approx(sum(value * size for value, size in seen) / 5)
    assert row["b"] == pytest.approx(10 * sum(v * size for v, size in seen if size == 2) / 5)
    assert row["loss"] == pytest.approx(row["a"] + row["b"])


def test_the_best_epoch_on_validation_is_returned_and_patience_ends_the_training():
    result = scripted([0, 0.3, 0.5, 0.5, 0.4, 0.2, 0.9], patience=3)
    assert result.best_epoch == 2  # the tie in epoch 3 is no improvement
    assert [row["recall@20"] for row in result.history] == pytest.approx([0.3, 0.5, 0.5, 0.4, 0.2])
    assert result.valid.recall[20] == pytest.approx(0.5)
    np.testing.assert_array_equal(result.embeddings.user, 3 * np.eye(N_USERS))


def test_an_improvement_starts_the_waiting_anew():
    result = scripted([0, 0.1, 0.0, 0.2, 0.1, 0.3, 0.2, 0.2, 0.9], patience=2)
    assert result.best_epoch == 5
    assert len(result.history) == 7


def test_only_every_kth_epoch_is_validated():
    result = scripted([0, 0.9, 0.3, 0.9, 0.4, 0.9], eval_every=2)
    assert ["recall@20" in row for row in result.history] == [False, True, False, True, False]
    assert result.best_epoch == 4


@pytest.mark.parametrize("held_out", [None, Validation(HELD_OUT.train, HELD_OUT.train)])
def test_without_held_out_pairs_all_epochs_are_run_and_the_last_one_stands(held_out):
    result = scripted([0] + [0.5] * 9, held_out=held_out, patience=2)
    assert len(result.history) == result.best_epoch == 9
    assert result.valid is None
    np.testing.assert_array_equal(result.embeddings.user, 10 * np.eye(N_USERS))


def test_history_holds_each_term_and_their_sum():
    row = scripted([0, 0.5], learning_rate=0.5).history[0]
    assert row["a"] == pytest.approx(1.0)
    assert row["b"] == pytest.approx(2.0)
    assert row["loss"] == pytest.approx(3.0)


# ---------------------------------------------------------------- resume


def build(name, checkpoint, epochs=7, patience=5):
    """A trainer of BPR or LLMHNI on a small world, everything drawn from one seed."""
    data, _ = tastes(24, 24, n_noise=1)
    train = data.train
    generator = seeded(5)
    options = LLMHNIConfig(
        epochs=epochs,
        batch_size=40,
        eval_every=2,
        patience=patience,
        warmup_epochs=1,
        fresh=0,
        candidates=2,
        pool=4,
        learning_rate=2e-2,
    )
    graph = normalized_graph(train)
    kind = OuterLayers if name == "layers" else LightGCN
    backbone = kind(24, 24, BACKBONE, generator)
    negatives = torch.randint(24, (len(train), 3), generator=generator)
    recorder = LossRecorder(train.user, train.item, negatives)
    if name == "bpr":
        objective = BPR(train, graph, 1e-5)
    else:
        weight = np.linspace(0.2, 1, len(train), dtype=np.float32)
        rng = np.random.default_rng(0)
        aligned = Embeddings(*rng.normal(size=(2, 24, 4)).astype(np.float32))
        refined = RefinedInput(
            graph, normalized_graph(train, weight), train, weight, train, aligned
        )
        objective = LLMHNI(refined, options, generator)
    validation = Validation(train, data.valid)
    return Trainer(backbone, objective, options, generator, validation, recorder, checkpoint)


def test_checkpoints_that_take_long_are_written_less_often(tmp_path, monkeypatch):
    """Every epoch takes 2 seconds and every checkpoint 1: at most one in 20 seconds."""
    now, saved = [0.0], []

    def save(_, content):
        saved.append(content["state"]["epoch"])
        now[0] += 1.0

    def epoch(_):
        now[0] += 2.0

    monkeypatch.setattr(trainer.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(trainer, "save_checkpoint", save)
    build("bpr", tmp_path / "checkpoint.pt", epochs=30, patience=30).fit("bpr", epoch)
    assert saved == [2, 13, 24, 30]  # the last one, at the end, always


def stop_at(*epochs):
    def on_progress(progress):
        if progress.values["epoch"] in epochs:
            raise Cancelled("stop")

    return on_progress


def assert_same(left, right):
    np.testing.assert_array_equal(left.embeddings.user, right.embeddings.user)
    np.testing.assert_array_equal(left.embeddings.item, right.embeddings.item)
    np.testing.assert_array_equal(left.recorded, right.recorded)
    assert left.history == right.history
    assert left.best_epoch == right.best_epoch


@pytest.mark.parametrize("name", ["bpr", "llmhni", "layers"])
@pytest.mark.parametrize("stops", [(3,), (1, 4), (7,)])
def test_a_stopped_training_goes_on_as_if_it_had_never_stopped(tmp_path, name, stops):
    whole = build(name, None).fit("whole")
    assert whole.recorded.shape == (7, len(build(name, None).recorder.user))
    for stop in stops:
        with pytest.raises(Cancelled):
            build(name, tmp_path / "c.pt").fit("part", stop_at(stop))
    done = []
    resumed = build(name, tmp_path / "c.pt").fit("rest", lambda p: done.append(p.values["epoch"]))
    assert done == list(range(stops[-1] + 1, 8))
    assert_same(resumed, whole)


def test_a_kill_inside_an_epoch_repeats_that_epoch_alone(tmp_path, monkeypatch):
    whole = build("llmhni", None).fit("whole")
    trainer = build("llmhni", tmp_path / "c.pt")
    loss, calls = trainer.objective.loss, []

    def dies(backbone, rows):
        calls.append(len(rows))
        if len(calls) == 12:
            raise KeyboardInterrupt
        return loss(backbone, rows)

    monkeypatch.setattr(trainer.objective, "loss", dies)
    with pytest.raises(KeyboardInterrupt):
        trainer.fit("part")
    assert trainer.state.epoch > 1
    assert_same(build("llmhni", tmp_path / "c.pt").fit("rest"), whole)


def test_a_training_that_stopped_early_is_not_taken_up_again(tmp_path):
    first = build("bpr", tmp_path / "c.pt", epochs=40, patience=1).fit("whole")
    assert len(first.history) < 40
    again = build("bpr", tmp_path / "c.pt", epochs=40, patience=1)
    assert_same(again.fit("again", stop_at(*range(1, 41))), first)
    assert again.fit("again").valid.recall[20] == first.valid.recall[20]


@pytest.mark.parametrize("name", ["bpr", "llmhni"])
def test_a_damaged_checkpoint_starts_again(tmp_path, name):
    whole = build(name, None).fit("whole")
    path = tmp_path / "c.pt"
    with pytest.raises(Cancelled):
        build(name, path).fit("part", stop_at(3))
    path.write_bytes(path.read_bytes()[:-200])
    assert_same(build(name, path).fit("rest"), whole)


def test_fresh_negatives_need_no_pool_and_the_seed_means_the_same(tmp_path):
    plain = build("layers", tmp_path / "c.pt", epochs=3)
    options = plain.objective.config
    fresh = options.model_copy(update={"fresh": 4})
    with_pool, without = seeded(5), seeded(5)
    data = RefinedInput(
        plain.objective.original,
        plain.objective.graph,
        plain.validation.train,
        None,
        plain.validation.train,
        Embeddings(np.ones((24, 4), np.float32), np.ones((24, 4), np.float32)),
    )
    assert LLMHNI(data, options, with_pool).pool is not None
    bare = LLMHNI(data, fresh, without)
    assert torch.equal(with_pool.get_state(), without.get_state())
    assert bare.pool is None
    assert bare.state() == {}
    bare.restore({"pool": torch.zeros(24, 4)})  # of a checkpoint of before


def test_the_pool_of_the_last_epoch_is_in_the_checkpoint(tmp_path):
    trainer = build("llmhni", tmp_path / "c.pt", epochs=3)
    trainer.fit("part")
    other = build("llmhni", tmp_path / "c.pt", epochs=3)
    assert not torch.equal(other.objective.pool.item, trainer.objective.pool.item)
    other.fit("rest")
    assert torch.equal(other.objective.pool.item, trainer.objective.pool.item)


# ---------------------------------------------------------------- divergence


def test_a_loss_that_is_not_finite_says_what_to_change():
    trainer = build("bpr", None)
    trainer.optimizer.param_groups[0]["lr"] = 1e30
    trainer.config = trainer.config.model_copy(update={"learning_rate": 1e30})
    with pytest.raises(ConfigError, match=r"learning rate \(now 1e\+30\)"):
        trainer.fit("wild")


def test_vectors_that_are_not_finite_say_so_even_if_every_loss_was_finite():
    trainer = build("bpr", None, epochs=1)
    trainer.config = trainer.config.model_copy(update={"batch_size": 1000})
    trainer.optimizer.param_groups[0]["lr"] = float("inf")
    with pytest.raises(ConfigError, match="learning rate"):
        trainer.fit("wild")


def test_recorded_losses_are_those_of_the_weights_after_each_epoch():
    trainer = build("bpr", None, epochs=2)
    one = build("bpr", None, epochs=1)
    one.fit("one")
    with torch.no_grad():
        after_one = one.recorder.losses(one.backbone(one.objective.graph))
    np.testing.assert_array_equal(trainer.fit("two").recorded[0], after_one.numpy())


def test_weights_of_a_batch_follow_their_rows():
    """Batches are shuffled: a weight must stay with its pair, or noise is not weighed down."""
    data, _ = tastes(12, 12, n_noise=0)
    train = data.train
    n_users, n_items = train.n_users, train.n_items
    wrong = pairs([0], [1], n_users, n_items)  # user 0 has taste 0, item 1 has taste 1
    both = replace(
        train,
        user=np.concatenate([train.user, wrong.user]),
        item=np.concatenate([train.item, wrong.item]),
    )
    scores = []
    for value in (0.0, 1.0):
        weight = np.append(np.ones(len(train)), value).astype(np.float32)
        generator = seeded(1)
        backbone = make_backbone(n_users, n_items, BACKBONE, generator)
        graph = normalized_graph(train)
        options = OptimiserConfig(epochs=30, batch_size=8, learning_rate=2e-2)
        found = (
            Trainer(backbone, BPR(both, graph, 1e-5, weight=weight), options, generator)
            .fit("weights")
            .embeddings
        )
        scores.append(float(found.user[0] @ found.item[1] - found.user[0] @ found.item[0]))
    assert scores[0] < scores[1] - 0.5
