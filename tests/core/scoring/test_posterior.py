from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

from core.config import MOST_NOISE, ScoringConfig
from core.scoring.evidence import Evidence
from core.scoring.insertions import Insertions
from core.scoring.noise_rate import noise_rate
from core.scoring.posterior import combine
from core.separation import auc
from core.types import HIGH, LOW, MID
from tests.worlds import fewer_trees

CONFIG = ScoringConfig(folds=2)
LANGUAGE = ("semantic", "text")
"""How the names of signals from language begin."""


@pytest.fixture(scope="module", autouse=True)
def quick():
    with pytest.MonkeyPatch.context() as patch:
        fewer_trees(patch)
        yield


def evidence_of(rate=0.2, n_train=1000, language=2.0, behaviour=1.5, seed=0):
    """Signals of known distributions: normal, shifted by so many deviations where genuine.

    Noise is drawn as stand-ins are. Popularity says nothing. Nobody is judged.

    Returns:
        Evidence about ``n_train`` interactions and twice as many stand-ins, which pairs are
        interactions ``(P,)``, and which interactions are noise ``(E,)``.
    """
    rng = np.random.default_rng(seed)
    n_pairs = 3 * n_train
    observed = np.arange(n_pairs) < n_train
    noise = rng.random(n_train) < rate
    genuine = observed & ~np.append(noise, np.zeros(n_pairs - n_train, np.bool_))

    def drawn(shift):
        return (rng.normal(size=n_pairs) + shift * genuine).astype(np.float32)

    def placed(values, shift):
        return norm.cdf(values, loc=shift / 2, scale=1 + shift / 4).astype(np.float32)

    score = drawn(behaviour)
    curve = np.linspace(1, 0.3, 6)[:, None] * np.exp(-score / 2)[None]
    values = {
        "loss": (curve + 0.2 * rng.random(curve.shape)).astype(np.float32),
        "log_popularity": np.log1p(rng.integers(1, 50, n_pairs)).astype(np.float32),
        "user_grade": np.full(n_pairs, -1, np.int8),
        "item_grade": np.full(n_pairs, -1, np.int8),
        "insertions": None,
        "user_support": np.full(n_pairs, np.nan, np.float32),
        "item_support": np.full(n_pairs, np.nan, np.float32),
    }
    groups = {"score": score, "semantic": drawn(language), "text": drawn(language)}
    for name in [name for name in Evidence.__dataclass_fields__ if name not in values]:
        group = name.split("_")[0]
        value, shift = groups.get(group, score), language if group in LANGUAGE else behaviour
        noisier = value + (0.3 * drawn(0.0) if name.endswith("users") else 0)
        values[name] = placed(noisier, shift) if "among" in name else (value / 10)
    found = Evidence(**values)
    return found, observed, noise


