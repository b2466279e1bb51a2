import numpy as np
import pytest
import torch

from core.config import RunConfig
from core.graph.adjacency import normalized_graph
from core.graph.refine import untouched
from core.model.lightgcn import LightGCN
from core.model.ngcf import NGCF
from core.model.noisy_layers import OuterLayers
from core.train import llmhni
from core.train.checkpoint import load_checkpoint
from core.train.final import final_training, make_final_backbone, refined_graphs
from core.train.trainer import Validation
from core.types import Embeddings, Judgements, Labels
from tests.worlds import pairs, tastes, tiny_run

CPU = torch.device("cpu")
TRAIN = pairs([0, 0, 1], [0, 1, 1], 2, 2)


def judged(train):
    """Everybody is judged Low and Low, by nobody."""
    n, low = len(train), np.zeros(len(train), np.int8)
    yes, no = np.ones(n, np.bool_), np.zeros(n, np.bool_)
    return Judgements(train.user, train.item, yes, no, low, low, ("",) * n, ("",) * n, "nobody")


@pytest.mark.parametrize(
    ("preset", "tried"),
    [("auto", ["soft", "paper"]), ("soft", ["soft"]), ("paper", ["paper"])],
)
def test_auto_tries_both_presets_and_a_preset_itself_alone(preset, tried):
    low, p_noisy = np.array([True, False, False]), np.float32([0.75, 0.5, 0])
    found = refined_graphs(TRAIN, judged(TRAIN), low, p_noisy, tiny_run(refine={"preset": preset}))
    assert list(found) == [graph.preset for graph in found.values()] == tried
    if "soft" in tried:
        assert found["soft"].weight.tolist() == [0.25, 0.5, 1]


