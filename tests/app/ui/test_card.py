"""The card of an interaction that a person decided, on the page of flagged interactions."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.services import environment
from tests.review_run import write_review_run

MAIN = environment.ROOT / "app" / "main.py"


@pytest.fixture
def folder(workspace):
    folder = write_review_run(workspace)
    path = folder / "interactions.parquet"
    table = pd.read_parquet(path)
    table.loc[3, "p_noisy"] = 1.0
    decided = ["model"] * 3 + ["person"] + ["model"] * 2
    table.assign(decided_by=decided, p_noisy_model=[0.125] * 6).to_parquet(path)
    return folder


def opened(row):
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.run()
    app.switch_page("../pages/flagged.py")
    app.query_params["fl_row"] = str(row)
    app.run()
    assert not app.exception
    return app


def card(row):
    return [text.value for text in opened(row).text]


@pytest.mark.usefixtures("folder")
def test_a_person_s_decision_is_said_with_what_the_signals_made_of_it():
    said = card(3)
    assert "◉ decided by a person" in said
    assert "P(noisy) before 0.125" in said
    assert "P(noisy) 1.000" not in said
    assert any(text.startswith("A person decided that it is noisy") for text in said)


@pytest.mark.usefixtures("folder")
def test_what_the_model_decided_speaks_of_nobody():
    said = card(4)
    assert "P(noisy) 0.300" in said
    assert not any("person" in text for text in said)


def test_a_baseline_shows_what_its_rank_is_and_no_parts(folder):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"settings": {"method": "r-ce"}}))
    app = opened(4)
    said = [text.value for text in app.text]
    assert "P(noisy) 0.300, a rank" in said
    assert any(text.startswith("A baseline: R-CE.") for text in said)
    headings = [one.value for one in app.markdown]
    assert "##### What P(noisy) is" in headings
    assert "##### What moved P(noisy)" not in headings
    assert "opposed" not in app.selectbox(key="fl_sort").options
    assert app.selectbox(key="fl_sort").value == "p_high"
