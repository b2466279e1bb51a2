import pytest
import torch

from core.config import BackboneConfig
from core.errors import ConfigError
from core.graph.adjacency import normalized_graph
from core.model.noisy_layers import OuterLayers, perturbed
from tests.worlds import pairs


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def encoder(n_layers):
    """One user (1, 2) and one item (3, -1), joined by an edge: a product swaps the two."""
    model = OuterLayers(1, 1, BackboneConfig(embedding_size=2, n_layers=n_layers), seeded())
    model.embedding.data = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    return model, normalized_graph(pairs([0], [0], 1, 1))


def test_the_input_layer_is_left_out_of_the_mean():
    model, graph = encoder(1)
    found = model(graph)
    assert torch.allclose(found.user, torch.tensor([[3.0, -1.0]]))
    assert torch.allclose(found.item, torch.tensor([[1.0, 2.0]]))
    model, graph = encoder(2)
    assert torch.allclose(model(graph).user, torch.tensor([[2.0, 0.5]]))  # (3, -1) and (1, 2)


def test_noise_has_length_epsilon_and_the_signs_of_the_row():
    row = torch.tensor([[-3.0, 4.0, 1.0], [0.0, 0.0, 0.0]])
    noise = perturbed(row, 0.1, seeded()) - row
    assert noise[0].norm().item() == pytest.approx(0.1, rel=1e-4)
    assert torch.equal(torch.sign(noise[0]), torch.sign(row[0]))
    assert torch.equal(noise[1], torch.zeros(3))  # nobody to be like: no direction


def test_noise_of_one_layer_passes_on_to_the_next():
    model, graph = encoder(2)
    first, second = model.noisy_layers(graph, 0.5, seeded(1))
    generator = seeded(1)
    expected = perturbed(torch.tensor([[3.0, -1.0], [1.0, 2.0]]), 0.5, generator)
    assert torch.allclose(first, expected)
    assert torch.allclose(second, perturbed(first.flip(0), 0.5, generator))
    assert torch.allclose(model.mean_of([first, second]).user, (first + second)[:1] / 2)


def test_without_noise_the_layers_are_those_of_inference():
    model, graph = encoder(3)
    found = model.mean_of(model.noisy_layers(graph, 0.0, seeded()))
    assert torch.allclose(found.user, model(graph).user)


def test_a_model_without_layers_has_nothing_to_offer():
    with pytest.raises(ConfigError, match="n_layers to 1 or more"):
        encoder(0)


def test_the_nodes_of_a_batch_are_those_of_all_nodes():
    model, graph = encoder(3)
    user, item = torch.tensor([0]), torch.tensor([1, 1])
    found = model.at(graph, user, item)
    assert torch.allclose(found.vector[0], model(graph).user)
    assert torch.allclose(found.vector[1], model(graph).item.expand(2, -1))
    assert torch.equal(found.initial[1], model.embedding[item])
