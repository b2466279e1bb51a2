from __future__ import annotations

import pandas as pd
import pytest

from app.services import loss_curves, store
from tests.loss_run import write_loss_run


@pytest.fixture
def run(workspace):
    write_loss_run(workspace)
    return store.load_run(workspace, "run-1")


@pytest.mark.parametrize(
    ("text", "verdicts", "order", "rows"),
    [
        ("", (), "highest loss", [3, 4, 2, 1, 0, 5]),  # unknown comes last
        ("", ("noisy",), "highest P(noisy)", [3, 5]),
        ("", (), "lowest P(noisy)", [0, 1, 2, 4, 5, 3]),
        ("ALIEN", (), "highest loss", [4, 0]),
        ("bob", (), "highest loss", [3, 2]),
        ("i1", (), "highest loss", [1, 5]),
        ("2", (), "highest loss", [2]),
        ("' OR true --", (), "highest loss", []),
        ("%", (), "highest loss", []),
    ],
)
def test_interactions_are_found(run, text, verdicts, order, rows):
    found, total = loss_curves.choose(run, text, verdicts, order)
    assert found["row"].tolist() == rows
    assert total == len(rows)


def test_of_a_review_list_alone(run, tmp_path):
    pd.DataFrame({"row": [0, 3]}).to_parquet(tmp_path / "list.parquet")
    found, _ = loss_curves.choose(run, "", (), "highest loss", str(tmp_path / "list.parquet"))
    assert found[["row", "kind"]].fillna("").to_numpy().tolist() == [[3, "uniform"], [0, ""]]


def test_curves_are_in_the_order_of_the_epochs(run):
    found = loss_curves.curves(run, [4, 1], "loss_in_sample")
    assert found["row"].tolist() == [1, 1, 4, 4]
    assert found["loss"].tolist() == pytest.approx([0.7, 0.1, 0.7, 0.5])
    with pytest.raises(ValueError, match="unknown loss"):
        loss_curves.curves(run, [1], "score")
