"""SRNS's memory of candidates, and how much their scores varied over the last epochs.

Source: Ding et al., NeurIPS 2020 (arXiv:2009.03376). With P(k) = sigmoid(r_uk - r_ui), the chance
that k ranks above the positive i, the negative is argmax over the memory of
P(k) + alpha_t std(P(k)), std over the last five epochs: false negatives score high throughout,
true hard negatives vary. The memory M_u of S1 items is renewed from itself and S2 uniform items,
drawn without repeats with chances proportional to exp(r_uk / tau).

Where we differ: its code follows the scores of a random set of 3,000 items per user; here the
models of the last five epochs are kept, which gives the exact deviation of any item.

Shape letters: U users, I items, B batch, D embedding size, H models kept.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from core.model.representations import Representations, score_pairs
from core.model.sampling import Observed, sample_uniform_negatives

EPOCHS_BACK = 5


class VarianceMemory:
    """S1 unobserved items per user.

    Args:
        n_users: U.
        observed: Pairs never to remember.
        size: S1; a catalogue of fewer items lowers it to I.
        generator: Draws the first memory.
    """

    def __init__(
        self, n_users: int, observed: Observed, size: int, generator: torch.Generator
    ) -> None:
        self._observed, self.size = observed, min(size, observed.n_items)
        everyone = torch.arange(n_users, device=observed.device)[:, None]
        users = everyone.expand(-1, self.size)
        self.item = sample_uniform_negatives(users, observed, observed.n_items, generator)
        """M_u of each user, ``(U, S1)``."""
        self.past: list[Representations] = []

    def remember(self, found: Representations) -> None:
        """Add the model of one epoch, and forget all but the last five."""
        kept = Representations(found.user.detach(), found.item.detach())
        self.past = [*self.past, kept][-EPOCHS_BACK:]

    @torch.no_grad()
    def choose(self, found: Representations, user: Tensor, item: Tensor, alpha: float) -> Tensor:
        """The memory item with the highest P + alpha std, for positives ``(B,)``; ``(B,)``."""
        candidate = self.item[user]  # (B, S1)
        value = _chance(found, user, item, candidate)
        if alpha > 0 and len(self.past) > 1:
            past = torch.stack([_chance(of, user, item, candidate) for of in self.past])
            value = value + alpha * past.std(dim=0, correction=0)
        return candidate.gather(1, value.argmax(dim=1, keepdim=True))[:, 0]

    @torch.no_grad()
    def renew(
        self,
        found: Representations,
        users: Tensor,
        n_fresh: int,
        temperature: float,
        generator: torch.Generator,
    ) -> None:
        """Let fresh uniform items compete for the places of some distinct users.

        The S1 highest of score / tau + Gumbel noise are a draw without repeats from the softmax.
        """
        wide = users[:, None].expand(-1, n_fresh)
        fresh = sample_uniform_negatives(wide, self._observed, self._observed.n_items, generator)
        both = torch.cat([self.item[users], fresh], dim=1).sort(dim=1).values
        draw = torch.rand(both.shape, generator=generator, device=generator.device)
        gumbel = -torch.log(-torch.log(draw.clamp(1e-20, 1 - 1e-7))).to(both.device)
        key = score_pairs(found, users[:, None], both) / temperature + gumbel
        key[:, 1:].masked_fill_(both[:, 1:] == both[:, :-1], -torch.inf)
        self.item[users] = both.gather(1, key.topk(self.size, dim=1).indices)

    def state(self) -> dict[str, Tensor]:
        """What the next epoch needs: memory ``(U, S1)``, models ``(H, U, D)``, ``(H, I, D)``."""
        found = {"memory": self.item}
        if self.past:
            found["past_user"] = torch.stack([of.user for of in self.past])
            found["past_item"] = torch.stack([of.item for of in self.past])
        return found

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take back a :meth:`state`."""
        device = self.item.device
        self.item = state["memory"].to(device)
        if "past_user" in state:
            past = zip(state["past_user"].to(device), state["past_item"].to(device), strict=True)
            self.past = [Representations(user, item) for user, item in past]


def _chance(found: Representations, user: Tensor, item: Tensor, candidate: Tensor) -> Tensor:
    """P(k) of each candidate, ``(B, S1)``."""
    positive = score_pairs(found, user, item)[:, None]
    return torch.sigmoid(score_pairs(found, user[:, None], candidate) - positive)