def test_without_denoising_the_graph_stays_as_it_is():
    config = tiny_run(train={"interaction_denoising": False})
    nothing = np.zeros(3, np.float32)
    found = refined_graphs(TRAIN, judged(TRAIN), nothing > 0, nothing, config)
    assert [graph.preset for graph in found.values()] == ["none"]
    assert found["paper"].weight.tolist() == [1, 1, 1]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two presets with the same graph: whatever differs comes from the training."""
    data, _ = tastes(30, 24)
    rng = np.random.default_rng(0)
    semantic = Embeddings(
        rng.normal(size=(30, 8)).astype(np.float32), rng.normal(size=(24, 8)).astype(np.float32)
    )
    graph, folder, told = untouched(data.train), tmp_path_factory.mktemp("final"), []
    found = final_training(
        Validation(data.train, data.valid),
        {"soft": graph, "paper": graph},
        semantic,
        tiny_run(),
        CPU,
        lambda: torch.Generator().manual_seed(3),
        folder,
        lambda progress: told.append(progress.fraction),
    )
    return found, folder, told


def test_every_preset_starts_from_the_same_draws(trained):
    found, folder, _ = trained
    assert {path.name for path in folder.iterdir()} == {"train_soft.pt", "train_paper.pt"}
    assert list(found.recall) == ["soft", "paper"]
    assert found.recall["soft"] == found.recall["paper"] == found.result.valid.recall[20]


@pytest.mark.parametrize("preset", ["soft", "paper"])
def test_side_by_side_a_training_gives_what_it_gives_alone(preset, tmp_path):
    """Two threads, one for each training, against one training on one thread, to the last bit."""
    data, _ = tastes(30, 24)
    rng = np.random.default_rng(0)
    semantic = Embeddings(
        rng.normal(size=(30, 8)).astype(np.float32), rng.normal(size=(24, 8)).astype(np.float32)
    )
    low, p_noisy = np.zeros(len(data.train), np.bool_), np.full(len(data.train), 0.3, np.float32)
    config = tiny_run(refine={"preset": "auto"})
    graphs = refined_graphs(data.train, judged(data.train), low, p_noisy, config)

    def fit(n_threads, names):
        before = torch.get_num_threads()
        torch.set_num_threads(n_threads)
        folder = tmp_path / f"{n_threads}"
        final_training(
            Validation(data.train, data.valid),
            {name: graphs[name] for name in names},
            semantic,
            config,
            CPU,
            lambda: torch.Generator().manual_seed(3),
            folder,
        )
        torch.set_num_threads(before)
        return load_checkpoint(folder / f"train_{preset}.pt")

    alone, beside = fit(1, [preset]), fit(2, ["soft", "paper"])
    assert torch.equal(alone["backbone"]["embedding"], beside["backbone"]["embedding"])
    assert torch.equal(alone["generator"], beside["generator"])
    assert alone["state"]["history"] == beside["state"]["history"]


def test_progress_of_both_trainings_is_one_way_to_the_end(trained):
    _, _, told = trained
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert 0.5 in told


def refit(folder, start=None, **train):
    """A final training on the same world, with the weights it ended with."""
    data, _ = tastes(30, 24)
    rng = np.random.default_rng(0)
    semantic = Embeddings(
        rng.normal(size=(30, 8)).astype(np.float32), rng.normal(size=(24, 8)).astype(np.float32)
    )
    return final_training(
        Validation(data.train, data.valid),
        {"soft": untouched(data.train)},
        semantic,
        tiny_run(train=train),
        CPU,
        lambda: torch.Generator().manual_seed(3),
        folder,
        start=start,
    ).result


def test_the_weights_kept_are_those_of_the_best_epoch(tmp_path):
    """LightGCN has one table: propagated over the graph, it gives the vectors of that epoch."""
    result = refit(tmp_path)
    assert result.best_epoch < 5  # else any epoch would do
    data, _ = tastes(30, 24)
    backbone = make_final_backbone(30, 24, tiny_run(), torch.Generator().manual_seed(9))
    backbone.load_state_dict({name: torch.tensor(v) for name, v in result.weights.items()})
    with torch.no_grad():
        found = backbone(normalized_graph(data.train))
    np.testing.assert_allclose(found.user.numpy(), result.embeddings.user, rtol=1e-5)
    np.testing.assert_allclose(found.item.numpy(), result.embeddings.item, rtol=1e-5)


def test_training_that_goes_on_begins_with_the_weights_and_without_warm_up(tmp_path, monkeypatch):
    first = refit(tmp_path / "first")
    drawn, draw = [], llmhni.HardNegativePool.draw

    def counted(self, *arguments):
        drawn.append(1)
        return draw(self, *arguments)

    monkeypatch.setattr(llmhni.HardNegativePool, "draw", counted)
    options = {"epochs": 2, "eval_every": 1, "learning_rate": 1e-12}
    still = refit(tmp_path / "still", first.weights, **options)
    assert len(drawn) == 2  # one per epoch, from the first on
    np.testing.assert_allclose(still.embeddings.user, first.embeddings.user, atol=1e-6)
    assert still.valid.recall[20] == first.valid.recall[20]
    drawn.clear()
    refit(tmp_path / "cold", **options)
    assert drawn == []  # both epochs are warm-up


def test_people_decide_in_every_preset_that_is_tried_but_not_without_denoising():
    labels = Labels(np.array([0]), np.array([1]), np.int8([2]), np.array([False]))
    low, p_noisy = np.zeros(3, np.bool_), np.zeros(3, np.float32)
    found = refined_graphs(TRAIN, judged(TRAIN), low, p_noisy, tiny_run(), labels)
    assert [graph.weight.tolist() for graph in found.values()] == [[1, 0, 1]] * 2
    plain = tiny_run(train={"interaction_denoising": False})
    found = refined_graphs(TRAIN, judged(TRAIN), low, p_noisy, plain, labels)
    assert found["paper"].weight.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, OuterLayers),
        ({"train": {"layer_contrast": False}}, LightGCN),
        ({"train": {"lambda_layers": 0.0}}, LightGCN),
        ({"backbone": {"n_layers": 0}}, LightGCN),
        ({"backbone": {"kind": "ngcf"}}, NGCF),
    ],
)
def test_only_lightgcn_with_layers_to_contrast_leaves_its_input_layer_out(settings, expected):
    config = RunConfig.model_validate(settings)
    made = make_final_backbone(3, 4, config, torch.Generator().manual_seed(0))
    assert type(made) is expected
