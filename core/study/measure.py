"""From what a method found to the numbers of its row, beside planted truth.

Shape letters: U users, I items, E train interactions, D embedding size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.evaluation.aucs import aucs_of
from core.evaluation.detection import hard_genuine, top_loss
from core.metrics import rank_metrics
from core.separation import average_precision, kept_at, matched_rows
from core.study.data import Prepared
from core.types import (
    VERDICTS,
    BoolArray,
    Embeddings,
    IntArray,
    InteractionScores,
)

Measured = dict[str, Any]
Values = NDArray[np.float64]
STREAM: Final = 20_261_121
"""Sets the draws of the measuring apart from those of runs of the same seed."""
SHARE: Final = 0.2
"""Share of users, or items, that are those with most hard interactions."""


@dataclass(frozen=True)
class Ruler:
    """What all methods of a group are measured with: truth, and out-of-fold scores for matching."""

    group: Prepared
    scores: InteractionScores
    """Of any run of the group: what is read of it comes before all methods."""
    seed: int

    @cached_property
    def noise(self) -> BoolArray:
        """Planted noise, ``(E,)``."""
        return self.group.noise

    @cached_property
    def hard(self) -> tuple[BoolArray, str]:
        """Hard genuine interactions ``(E,)``, and how they are known."""
        return hard_genuine(self.scores, self.group.truth)

    @cached_property
    def matched(self) -> list[IntArray]:
        """The same draws for every method of the group."""
        rng = np.random.default_rng([STREAM, self.seed])
        return list(matched_rows(self.noise, self.scores.score, rng))

    def facts(self) -> Measured:
        """Columns on the dataset."""
        dataset, (hard, source) = self.group.dataset, self.hard
        return {
            "fingerprint": dataset.fingerprint,
            "n_users": dataset.train.n_users,
            "n_items": dataset.train.n_items,
            "n_train": len(dataset.train),
            "n_noise": int(self.noise.sum()),
            "n_hard": int(hard.sum()),
            "hard_source": source,
        }


def detection(suspicion: NDArray[np.floating], ruler: Ruler) -> Measured:
    """How well a suspicion tells noise from the rest.

    Args:
        suspicion: Higher = more likely noise, ``(E,)``; NaN where nothing is said.
        ruler: Truth and draws of the group.

    Returns:
        Values by column; empty where nothing is noise.
    """
    noise, (hard, _) = ruler.noise, ruler.hard
    if not noise.any() or noise.all():
        return {}
    value = np.asarray(suspicion, np.float64)
    top = top_loss(ruler.scores)
    return {
        "auc_all": _auc(value, noise, np.ones(len(noise), np.bool_)),
        "ap_all": average_precision(value, noise),
        "auc_top_loss": _auc(value, noise, top),
        "ap_top_loss": average_precision(value[top], noise[top]),
        **_matched(value, ruler),
        "auc_hard": _auc(value, noise, noise | hard),
        **_at_rate(value, noise),
        **_kept(value, ruler),
        **_by_kind(value, ruler),
    }


def own_threshold(scores: InteractionScores, noise_rate: float, ruler: Ruler) -> Measured:
    """What LLMHNI flags of itself; empty where nothing is noise, but for its estimate."""
    flagged, (hard, _) = scores.verdict == VERDICTS.index("noisy"), ruler.hard
    found: Measured = {"noise_rate_estimated": noise_rate}
    if not ruler.noise.any():
        return found
    return found | {
        "noise_recall": _share(flagged, ruler.noise),
        "precision": _share(ruler.noise, flagged),
        "hard_kept": _share(~flagged, hard),
        **_verdicts(scores, flagged, ruler),
    }


def _verdicts(scores: InteractionScores, flagged: BoolArray, ruler: Ruler) -> Measured:
    """Noise among what has a high loss, among what is kept of it, and in the verdict hard."""
    top, called = top_loss(ruler.scores), scores.verdict == VERDICTS.index("hard")
    return {
        "noise_in_top_loss": _share(ruler.noise, top),
        "noise_in_top_loss_kept": _share(ruler.noise, top & ~flagged),
        "called_hard": float(called.mean()),
        "noise_in_called_hard": _share(ruler.noise, called),
        "hard_in_called_hard": _share(ruler.hard[0], called),
    }


def validation(found: Embeddings, group: Prepared) -> Measured:
    """Ranking on validation alone."""
    data = group.dataset
    ranked = rank_metrics(found.user, found.item, data.train, data.valid, (20,))
    return {"valid_recall20": ranked.recall[20], "valid_ndcg20": ranked.ndcg[20]}


def ranking(found: Embeddings, ruler: Ruler) -> Measured:
    """Full ranking on test with the noised train set masked, whatever was trained on."""
    data = ruler.group.dataset
    ranked = rank_metrics(found.user, found.item, data.train, data.test)
    hard, _ = ruler.hard
    train = data.train
    users = most_hard(train.user, ruler.noise, hard, ranked.user, train.n_users)
    items = most_hard(train.item, ruler.noise, hard, None, train.n_items)
    chosen = np.isin(ranked.user, users)
    part = data.test.select(np.isin(data.test.item, items))
    of_items = rank_metrics(found.user, found.item, data.train, part, (20,))
    return {
        **{f"recall{k}": value for k, value in ranked.recall.items()},
        **{f"ndcg{k}": value for k, value in ranked.ndcg.items()},
        **validation(found, ruler.group),
        "recall20_hard_users": _mean(ranked.user_recall[20][chosen]),
        "ndcg20_hard_users": _mean(ranked.user_ndcg[20][chosen]),
        "recall20_hard_items": of_items.recall[20],
        "ndcg20_hard_items": of_items.ndcg[20],
    }


def flagged_at_rate(suspicion: Values, noise: BoolArray) -> float:
    """Noisy rows among as many most suspect rows as there is noise, of ties the share expected."""
    n_flagged = int(noise.sum())
    value = np.where(np.isnan(suspicion), -np.inf, suspicion)
    cut = np.sort(value)[::-1][n_flagged - 1]
    above, at = value > cut, value == cut
    share = (n_flagged - int(above.sum())) / int(at.sum())
    return float((above & noise).sum() + share * (at & noise).sum())


def most_hard(
    number: IntArray, noise: BoolArray, hard: BoolArray, among: IntArray | None, size: int
) -> IntArray:
    """The fifth of users, or items, with the largest share of hard in their genuine interactions.

    Args:
        number: User, or item, of each train interaction, ``(E,)``.
        noise: Planted noise, ``(E,)``.
        hard: Hard genuine interactions, ``(E,)``.
        among: Who is considered; all who have genuine interactions if omitted.
        size: How many users, or items, there are.

    Returns:
        Their numbers, ascending; all of them have a hard interaction. Of equal shares the lower
        number comes first.
    """
    n_genuine = np.bincount(number[~noise], minlength=size)
    n_hard = np.bincount(number[hard], minlength=size)
    candidates = np.arange(size) if among is None else among
    candidates = candidates[n_genuine[candidates] > 0]
    share = n_hard[candidates] / n_genuine[candidates]
    n_chosen = max(1, round(SHARE * len(candidates)))
    chosen = candidates[np.argsort(-share, kind="stable")[:n_chosen]]
    return np.sort(chosen[n_hard[chosen] > 0])


def _matched(value: Values, ruler: Ruler) -> Measured:
    """Means over the draws of the group."""
    everything = [(value[rows], ruler.noise[rows]) for rows in ruler.matched]
    aucs = [_auc(drawn, noise, np.ones(len(noise), np.bool_)) for drawn, noise in everything]
    precisions = [average_precision(drawn, noise) for drawn, noise in everything]
    return {"auc_matched": _mean_of(aucs), "ap_matched": _mean_of(precisions)}


def _at_rate(value: Values, noise: BoolArray) -> Measured:
    """As many are flagged as there is noise, so that precision, recall and F1 are one."""
    share = flagged_at_rate(value, noise) / int(noise.sum())
    return dict.fromkeys(("precision_at_rate", "recall_at_rate", "f1_at_rate"), share)


def _kept(value: Values, ruler: Ruler) -> Measured:
    noise, (hard, _) = ruler.noise, ruler.hard

    def kept(rows: BoolArray, recall: float) -> float | None:
        return kept_at(value, noise, rows, math.ceil(recall * int(noise.sum())))

    found: Measured = {f"hard_kept_{recall}": kept(hard, recall / 100) for recall in (50, 70, 90)}
    for kind in ("minority", "tail"):
        found[f"hard_kept_70_{kind}"] = kept(ruler.group.truth.of_kind(kind), 0.7)
    return found


def _by_kind(value: Values, ruler: Ruler) -> Measured:
    """Each kind of noise against all genuine interactions."""
    noise, truth = ruler.noise, ruler.group.truth
    return {
        f"auc_{kind.replace('-', '_')}": _auc(value, noise, truth.of_kind(kind) | ~noise)
        for kind in ruler.group.kinds
    }


def _auc(value: Values, noise: BoolArray, rows: BoolArray) -> float | None:
    return aucs_of({"": value}, noise, rows)[""]


def _share(what: BoolArray, among: BoolArray) -> float | None:
    return float(what[among].mean()) if among.any() else None


def _mean(values: NDArray[np.floating]) -> float | None:
    return float(values.mean(dtype=np.float64)) if len(values) else None


def _mean_of(values: list[Any]) -> float | None:
    known = [value for value in values if value is not None and not math.isnan(value)]
    return sum(known) / len(known) if known else None