def combined(found, observed, config=CONFIG, seed=0):
    return combine(found, observed, config, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def world():
    return evidence_of()


@pytest.fixture(scope="module")
def posterior(world):
    found, observed, _ = world
    return combined(found, observed)


# ---------------------------------------------------------------- p_noisy


def test_planted_noise_ranks_above_genuine_interactions(world, posterior):
    _, _, noise = world
    assert posterior.p_noisy.shape == noise.shape
    assert auc(posterior.p_noisy, noise) > 0.9
    assert auc(posterior.from_language, noise) > 0.85
    assert auc(posterior.from_behaviour, noise) > 0.7


def test_the_mean_of_p_is_the_estimated_noise_rate(posterior):
    assert posterior.p_noisy.mean() == pytest.approx(posterior.noise_rate, abs=1e-4)
    assert ((posterior.p_noisy > 0) & (posterior.p_noisy < 1)).all()


def test_the_parts_add_up_to_the_logit_but_for_a_constant(posterior):
    parts = posterior.from_language + posterior.from_behaviour + posterior.from_grades
    rest = logit(posterior.p_noisy.astype(float)) - parts
    np.testing.assert_allclose(rest, rest.mean(), atol=1e-3)


def test_the_same_generator_state_gives_the_same_values(world, posterior):
    found, observed, _ = world
    again = combined(found, observed)
    np.testing.assert_array_equal(again.p_noisy, posterior.p_noisy)
    assert again.noise_rate == posterior.noise_rate


# ---------------------------------------------------------------- parts


def test_caution_zero_ignores_the_loss(world):
    found, observed, _ = world
    config = ScoringConfig(folds=2, caution=0.0)
    flipped = replace(found, loss=np.ascontiguousarray(-found.loss[::-1]) + 2)
    one, other = combined(found, observed, config), combined(flipped, observed, config)
    assert not one.from_behaviour.any()
    np.testing.assert_array_equal(one.from_language, other.from_language)
    difference = logit(one.p_noisy.astype(float)) - logit(other.p_noisy.astype(float))
    np.testing.assert_allclose(difference, difference.mean(), atol=1e-3)


def test_caution_scales_the_part_of_behaviour(world, posterior):
    found, observed, _ = world
    double = combined(found, observed, ScoringConfig(folds=2, caution=2 * CONFIG.caution))
    np.testing.assert_allclose(double.from_behaviour, 2 * posterior.from_behaviour, rtol=1e-5)
    np.testing.assert_array_equal(double.from_language, posterior.from_language)


def languages(found):
    return [name for name in vars(found) if name.startswith(LANGUAGE)]


def test_shuffled_language_carries_no_more_than_no_language(world, posterior):
    found, observed, noise = world
    order = np.random.default_rng(1).permutation(len(observed))
    shuffled = replace(found, **{name: getattr(found, name)[order] for name in languages(found)})
    nothing = np.zeros(len(observed), np.float32)
    mute = replace(found, **dict.fromkeys(languages(found), nothing))
    one, other = combined(shuffled, observed), combined(mute, observed)
    np.testing.assert_array_equal(one.from_behaviour, posterior.from_behaviour)
    area = auc(one.from_language, noise)
    assert area == pytest.approx(auc(other.from_language, noise), abs=0.1)
    assert area < auc(posterior.from_language, noise) - 0.2


def test_language_says_little_that_the_score_says_already():
    """Language = score: at equal score nothing is left, though language alone would tell all."""
    found, observed, noise = evidence_of(behaviour=1.0, seed=3)
    place = found.score_among_items
    copied = replace(found, **dict.fromkeys(languages(found), place))
    assert auc(-place[observed], noise) > 0.7
    assert auc(combined(copied, observed).from_language, noise) == pytest.approx(0.5, abs=0.1)


def test_popularity_alone_is_no_evidence_of_behaviour():
    """Stand-ins are unpopular here, noise is not: popularity must not be taken for noise."""
    found, observed, noise = evidence_of(seed=5)
    power = np.where(observed, 0.7, 3.0)
    popularity = 50 * np.random.default_rng(0).random(len(observed)) ** power
    skewed = replace(found, log_popularity=np.log1p(popularity).astype(np.float32))
    assert auc(-popularity, ~observed) > 0.75
    result = combined(skewed, observed)
    of_genuine = popularity[observed][~noise]
    unpopular = of_genuine < np.median(of_genuine)
    assert auc(result.from_behaviour[~noise], unpopular) == pytest.approx(0.5, abs=0.1)
    assert auc(result.p_noisy, noise) > 0.85


# ---------------------------------------------------------------- noise rate


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.3])
def test_the_noise_rate_of_separable_signals_is_near_the_planted_one(rate):
    rng = np.random.default_rng(0)
    noise = rng.random(20_000) < rate
    own = np.where(noise, rng.normal(2, 1, 20_000), rng.normal(-2, 1, 20_000))
    p = expit(np.concatenate([own, rng.normal(2, 1, 40_000)]))
    assert noise_rate(p, np.arange(60_000) < 20_000) == pytest.approx(rate, abs=0.05)


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.3])
def test_the_noise_rate_estimated_from_evidence_is_near_the_planted_one(rate):
    found, observed, _ = evidence_of(rate, n_train=4000, language=3.0, behaviour=2.0)
    assert combined(found, observed).noise_rate == pytest.approx(rate, abs=0.05)


