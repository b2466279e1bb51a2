import pytest

from core.judge.reasons import _percent, short


def test_shares_are_rounded_down_so_that_words_and_grades_agree():
    assert [_percent(share) for share in (0.5999, 0.6, 0.9, 1.0)] == ["59%", "60%", "90%", "100%"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("The Thing", "The Thing"), ("a b c d", "a b c…"), ("a\x07b\u202e", "a b")],
)
def test_titles_are_cut_and_cleaned(text, expected):
    assert short(text, 3) == expected
