from __future__ import annotations

import pytest

from core.study import tuning
from core.study.rows import append_rows, read_rows
from core.study.tuning import candidates, choices, chosen

GRID = ({}, {"train.weight_decay": 0.001}, {"train.weight_decay": 0.01})
TEXTS = ("{}", '{"train.weight_decay":0.001}', '{"train.weight_decay":0.01}')


@pytest.fixture
def tuned(tmp_path, monkeypatch):
    """Rows of the tuning of bpr with some values on validation; test says the opposite."""
    monkeypatch.setattr(tuning, "grid_of", lambda name: GRID if name == "bpr" else ({},))

    def make(*values: float):
        place = {"part": "tuning", "data": "sample", "noise": "mixed", "rate": 0.2, "seed": 1000}
        rows = [
            {**place, "variant": "bpr", "options": text, "valid_ndcg20": value, "ndcg20": -value}
            for text, value in zip(TEXTS, values, strict=False)
        ]
        append_rows(tmp_path, rows)
        return read_rows(tmp_path)

    return make


def test_the_best_on_validation_is_chosen_whatever_test_says(tuned):
    assert choices(tuned(0.1, 0.3, 0.2)) == {("sample", "bpr"): TEXTS[1]}


def test_of_equal_candidates_the_published_defaults_stand(tuned):
    assert choices(tuned(0.3, 0.3, 0.3)) == {("sample", "bpr"): "{}"}


def test_nothing_is_chosen_before_all_candidates_have_been_run(tuned):
    assert choices(tuned(0.1, 0.3)) == {}


def test_a_candidate_that_failed_is_not_waited_for(tuned):
    failed = {("tuning", "sample", "mixed", "0.2", "1000", "bpr", TEXTS[2], "")}
    assert choices(tuned(0.1, 0.3), failed) == {("sample", "bpr"): TEXTS[1]}


def test_without_a_choice_options_are_as_published():
    known = {("sample", "bpr"): TEXTS[1]}
    assert chosen("sample", "oracle", known) == TEXTS[1]  # a plain backbone as well
    assert chosen("ml-latest-small", "bpr", known) == chosen("sample", "dcf", known) == "{}"


@pytest.mark.usefixtures("tuned")
def test_a_method_with_one_candidate_is_not_tuned():
    assert candidates("cleanlab") == ()
    assert candidates("bpr") == TEXTS