def test_signals_that_tell_nothing_give_the_highest_estimate_there_is():
    rng = np.random.default_rng(0)
    assert noise_rate(rng.random(30_000), np.arange(30_000) < 10_000) == MOST_NOISE


def test_more_noise_gives_a_higher_estimate():
    rates = [combined(*evidence_of(rate, seed=2)[:2]).noise_rate for rate in (0.05, 0.5)]
    assert rates[0] < rates[1] - 0.25


# ---------------------------------------------------------------- grades


def graded(found, asked, rng, says=True):
    """Grades of the pairs that were asked about: High where text fits, if they say anything."""
    value = found.text_among_items if says else rng.random(len(asked)).astype(np.float32)
    grade = np.select([value > 0.7, value > 0.4], [HIGH, MID], LOW).astype(np.int8)
    return replace(
        found,
        user_grade=np.where(asked, grade, -1).astype(np.int8),
        item_grade=np.where(asked, grade, -1).astype(np.int8),
        user_support=np.where(asked, value, np.nan).astype(np.float32),
        item_support=np.where(asked, value, np.nan).astype(np.float32),
    )


@pytest.fixture(scope="module")
def partly(world):
    """A third of all pairs is judged, and texts speak through the grades alone."""
    found, observed, noise = world
    rng = np.random.default_rng(4)
    asked = rng.random(len(observed)) < 0.33
    nothing = np.zeros(len(observed), np.float32)
    mute = replace(graded(found, asked, rng), **dict.fromkeys(languages(found), nothing))
    return mute, observed, noise, asked[observed]


def test_grades_of_some_pairs_move_those_alone_and_the_right_way(partly):
    found, observed, noise, asked = partly
    shift = combined(found, observed).from_grades
    grade = found.user_grade[observed]
    assert not shift[~asked].any()
    high, mid, low = (shift[grade == value] for value in (HIGH, MID, LOW))
    assert len(np.unique(high)) == len(np.unique(mid)) == len(np.unique(low)) == 1
    assert high[0] < mid[0] < low[0]
    assert high[0] < 0 < low[0]
    assert shift[asked].mean() == pytest.approx(0, abs=1e-5)  # being asked about is no evidence
    assert auc(shift[asked], noise[asked]) > 0.8


def test_grades_against_their_meaning_do_not_count(partly):
    """A judge that grades backwards is ignored, not turned around."""
    found, observed, _, _ = partly
    flip = {-1: -1, HIGH: LOW, MID: MID, LOW: HIGH}
    turned = np.array([flip[int(value)] for value in found.user_grade], np.int8)
    backwards = replace(found, user_grade=turned, item_grade=turned)
    assert not combined(backwards, observed).from_grades.any()


def test_too_few_judged_pairs_leave_p_noisy_alone(world, posterior):
    found, observed, _ = world
    asked = np.zeros(len(observed), np.bool_)
    asked[:200] = True  # interactions
    asked[-10:] = True  # controls
    few = combined(graded(found, asked, np.random.default_rng(0)), observed)
    assert not few.from_grades.any()
    np.testing.assert_array_equal(few.p_noisy, posterior.p_noisy)


def test_grades_of_all_pairs_are_part_of_language(partly):
    found, observed, noise, _ = partly
    everybody = np.ones(len(observed), np.bool_)
    real = evidence_of()[0]
    judged = graded(real, everybody, np.random.default_rng(0))
    found = replace(
        found,
        user_grade=judged.user_grade,
        item_grade=judged.item_grade,
        user_support=judged.user_support,
        item_support=judged.item_support,
    )
    result = combined(found, observed)
    assert not result.from_grades.any()
    assert auc(result.from_language, noise) > 0.85


# ---------------------------------------------------------------- little data


