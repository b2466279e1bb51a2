"""While the judge is asked, verdicts are what the run would call them if it stopped there."""

import numpy as np
import pytest
import torch

from core.engine import SCORE, Engine
from core.judge import JudgePairs
from core.packing import judgements_of, pairs_of
from core.settling import Settling, no_judgements
from tests.worlds import fewer_trees, tastes, tiny_run

SEED = 4


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield monkeypatch


@pytest.fixture(scope="module")
def world(tmp_path_factory, patch):
    """A run up to its verdicts, with the judge asked about candidates alone."""
    fewer_trees(patch)
    data, _ = tastes()
    config = tiny_run(seed=SEED, judge={"scope": "candidates", "controls": 3})
    folder = tmp_path_factory.mktemp("run")
    cpu = torch.device("cpu")
    engine = Engine(data, config, cpu, folder / "checkpoints", folder / "cache", lambda _: None)
    texts = engine.texts()
    aligned, pretrained = engine.align(texts), engine.pretrain()
    behaviour = engine.out_of_fold(aligned, pretrained)
    judged = engine.judge(texts, aligned, behaviour, pretrained)
    scored = engine.score(engine.signals(texts, aligned, behaviour, judged), judged)
    settling = Settling(
        engine._evidence(texts, aligned, behaviour, vars(no_judgements())),
        pairs_of(behaviour, len(data.train)),
        judged["low"],
        data.train,
        config,
        (SEED, SCORE),
    )
    return data, judged, scored, settling


def test_with_all_grades_verdicts_are_those_of_the_run(world):
    _, judged, scored, settling = world
    assert np.array_equal(settling(judgements_of(judged)), scored["verdict"])
    assert np.allclose(settling.p_noisy(judgements_of(judged))[0], scored["p_noisy"])


def test_without_grades_nothing_is_hard_and_p_noisy_is_another(world):
    _, _, scored, settling = world
    assert not (settling(None) == 1).any()
    assert (scored["verdict"] == 1).any()
    assert not np.allclose(settling.p_noisy()[0], scored["p_noisy"])


def test_grades_are_worth_most_where_p_noisy_is_in_doubt_and_the_edge_weighs(world):
    data, _, _, settling = world
    train = data.train
    p = settling.p_noisy()[0]
    n_rows = len(train)
    everything = JudgePairs(
        np.append(train.user[::-1], 0),
        np.append(train.item[::-1], 0),
        np.append(np.ones(n_rows, bool), False),
        np.zeros(n_rows + 1, bool),
        np.full((n_rows + 1, 2), -1),
    )
    found = settling.information(everything)
    assert found[-1] == 0
    row = n_rows - 1 - 7
    degree = (train.user == train.user[7]).sum() * (train.item == train.item[7]).sum()
    assert found[row] == pytest.approx(4 * p[7] * (1 - p[7]) / np.sqrt(degree), rel=1e-5)
