"""How many mined negatives are items that the user does like.

A negative that is a held-out positive teaches the model the opposite of the truth. Here negatives
are drawn under every scheme from the same trained model and looked up among held-out positives.
Held-out positives are read here and nowhere else: no scheme sees them.

Shape letters: E train interactions, B drawn negatives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from core.baselines.memory import VarianceMemory
from core.baselines.negatives import hardest
from core.config import LLMHNIConfig
from core.keys import among
from core.method_settings import DNSSettings, SRNSSettings
from core.model.hard_negatives import HardNegativePool
from core.model.representations import Representations, score_pairs
from core.model.sampling import Observed, sample_uniform_negatives
from core.types import Embeddings, IntArray, Interactions

N_DRAWS: Final = 5
"""Negatives drawn per train interaction."""
N_RENEWALS: Final = 20
"""Renewals of pool and memory before drawing: both get better over the epochs of a training."""
PAPERS_PICK: Final = LLMHNIConfig(fresh=0, candidates=2)
"""Negatives from the pool, picked by meaning."""
N_FRESH: Final = LLMHNIConfig().fresh
AT_ONCE: Final = 8192
"""Pairs, or users, whose candidates are scored in one block."""

Draw: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""From users and positives ``(B,)`` to negatives ``(B,)``."""


class Mined(NamedTuple):
    """What the negatives of one scheme are like."""

    false_share: float
    """Share that are held-out positives, 0..1; NaN where nothing was drawn."""
    hardness: float
    """Mean chance sigmoid(s_uj - s_ui) that the model ranks the negative j above the positive i:
    a scheme with easier negatives has fewer false ones for that reason alone."""


def false_share(user: IntArray, item: IntArray, held_out: Interactions) -> float:
    """Share of drawn pairs ``(B,)`` that are held-out positives; NaN where B is 0."""
    if len(user) == 0:
        return float("nan")
    key = user * np.int64(held_out.n_items) + item
    return float(among(key, held_out.key()).mean())


def mined_negatives(
    train: Interactions,
    held_out: Interactions,
    models: Sequence[Embeddings],
    aligned: Embeddings,
    generator: torch.Generator,
    dns: DNSSettings | None = None,
    srns: SRNSSettings | None = None,
    llmhni: LLMHNIConfig | None = None,
) -> Mapping[str, Mined]:
    """Draw negatives of every train interaction under each scheme and count the false ones.

    Args:
        train: The E train interactions; none is ever a negative.
        held_out: Held-out positives, of test or of validation and test.
        models: Vectors of successive epochs, the last of them draws. SRNS reads the deviation of
            scores off them; with one model there is none.
        aligned: Aligned vectors of users and items, for the semantic pick of LLMHNI.
        generator: Every draw.
        dns: Candidates of DNS.
        srns: Memory of SRNS, at the end of its warm-up.
        llmhni: Pool and candidates of LLMHNI.

    Returns:
        By scheme: ``uniform``, ``dns``, ``srns``, ``pool`` (LLMHNI's pool, picked at random),
        ``llmhni`` (of n of the pool the lowest s) and ``fresh`` (LLMHNI's default: DNS with fewer
        candidates).

    Raises:
        ValueError: If there is no model.
    """
    if not models:
        raise ValueError("need at least one model to mine negatives with")
    observed, past = Observed(train), [_of(model) for model in models]
    known, found = llmhni or PAPERS_PICK, past[-1]
    pool = _pool(train, observed, past, known.pool, generator)
    hard, meaning = dns or DNSSettings(), (_of(aligned).user, _of(aligned).item)
    schemes: dict[str, Draw] = {
        "uniform": lambda user, _: sample_uniform_negatives(
            user, observed, train.n_items, generator
        ),
        "dns": lambda user, _: hardest(found, user, observed, hard.candidates, generator),
        "srns": _from_memory(train, observed, past, srns or SRNSSettings(), generator),
        "pool": lambda user, _: pool.draw(user, 1, meaning, generator),
        "llmhni": lambda user, _: pool.draw(user, known.candidates, meaning, generator),
        "fresh": lambda user, _: hardest(found, user, observed, N_FRESH, generator),
    }
    return {name: _measure(train, held_out, found, draw) for name, draw in schemes.items()}


def _measure(
    train: Interactions, held_out: Interactions, found: Representations, draw: Draw
) -> Mined:
    user = torch.tensor(train.user).repeat(N_DRAWS)
    item = torch.tensor(train.item).repeat(N_DRAWS)
    blocks = zip(torch.split(user, AT_ONCE), torch.split(item, AT_ONCE), strict=True)
    negative = torch.cat([draw(*block) for block in blocks])
    margin = score_pairs(found, user, negative) - score_pairs(found, user, item)
    share = false_share(user.numpy(), negative.numpy(), held_out)
    return Mined(share, float(torch.sigmoid(margin).mean()))


def _pool(
    train: Interactions,
    observed: Observed,
    past: Sequence[Representations],
    size: int,
    generator: torch.Generator,
) -> HardNegativePool:
    pool = HardNegativePool(train.n_users, train.n_items, size, observed, generator)
    for found in _renewals(past):
        pool.refresh(found.user, found.item)
    return pool


def _from_memory(
    train: Interactions,
    observed: Observed,
    past: Sequence[Representations],
    options: SRNSSettings,
    generator: torch.Generator,
) -> Draw:
    memory = VarianceMemory(train.n_users, observed, options.memory, generator)
    for found in _renewals(past):
        for users in torch.split(torch.arange(train.n_users), AT_ONCE):
            memory.renew(found, users, options.fresh, options.temperature, generator)
    for found in past:
        memory.remember(found)
    return lambda user, item: memory.choose(past[-1], user, item, options.alpha)


def _renewals(past: Sequence[Representations]) -> list[Representations]:
    """The given models in order, the last of them as often as is left to do."""
    return [*past, *[past[-1]] * max(N_RENEWALS - len(past), 0)]


def _of(model: Embeddings) -> Representations:
    return Representations(torch.tensor(model.user), torch.tensor(model.item))
