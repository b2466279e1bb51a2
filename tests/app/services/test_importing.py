"""An import is kept once its files were found to be in order; until then it is a draft."""

from __future__ import annotations

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
