"""Help texts explain their own marks."""

from __future__ import annotations

import pytest

from app.ui import glossary, navigation
from app.ui.wording import SHOWN, percent


@pytest.mark.parametrize("term", ["verdict", "score", "semantic"])
def test_a_text_with_marks_brings_their_legend(term):
    assert glossary.explain(term).endswith(glossary.MARKS)


def test_a_text_without_marks_stays_as_it_is():
    assert glossary.explain("auc") == glossary.TERMS["auc"]


@pytest.mark.parametrize("term", ["recall20", "ndcg20"])
def test_ranking_metrics_say_that_validation_items_stay_in_the_ranking(term):
    assert "validation" in glossary.explain(term)


def test_pages_that_need_a_run_say_what_they_will_show():
    named = {one.name for part in navigation.SECTIONS.values() for one in part}
    assert set(SHOWN) <= named
    assert {"overview", "losses", "semantic_map", "flagged", "graph_diff", "method"} <= set(SHOWN)


@pytest.mark.parametrize(
    ("share", "text"), [(0.1234, "12.3%"), (0.0, "0.0%"), (None, "–"), (float("nan"), "–")]
)
def test_shares_read_the_same_everywhere(share, text):
    assert percent(share) == text