@pytest.mark.parametrize("n_train", [1, 2, 5, 12])
def test_a_handful_of_interactions_gives_probabilities(n_train):
    found, observed, _ = evidence_of(n_train=n_train)
    result = combined(found, observed, ScoringConfig(folds=5))
    assert result.p_noisy.shape == (n_train,)
    assert np.isfinite(result.p_noisy).all()
    assert 0 <= result.noise_rate <= 1


def test_fewer_pairs_than_folds_give_probabilities():
    found, observed, _ = evidence_of(n_train=1)
    result = combined(found, observed, ScoringConfig(folds=9))
    assert np.isfinite(result.p_noisy).all()


def test_signals_that_are_all_the_same_give_the_same_p():
    found, observed, _ = evidence_of(n_train=60)
    signals = {name: value for name, value in vars(found).items() if value is not None}
    same = {name: np.zeros_like(value) for name, value in signals.items()}
    result = combined(replace(found, **same), observed)
    assert np.ptp(result.p_noisy) < 0.2
    assert np.isfinite(result.p_noisy).all()


# ---------------------------------------------------------------- parts left out


def test_a_part_left_out_moves_nothing_and_leaves_the_others_and_the_rate(world, posterior):
    found, observed, _ = world
    without = combined(found, observed, CONFIG.model_copy(update={"use_behaviour": False}))
    assert not without.from_behaviour.any()
    np.testing.assert_array_equal(without.from_language, posterior.from_language)
    assert without.noise_rate == posterior.noise_rate
    assert without.p_noisy.mean() == pytest.approx(posterior.noise_rate, abs=1e-5)
    odds = logit(without.p_noisy.astype(np.float64))
    np.testing.assert_allclose(np.ptp(odds - without.from_language), 0, atol=1e-3)


def seen_of(noise, n_train, gap, seed=0):
    """Two trainings: genuine pairs fitted better than noise by so many deviations."""
    rng = np.random.default_rng([seed, 9])
    row = (rng.permutation(2 * n_train)[:200] + n_train).reshape(2, 100)
    score = rng.normal(size=(2, n_train)) + gap * ~noise
    return Insertions(row, score.astype(np.float32), rng.normal(size=(2, 100)).astype(np.float32))


def test_scores_by_models_that_have_seen_the_pair_tell_noise_where_nothing_else_does():
    found, observed, noise = evidence_of(behaviour=0.0, language=0.0)
    blind = combined(found, observed).p_noisy
    seen = combined(replace(found, insertions=seen_of(noise, 1000, 2.0)), observed)
    assert auc(blind, noise) == pytest.approx(0.5, abs=0.06)
    assert auc(seen.p_noisy, noise) > 0.85
    # They are behaviour: held back by caution, switched off with it, and no part of language.
    assert auc(seen.from_behaviour, noise) > 0.85
    np.testing.assert_array_equal(seen.from_language, combined(found, observed).from_language)
    off = CONFIG.model_copy(update={"use_behaviour": False})
    with_seen = combined(replace(found, insertions=seen_of(noise, 1000, 2.0)), observed, off)
    np.testing.assert_array_equal(with_seen.p_noisy, combined(found, observed, off).p_noisy)


def test_fitted_scores_that_say_nothing_do_no_harm_and_leave_the_rate_alone():
    found, observed, noise = evidence_of()
    plain = combined(found, observed)
    seen = combined(replace(found, insertions=seen_of(noise, 1000, 0.0)), observed)
    assert seen.noise_rate == plain.noise_rate
    assert auc(seen.p_noisy, noise) > auc(plain.p_noisy, noise) - 0.03


def test_no_training_is_as_if_there_were_no_insertions():
    found, observed, _ = evidence_of()
    none = Insertions(np.zeros((0, 0), np.int64), np.zeros((0, 1000)), np.zeros((0, 0)))
    plain, empty = (combined(replace(found, insertions=x), observed) for x in (None, none))
    np.testing.assert_array_equal(empty.p_noisy, plain.p_noisy)
