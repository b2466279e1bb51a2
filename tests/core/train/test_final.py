import numpy as np
import pytest
import torch

from core.graph.refine import untouched
from core.train.final import final_training, refined_graphs
from core.train.trainer import Validation
from core.types import Embeddings, Judgements
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


def test_progress_of_both_trainings_is_one_way_to_the_end(trained):
    _, _, told = trained
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert 0.5 in told
