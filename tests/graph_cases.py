"""Graphs on which kernels are set against dense float64 references."""

from __future__ import annotations

import numpy as np
import torch

from core.types import Interactions


def empty_rows():
    return Interactions(np.array([2, 2, 7]), np.array([0, 3, 3]), 10, 15)


def single_edge():
    return Interactions(np.array([0]), np.array([0]), 1, 1)


def skewed():
    """One user has nearly everything, one item is had by everyone."""
    user = np.concatenate([np.zeros(199, int), np.arange(1, 40)])
    item = np.concatenate([np.arange(199), np.full(39, 7)])
    return Interactions(user, item, 40, 200)


def random_pairs():
    key = np.random.default_rng(3).choice(30 * 50, 400, replace=False)
    return Interactions(key // 50, key % 50, 30, 50)


def exact_adjacency(data):
    """D^-1/2 A D^-1/2 in float64, from its definition and nothing of the engine."""
    plain = torch.zeros(data.n_users + data.n_items, data.n_users + data.n_items).double()
    user, item = torch.from_numpy(data.user), torch.from_numpy(data.item) + data.n_users
    plain[user, item] = plain[item, user] = 1.0
    scale = plain.sum(1).clamp(min=1).rsqrt()
    return scale[:, None] * plain * scale


GRAPHS = {"random": random_pairs, "empty rows": empty_rows, "one edge": single_edge,
          "skewed": skewed}  # fmt: skip
