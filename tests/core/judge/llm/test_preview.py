"""What judging would take, set beside what is really asked."""

from __future__ import annotations

import numpy as np
import pytest

from core.config import JudgeConfig
from core.judge import JudgeContext
from core.judge.llm.plan import plan_calls
from core.judge.llm.preview import Measured, preview
from core.relevance.candidates import choose_candidates, low_scored
from core.scoring.stand_ins import with_stand_ins
from core.text.profiles import profile_of
from core.types import Embeddings
from tests.worlds import tastes

DATA = tastes(30, 40)[0]
TRAIN = DATA.train
CONTEXT = JudgeContext(DATA.items, TRAIN, np.zeros((TRAIN.n_items, 0), np.float32))
WRITE = profile_of(DATA.users, DATA.items, 12)
STAND_INS = 2


def config(**values):
    llm = {"targets_per_call": 3, **values.pop("llm", {})}
    return JudgeConfig.model_validate({"kind": "openai", "llm": llm, **values})


def estimate(settings, measured=Measured(), seed=0, context=CONTEXT):  # noqa: B008 - frozen
    rng = np.random.default_rng(seed)
    return preview(context, settings, WRITE, STAND_INS * len(TRAIN), measured, rng)


def candidates(settings):
    """The pairs that a run with these settings would judge, scores drawn at random."""
    rng = np.random.default_rng(1)

    def draw(*shape):
        return rng.normal(size=(*shape, 4)).astype(np.float32)

    pairs = with_stand_ins(TRAIN, rng.integers(0, 3, len(TRAIN)), STAND_INS, rng)
    low = low_scored(TRAIN, rng.random(len(TRAIN)), settings.observed_share)
    found = Embeddings(draw(TRAIN.n_users), draw(TRAIN.n_items))
    held_out = Embeddings(draw(3, TRAIN.n_users), draw(3, TRAIN.n_items))
    return choose_candidates(TRAIN, low, found, held_out, pairs, settings, rng)


@pytest.mark.parametrize(
    "values",
    [{}, {"observed_share": 0.5}, {"unobserved": 0, "controls": 2}, {"unobserved": 60}],
)
def test_counts_are_those_of_the_pairs_that_are_judged(values):
    settings = config(**values)
    told, real = estimate(settings), candidates(settings)
    unobserved = ~real.observed & ~real.control
    counts = (told.n_observed, told.n_unobserved, told.n_controls)
    assert counts == (real.observed.sum(), unobserved.sum(), real.control.sum())
    assert told.n_pairs == len(real)


def test_where_everything_is_judged_stand_ins_are_counted_at_most():
    settings = config(scope="all")
    told, real = estimate(settings), candidates(settings)
    assert told.n_observed == len(TRAIN) == real.observed.sum()
    assert 0.7 * told.n_controls < real.control.sum() <= told.n_controls == STAND_INS * len(TRAIN)


@pytest.mark.parametrize("size", [1, 3, 20])
def test_calls_and_letters_are_near_those_of_the_real_questions(size):
    settings = config(llm={"targets_per_call": size})
    told, real = estimate(settings), candidates(settings)
    calls = plan_calls(real, CONTEXT, WRITE, size, np.random.default_rng(0))
    assert told.n_calls == pytest.approx(len(calls), rel=0.1)
    letters = sum(one.call.n_letters() for one in calls)
    assert told.prompt_tokens == pytest.approx(letters / 4, rel=0.1)
    assert told.output_tokens == told.n_pairs * 2 * 60


def test_money_and_time_are_said_where_they_are_known():
    told = estimate(config())
    assert told.money is None
    assert told.seconds is None
    assert "assumed" in told.rests_on
    prices = {"price_prompt": 2.0, "price_output": 8.0, "in_flight": 4}
    measured = Measured(seconds_per_call=2.0, output_tokens_per_target=50.0)
    told = estimate(config(llm=prices), measured)
    assert told.output_tokens == told.n_pairs * 2 * 50
    assert told.money == pytest.approx((2 * told.prompt_tokens + 8 * told.output_tokens) / 1e6)
    assert told.seconds == pytest.approx(told.n_calls * 2.0 / 4)
    assert "50 reply tokens per grade measured" in told.rests_on
    limits = {**prices, "requests_per_minute": 6}
    assert estimate(config(llm=limits), measured).seconds == told.n_calls * 10
    limits = {**prices, "tokens_per_minute": 60}
    wanted = told.prompt_tokens + told.output_tokens
    assert estimate(config(llm=limits), measured).seconds == pytest.approx(wanted)


def test_asking_again_is_counted():
    once, twice = estimate(config()), estimate(config(repeat=once_pairs()))
    assert twice.n_pairs == once.n_pairs
    assert twice.n_calls == pytest.approx(3 * once.n_calls, abs=2)
    assert twice.prompt_tokens == pytest.approx(3 * once.prompt_tokens, rel=1e-3)
    assert estimate(config(repeat=10**6)).n_calls == twice.n_calls


def once_pairs():
    return estimate(config()).n_pairs


def test_the_sample_is_a_real_question_of_each_view_without_an_id():
    told = estimate(config())
    assert [message["role"] for message in told.sample] == ["system", "user"] * 2
    of_user, of_item = told.sample[1]["content"], told.sample[3]["content"]
    assert "<P>" in of_user
    assert "<T3>" in of_user
    assert "<H1>" in of_item
    assert not any(word in f"{of_user} {of_item}".split() for word in DATA.users.id)
    assert told.fields[0] == "item titles"
    assert "item attribute genre" in told.fields
    assert any("profile" in field for field in told.fields)


def test_nobody_and_nothing_cost_nothing():
    told = estimate(config(unobserved=0, controls=0))
    assert (told.n_unobserved, told.n_controls) == (0, 0)
    assert told.n_pairs == told.n_observed == TRAIN.n_users * -(-len(TRAIN) // TRAIN.n_users // 5)
