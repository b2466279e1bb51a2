"""An import is kept once its files were found to be in order; until then it is a draft."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.services import importing
from core.errors import DataError


@pytest.fixture
def plan(tmp_path):
    file = tmp_path / "films.csv"
    file.write_text("user,item\na,x\n")
    return importing.make_plan(file)


def test_a_draft_leaves_what_is_kept_as_it_was(workspace, plan):
    importing.save_plan(plan, workspace)
    other = plan.model_copy(update={"path": "/elsewhere"})
    importing.save_draft(other, workspace)
    assert importing.stored_plan("films", workspace) == plan
    assert importing.open_plan("films", workspace) == other
    assert importing.is_draft("films", workspace)


def test_what_is_kept_is_no_draft_any_more(workspace, plan):
    importing.save_draft(plan, workspace)
    assert importing.names(workspace) == []
    assert importing.open_names(workspace) == ["films"]
    importing.save_plan(plan, workspace)
    assert not importing.is_draft("films", workspace)
    assert importing.names(workspace) == importing.open_names(workspace) == ["films"]
    assert importing.open_plan("films", workspace) == plan


def test_a_draft_drawn_up_while_another_was_checked_stays(workspace, plan):
    other = plan.model_copy(update={"path": "/elsewhere"})
    importing.save_draft(other, workspace)
    importing.save_plan(plan, workspace)
    assert importing.open_plan("films", workspace) == other


def test_no_name_reaches_out_of_the_folder(workspace):
    for name in ("../films", "", "drafts/films"):
        assert not importing.is_draft(name, workspace)
        with pytest.raises(DataError):
            importing.open_plan(name, workspace)


def test_columns_of_a_folder_of_parts_are_guessed_and_named(tmp_path):
    folder = tmp_path / "clicks" / "day=01"
    folder.mkdir(parents=True)
    table = pa.table({"who": ["a"], "item_id": ["i"], "rating": [4.0]})
    pq.write_table(table, folder / "part.parquet")
    plan = importing.make_plan(tmp_path / "clicks", columns=["user=who", "timestamp=day"])
    assert plan.mapping is not None
    assert (plan.mapping.user, plan.mapping.item) == ("who", "item_id")
    assert plan.mapping.timestamp == "day"
