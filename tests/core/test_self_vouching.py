"""No interaction vouches for itself: on pure noise, observed pairs look like stand-ins.

Users pick items at random, texts are random words. Whatever a signal then finds in the observed
pairs and not in the stand-ins comes from the pair having been part of its own evidence.
"""

import numpy as np
import pytest
import torch

from core.config import RunConfig
from core.engine import FOLDS, Engine
from core.packing import pairs_of
from core.scoring.posterior import _balance, _cross_fit
from core.separation import auc
from core.signals import gather_evidence
from core.types import Dataset, Interactions, Items, Users, ignore_progress

N_USERS, N_ITEMS = 300, 200
WORDS = [f"{a}{b}" for a in ("lo", "mi", "ra", "tu", "ke") for b in ("ba", "do", "fi", "gu", "zen")]


def pure_noise(per_user: int) -> Dataset:
    rng = np.random.default_rng(per_user)
    drawn = np.stack([rng.permutation(N_ITEMS)[: per_user + 2] for _ in range(N_USERS)])
    user = np.repeat(np.arange(N_USERS), per_user)

    def part(columns: slice) -> Interactions:
        chosen = drawn[:, columns]
        owner = np.repeat(np.arange(N_USERS), chosen.shape[1])
        return Interactions(owner, chosen.ravel(), N_USERS, N_ITEMS)

    train = Interactions(user, drawn[:, :per_user].ravel(), N_USERS, N_ITEMS)
    ids = tuple(str(k) for k in range(N_ITEMS))
    text = tuple(" ".join(rng.choice(WORDS, 8)) for _ in ids)
    genres = tuple((str(rng.integers(8)),) for _ in ids)
    items = Items(ids, text, text, {"genres": genres})
    users = Users(tuple(str(k) for k in range(N_USERS)), ("",) * N_USERS)
    held_out = slice(per_user, per_user + 1), slice(per_user + 1, per_user + 2)
    return Dataset("noise", train, part(held_out[0]), part(held_out[1]), users, items, "")


@pytest.mark.parametrize("per_user", [3, 5, 8, 25])
def test_on_pure_noise_no_signal_tells_observed_pairs_from_stand_ins(per_user, tmp_path):
    config = RunConfig.model_validate(
        {
            "text": {"encoder": "hashing"},
            "alignment": {"epochs": 4},
            "pretrain": {"epochs": 12, "eval_every": 100},
            "backbone": {"embedding_size": 16},
        }
    )
    engine = Engine(
        pure_noise(per_user), config, torch.device("cpu"), tmp_path, tmp_path, ignore_progress
    )
    texts = engine.texts()
    aligned, pretrained = engine.align(texts), engine.pretrain()
    behaviour = engine.out_of_fold(aligned, pretrained)
    judged = engine.judge(texts, aligned, behaviour, pretrained)
    pairs = pairs_of(behaviour, len(engine.data.train))
    # Stand-ins with popular items were drawn otherwise than these users draw: by uniform ones.
    evidence = gather_evidence(
        engine.data.train,
        pairs,
        texts["item"],
        aligned,
        behaviour,
        judged,
        config.scoring.references,
        np.random.default_rng([config.seed, FOLDS]),
    )
    columns = np.hstack([evidence.behaviour(), evidence.language()])
    found = [auc(column.astype(np.float64), ~pairs.observed) for column in columns.T]
    # Three standard errors at E pairs against twice as many stand-ins, and ties.
    slack = 3 * np.sqrt(1 / (12 * len(engine.data.train))) + 0.01
    assert np.abs(np.array(found) - 0.5).max() < slack, np.round(found, 3)
    # Nor does popularity, once the stand-ins are as popular as the observed pairs: counting all
    # interactions but the pair itself would give it away.
    popularity = evidence.standing()[:, 1:]
    balance = _balance(popularity, pairs.observed)
    told = _cross_fit(popularity, pairs.observed, balance, 3, np.random.default_rng(0))
    assert auc(told, ~pairs.observed) < 0.5 + slack
