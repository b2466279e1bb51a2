"""What calls bought is read off the curve as one would by eye."""

import numpy as np

from benchmarks import judge_spending
from core.types import HIGH, LOW, MID, Judgements
from tests.worlds import pairs


class Known:
    """Planted truth of four interactions, the last two noise."""

    is_noise = np.array([False, False, True, True])


def points(*rows):
    return [
        {"n_calls": calls, "n_observed": 10, "n_changed": changed, "auc": auc}
        for calls, changed, auc in rows
    ]


CURVE = points((0, 0, 0.5), (10, 4, 0.7), (20, 0, 0.8), (30, 1, 0.79), (40, 0, 0.8))


def test_a_figure_is_reached_where_it_stays_and_not_where_it_once_was():
    assert judge_spending.reached(CURVE, "auc", 0.002) == 1.0  # 0.79 is a step back
    assert judge_spending.reached(CURVE, "auc", 0.02) == 0.5
    assert judge_spending.reached(CURVE, "auc", 0.4) == 0.0


def test_the_rule_stops_after_two_quiet_rounds():
    assert judge_spending.stops_at(CURVE, 0.2) == 3  # rounds 2 and 3 change fewer than 2 of 10
    assert judge_spending.stops_at(CURVE, 0.1) == 4  # round 3 changes 1 of 10: not fewer
    assert judge_spending.stops_at(CURVE, 0.5) == 2


def test_the_simulated_judge_is_right_about_interactions_and_strangers_as_often_as_it_says():
    train = pairs([0, 0, 1, 1], [0, 1, 0, 2], 2, 3)
    n_each = 4000
    user = np.repeat([0, 0, 1, 1, 1], n_each)  # the fifth pair was never observed
    item = np.repeat([0, 1, 0, 2, 1], n_each)
    number = len(user)
    blank = np.full(number, MID, np.int8)
    nothing = ("",) * number
    observed, control = np.arange(number) < 4 * n_each, np.zeros(number, bool)
    graded = Judgements(user, item, observed, control, blank, blank, nothing, nothing, "x")
    found = judge_spending.simulated(graded, train, Known(), np.random.default_rng(0))
    right = np.repeat([HIGH, HIGH, LOW, LOW, LOW], n_each)
    for grade in (found.user_grade, found.item_grade):
        hit = (grade == right).reshape(5, n_each).mean(axis=1)
        assert np.abs(hit - judge_spending.RIGHT).max() < 0.03
        wrong = grade[grade != right]
        assert 0.4 < (wrong == MID).mean() < 0.6
    assert not np.array_equal(found.user_grade, found.item_grade)
