"""How good is a ranking.

Ranking is full: every item of the catalogue competes, except those the user already has.

Shape letters: U users, I items, D embedding size, V evaluated users, E rows, k cut-off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.keys import among, distinct
from core.top_items import top_items
from core.types import Dataset, Embeddings, FloatArray, IntArray, Interactions


@dataclass(frozen=True)
class RankingMetrics:
    """Recall and NDCG at each cut-off k, as means and per user."""

    recall: Mapping[int, float]
    """Mean over the V users; NaN where V is 0."""
    ndcg: Mapping[int, float]
    """Mean over the V users; NaN where V is 0."""
    user: IntArray
    """Users with held-out items, ascending, ``(V,)``."""
    n_held_out: IntArray
    """How many they have, ``(V,)``."""
    user_recall: Mapping[int, FloatArray]
    """Share of the user's held-out items among the first k, ``(V,)``."""
    user_ndcg: Mapping[int, FloatArray]
    """Discounted gain over that of the ideal ranking, ``(V,)``."""

    def summary(self) -> dict[str, float]:
        """Means by name, such as ``recall@20``."""
        recall = {f"recall@{k}": value for k, value in self.recall.items()}
        return recall | {f"ndcg@{k}": value for k, value in self.ndcg.items()}


class Compared(NamedTuple):
    """The same users ranked by two recommenders."""

    refined: RankingMetrics
    """LLMHNI."""
    plain: RankingMetrics
    """The plain backbone."""

    def summary(self) -> dict[str, float]:
        """Mean Recall@20 and NDCG@20 of both, the plain ones with ``bpr_`` before."""
        return {
            "recall20": self.refined.recall[20],
            "ndcg20": self.refined.ndcg[20],
            "bpr_recall20": self.plain.recall[20],
            "bpr_ndcg20": self.plain.ndcg[20],
        }


Rankings: TypeAlias = Mapping[str, Compared]
"""Rankings of each split, ``valid`` and ``test``."""


@torch.no_grad()
def rank_metrics(
    user_rep: Tensor | NDArray[np.floating],
    item_rep: Tensor | NDArray[np.floating],
    train: Interactions,
    held_out: Interactions,
    ks: Sequence[int] = (5, 10, 20),
    also_mask: Interactions | None = None,
) -> RankingMetrics:
    """Rank all items for each user with held-out items; score = dot product.

    Args:
        user_rep: User vectors, ``(U, D)``.
        item_rep: Item vectors, ``(I, D)``.
        train: Pairs taken out of the ranking.
        held_out: Pairs to find. Repeats count once; a pair that is also masked is a miss.
        ks: Cut-offs. The ideal ranking of NDCG@k has min(held-out items, k) hits.
        also_mask: Further pairs to take out, e.g. validation when testing.

    Returns:
        Means and per-user values. Equal scores rank by item number, lower first.

    Raises:
        ValueError: If the vectors do not fit the interactions or are not finite, or a cut-off
            is not positive.
    """
    user_vector, item_vector = _vectors(user_rep), _vectors(item_rep)
    _check_ranking(user_vector, item_vector, held_out, ks)
    masked = distinct(
        np.concatenate([part.key() for part in (train, also_mask) if part is not None])
    )
    wanted = distinct(held_out.key())  # (H,)
    user, n_wanted = np.unique(wanted // held_out.n_items, return_counts=True)  # (V,)

    hit = np.zeros((len(user), max(ks)), dtype=bool)  # (V, k)
    for place, top in top_items(user_vector, item_vector, user, masked, max(ks)):
        key = user[place, None] * held_out.n_items + top
        hit[place, : top.shape[1]] = (top >= 0) & among(key, wanted)
    gain = hit / np.log2(np.arange(2, max(ks) + 2))
    ideal = np.cumsum(1 / np.log2(np.arange(2, max(ks) + 2)))  # (k,)
    recall = {k: (hit[:, :k].sum(axis=1) / n_wanted).astype(np.float32) for k in ks}
    ndcg = {
        k: (gain[:, :k].sum(axis=1) / ideal[np.minimum(n_wanted, k) - 1]).astype(np.float32)
        for k in ks
    }
    return RankingMetrics(_means(recall), _means(ndcg), user, n_wanted, recall, ndcg)


def rankings(
    dataset: Dataset,
    refined: Embeddings,
    plain: Embeddings,
    device: str | torch.device = "cpu",
) -> Rankings:
    """Rank valid and test by LLMHNI and by the plain backbone, train pairs masked."""
    vectors = [
        tuple(torch.tensor(one, device=device) for one in (found.user, found.item))
        for found in (refined, plain)
    ]
    parts = {"valid": dataset.valid, "test": dataset.test}
    return {
        split: Compared(
            *(rank_metrics(user, item, dataset.train, held_out) for user, item in vectors)
        )
        for split, held_out in parts.items()
    }


def _vectors(array: Tensor | NDArray[np.floating]) -> Tensor:
    return array if isinstance(array, Tensor) else torch.tensor(array)  # a copy: may be read-only


def _means(values: dict[int, FloatArray]) -> dict[int, float]:
    return {k: float(v.mean(dtype=np.float64)) if len(v) else np.nan for k, v in values.items()}


def _check_ranking(
    user_vector: Tensor, item_vector: Tensor, held_out: Interactions, ks: Sequence[int]
) -> None:
    if (len(user_vector), len(item_vector)) != (held_out.n_users, held_out.n_items):
        raise ValueError(
            f"vectors of {len(user_vector)} users and {len(item_vector)} items, "
            f"need {held_out.n_users} and {held_out.n_items}"
        )
    if not bool(torch.isfinite(user_vector).all() & torch.isfinite(item_vector).all()):
        raise ValueError("vectors are not finite: the training diverged")
    if not ks or min(ks) < 1:
        raise ValueError(f"cut-offs are {tuple(ks)}, need 1 or more")
