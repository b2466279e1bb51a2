"""Which case of an aim is told beside its verdict."""

import math

import pytest

from app.ui.study.verdicts import worst
from core.study.cases import Case
from core.study.verdicts import FAILS, HOLDS, UNKNOWN, Verdict


def case(noise, outcome, difference, low):
    high = difference + (difference - low)
    return Case("films", noise, "recall20", outcome, 5, 0.3, "dns", difference, low, high)


@pytest.mark.parametrize(
    ("cases", "told"),
    [
        # A case that fails speaks louder than one that holds by less.
        ((case("uniform", HOLDS, 0.001, 0.0005), case("position", FAILS, 0.02, -0.01)), "position"),
        # Of two that hold, the one whose interval reaches lower.
        ((case("uniform", HOLDS, 0.03, 0.001), case("position", HOLDS, 0.02, 0.01)), "uniform"),
        # Without an interval the number itself counts.
        ((case("uniform", FAILS, -0.03, math.nan), case("position", FAILS, 0.0, -0.02)), "uniform"),
    ],
)
def test_the_case_that_speaks_most_against_the_aim_is_told(cases, told):
    assert f"(films, {told} noise)" in worst(Verdict("2", "aim", "rule", cases))


def test_nothing_is_told_of_cases_that_are_open():
    cases = (case("uniform", UNKNOWN, 0.01, 0.0),)
    assert worst(Verdict("2", "aim", "rule", cases)) == ""
