import numpy as np
import pytest

from core.scoring.evidence import Evidence

LOSS = np.float32([[6, 1], [5, 1], [4, 1], [3, 1], [2, 1], [1, 1], [0, 1]])
"""Seven epochs of two pairs; a third of seven is two."""


NAMES = [name for name in Evidence.__dataclass_fields__ if name != "loss"]
VALUE = {name: float(k) for k, name in enumerate(NAMES, start=10)}
"""What the signals of the first pair are; those of the second are the same below zero."""


def evidence(grade=(-1, -1), loss=LOSS):
    values = {name: np.float32([VALUE[name], -VALUE[name]]) for name in NAMES}
    grade = np.int8(grade)
    return Evidence(loss=loss, **{**values, "user_grade": grade, "item_grade": grade})


def named(*prefixes):
    return [VALUE[name] for name in NAMES if name.startswith(prefixes)]


def test_behaviour_ends_with_level_spread_and_trend_of_the_loss():
    found = evidence().behaviour()
    spread = np.std([6, 5, 4, 3, 2, 1, 0])
    assert found[0, -4:].tolist() == pytest.approx([3, spread, 5.5, 0.5])
    assert found[1, -4:].tolist() == pytest.approx([1, 0, 1, 1])


def test_behaviour_holds_no_language_and_no_judge():
    found = evidence((2, 0)).behaviour()[0, :-4].tolist()
    assert found[:2] == [VALUE["score_among_items"], VALUE["score_among_users"]]
    assert set(found).isdisjoint(named("semantic", "text", "user", "item", "log"))


def test_one_epoch_is_enough():
    found = evidence(loss=LOSS[:1]).behaviour()
    assert found[0, -4:].tolist() == [6, 0, 6, 6]


def test_standing_is_score_and_popularity():
    score, popularity = VALUE["score_among_items"], VALUE["log_popularity"]
    assert evidence().standing().tolist() == [[score, popularity], [-score, -popularity]]


def test_grades_of_some_pairs_are_not_part_of_language():
    """They would tell which pairs were asked about."""
    of_texts = named("semantic", "text")
    for grade in ((-1, -1), (2, -1)):
        found = evidence(grade)
        assert not found.all_judged()
        assert found.language()[0].tolist() == of_texts
        assert found.language()[1].tolist() == [-value for value in of_texts]


def test_grades_and_supports_of_all_pairs_are():
    found = evidence((2, 0))
    assert found.all_judged()
    supports = [VALUE["user_support"], VALUE["item_support"]]
    assert found.language()[0].tolist() == [2, 2, *supports, *named("semantic", "text")]
    assert found.language()[1, :2].tolist() == [0, 0]
