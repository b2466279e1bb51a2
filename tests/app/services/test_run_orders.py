"""An order is whole, or nothing of it is left."""

from __future__ import annotations

import errno
import json

import pandas as pd
import pytest

from app.services import run_orders
from core.config import RunConfig
from core.errors import DataError
from tests.run_folder import write_run


@pytest.fixture
def labels(tmp_path_factory):
    path = tmp_path_factory.mktemp("labels") / "mine.parquet"
    pd.DataFrame({"user_id": ["ann"], "item_id": ["i0"], "label": ["noisy"]}).to_parquet(path)
    return path


def test_an_order_has_the_labels_with_their_hash(workspace, prepared, labels):
    write_run(workspace, "parent")
    given = run_orders.Retraining(labels, parent="parent", message=" why ")
    folder = run_orders.place(workspace, prepared, RunConfig(), given, "mine")
    order = json.loads((folder / "run.json").read_text())
    assert (folder / "labels.parquet").read_bytes() == labels.read_bytes()
    assert order["revision"] == run_orders.file_hash(labels)
    assert len(order["revision"]) == 64
    assert (order["labels"], order["parent"], order["message"]) == (
        "labels.parquet",
        "parent",
        "why",
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"parent": "gone"}, "no finished run gone"),
        ({"labels": "none.parquet"}, "cannot be read"),
        ({"labels": "text.parquet"}, "cannot be read"),
        ({"labels": "other.parquet"}, "lack the columns user_id, item_id, label"),
    ],
)
def test_an_order_that_cannot_be_met_leaves_nothing(workspace, prepared, given, message):
    (workspace / "text.parquet").write_text("no table")
    pd.DataFrame({"x": [1]}).to_parquet(workspace / "other.parquet")
    if "labels" in given:
        given = {"labels": workspace / given["labels"]}
    with pytest.raises(DataError, match=message):
        run_orders.place(workspace, prepared, RunConfig(), run_orders.Retraining(**given), "mine")
    assert not (workspace / "runs" / "mine").exists()


def test_an_order_for_which_there_is_no_space_says_so(workspace, prepared, labels, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run_orders.shutil, "copyfile", refuse)
    with pytest.raises(DataError, match="no space left"):
        run_orders.place(workspace, prepared, RunConfig(), run_orders.Retraining(labels), "mine")
    assert not (workspace / "runs" / "mine").exists()
