"""Rankings with the users split over processes.

Shape letters: U users, I items, D columns, V evaluated users, K cut-offs.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from core.keys import among, distinct
from core.metrics import RankingMetrics, rank_metrics
from core.parallel.group import Group
from core.types import Interactions


def shared_rank_metrics(
    group: Group, user_rep: Tensor, item_rep: Tensor, train: Interactions, held_out: Interactions
) -> RankingMetrics:
    """Rank as :func:`core.metrics.rank_metrics` does, each process some users.

    Each process ranks V / P users; 8 K + 8 bytes of each user are exchanged.

    Args:
        group: The P processes.
        user_rep: Whole user vectors ``(U, D)``.
        item_rep: Whole item vectors ``(I, D)``.
        train: Pairs taken out of the ranking.
        held_out: Pairs to find.
    """
    if group.size == 1:
        return rank_metrics(user_rep, item_rep, train, held_out)
    everyone = distinct(held_out.user)  # (V,)
    own = everyone[group.part(len(everyone))]
    found = rank_metrics(user_rep, item_rep, train, held_out.select(among(held_out.user, own)))
    ks = tuple(found.recall)
    values = [found.user_recall[k] for k in ks] + [found.user_ndcg[k] for k in ks]
    known = [np.stack(values, axis=1), found.n_held_out[:, None]]
    value, n_held_out = (group.rows(torch.from_numpy(one), len(everyone)).numpy() for one in known)
    columns = dict(enumerate(value.T.copy()))
    recall = {k: columns[place] for place, k in enumerate(ks)}
    ndcg = {k: columns[place + len(ks)] for place, k in enumerate(ks)}
    means = [
        {k: float(one.mean(dtype=np.float64)) for k, one in part.items()} for part in (recall, ndcg)
    ]
    return RankingMetrics(means[0], means[1], everyone, n_held_out[:, 0], recall, ndcg)
