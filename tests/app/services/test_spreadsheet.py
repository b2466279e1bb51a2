"""CSV files that a spreadsheet shows and never runs."""

from __future__ import annotations

import csv

import duckdb
import numpy as np
import pandas as pd
import pytest

from app.services import spreadsheet

TEXTS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "", "a=b", "'x", "'=1", 'a "quoted", b']
MARKED = ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "'\r=1", *TEXTS[6:]]


@pytest.fixture
def table():
    numbers = np.arange(len(TEXTS)) - 5.5
    return pd.DataFrame({'we=ird "x"': TEXTS, "loss": numbers, "n": range(-5, len(TEXTS) - 5)})


def by_frame(table, target):
    spreadsheet.write(table, target)


def by_question(table, target):
    with duckdb.connect(":memory:") as connection:
        connection.register("shown", table)
        sql = "SELECT * FROM shown WHERE n >= $least ORDER BY n DESC"
        spreadsheet.copy(connection, sql, target, {"least": -5})


@pytest.mark.parametrize("write", [by_frame, by_question])
def test_text_that_would_be_a_formula_is_marked_and_numbers_are_not(table, tmp_path, write):
    write(table, tmp_path / "it's.csv")
    with (tmp_path / "it's.csv").open(newline="") as file:
        found = pd.DataFrame(csv.DictReader(file)).astype({"n": int, "loss": float})
    found = found.sort_values("n")
    assert found.iloc[:, 0].tolist() == MARKED
    assert found["loss"].tolist() == table["loss"].tolist()
    assert found["n"].tolist() == table["n"].tolist()


@pytest.mark.parametrize("write", [by_frame, by_question])
def test_a_parquet_file_holds_what_is_stored(table, tmp_path, write):
    write(table, tmp_path / "table.parquet")
    found = pd.read_parquet(tmp_path / "table.parquet").sort_values("n")
    assert found.iloc[:, 0].tolist() == TEXTS
    assert found["loss"].tolist() == table["loss"].tolist()


def test_missing_texts_and_categories_are_kept(tmp_path):
    table = pd.DataFrame({"title": ["=x", None], "kind": pd.Categorical(["-a", "b"])})
    spreadsheet.write(table, tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == "title,kind\n'=x,'-a\n,b\n"


def test_the_order_of_a_question_is_the_order_of_the_file(tmp_path):
    with duckdb.connect(":memory:") as connection:
        sql = "SELECT 'u' || i AS name, i FROM range(300000) AS t(i) ORDER BY hash(i)"
        spreadsheet.copy(connection, sql, tmp_path / "table.csv", {})
        expected = [row[0] for row in connection.execute(sql).fetchall()]
    assert pd.read_csv(tmp_path / "table.csv")["name"].tolist() == expected
