"""InfoNCE as the contrastive baselines have it: one way, within the batch.

Source: van den Oord et al., 2018 (arXiv:1807.03748). :func:`core.model.info_nce.info_nce` of LLMHNI
is the mean of both directions; SGL, SimGCL, XSimGCL and RLMRec contrast one view against the rows
of the other only.

Shape letters: n rows to contrast, D embedding size.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.model.info_nce import info_nce
from core.model.representations import Representations


def one_way(left: Tensor, right: Tensor, temperature: float) -> Tensor:
    """Mean of ``-log(exp(cos(l_k, r_k) / tau) / sum_m exp(cos(l_k, r_m) / tau))``.

    Rows must be of distinct nodes.

    Args:
        left: First view, ``(n, D)``.
        right: Second view, ``(n, D)``.
        temperature: tau > 0.
    """
    return info_nce(left, right, temperature, forth=1.0)


def contrast(
    left: Representations, right: Representations, users: Tensor, items: Tensor, temperature: float
) -> Tensor:
    """L_user + L_item over some users and some items, each without repeats.

    Both are means, as is BPR: the papers sum both over the batch, which weighs them alike.
    """
    of_users = one_way(left.user[users], right.user[users], temperature)
    return of_users + one_way(left.item[items], right.item[items], temperature)


def nodes_of(user: Tensor, item: Tensor) -> tuple[Tensor, Tensor]:
    """Users and items of a batch, each once: a repeated node would be its own negative."""
    return torch.unique(user), torch.unique(item)
