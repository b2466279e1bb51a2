"""The pages that are committed say what the committed rows say."""

from __future__ import annotations

import pytest

from app.services import environment
from core.study.readme_table import BEGIN, fill, readme_table
from core.study.rows import read_rows
from core.study.summary_page import verdict_table
from core.study.verdicts import verdicts

RESULTS = environment.ROOT / "docs" / "results"
AGAIN = "python -m app.cli study --report --out docs/results/study"


@pytest.fixture(scope="module")
def rows():
    return read_rows(RESULTS / "study")


def test_the_verdicts_of_the_results_are_those_of_the_rows(rows):
    page = (RESULTS / "README.md").read_text(encoding="utf-8")
    assert verdict_table(verdicts(rows)) in page, f"write it anew: {AGAIN}"
    assert f"{len(rows):,} rows." in page, f"write it anew: {AGAIN}"


def test_the_table_of_the_front_page_is_that_of_the_rows(rows):
    page = (environment.ROOT / "README.md").read_text(encoding="utf-8")
    assert BEGIN in page
    assert fill(page, readme_table(rows)) == page, f"write it anew: {AGAIN}"
