"""Which runs Compare lays side by side at first, and which of them stands under other rules."""

from __future__ import annotations

import json

import pytest

from tests.compare_page import open_page
from tests.compare_run import BEFORE, CHILD, MARK, PARENT, write_runs
from tests.run_folder import write_run

NEWEST = "run-3"


@pytest.fixture
def folders(workspace):
    """LLMHNI, then two baselines, none of them made from another."""
    first, second = write_runs(workspace)
    third = write_run(workspace, NEWEST, {"dataset_fingerprint": MARK, "threshold": 0.5}, BEFORE)
    change(second, method="r-ce", created="2030-01-03T03:04:05+00:00")
    change(third, method="bpr", created="2030-01-04T03:04:05+00:00")
    return first, second, third


def change(folder, method="llmhni", **values):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text()) | {"parent": ""} | values
    manifest["settings"] = manifest.get("settings", {}) | {"method": method}
    path.write_text(json.dumps(manifest))


def compared(app):
    return app.multiselect(key="co_runs").value


@pytest.mark.usefixtures("folders")
def test_a_baseline_is_compared_with_llmhni_and_not_with_another_baseline():
    assert compared(open_page()) == [NEWEST, PARENT]
    assert compared(open_page(run=CHILD)) == [CHILD, PARENT]


@pytest.mark.usefixtures("folders")
def test_llmhni_is_compared_with_the_newest_other_run_as_its_reference():
    assert compared(open_page(run=PARENT)) == [NEWEST, PARENT]


def test_baselines_alone_are_compared_with_each_other_the_older_one_first(folders):
    change(folders[0], method="dns")
    assert compared(open_page()) == [CHILD, NEWEST]


def test_a_run_that_was_retrained_still_follows_its_parent(folders):
    change(folders[2], method="bpr", parent=CHILD, created="2030-01-04T03:04:05+00:00")
    assert compared(open_page()) == [CHILD, NEWEST]


@pytest.mark.usefixtures("folders")
def test_other_rules_are_those_of_a_compared_run_first_of_llmhni():
    app = open_page(co_view="What if")
    which = app.selectbox(key="co_w_run")
    assert which.value == PARENT
    assert not any("of the baseline" in one.value for one in app.text)
    which.set_value(NEWEST).run()
    assert not app.exception
    assert any("of the baseline BPR" in one.value for one in app.text)


@pytest.mark.usefixtures("folders")
def test_other_rules_follow_the_runs_that_are_compared():
    app = open_page(co_view="What if", co_runs=[NEWEST, CHILD], co_w_run=PARENT)
    assert app.selectbox(key="co_w_run").value == NEWEST
    app.multiselect(key="co_runs").set_value([CHILD]).run()
    assert not app.exception
    assert any(one.value == f"Run {CHILD}." for one in app.text)


@pytest.mark.usefixtures("folders")
def test_another_run_in_the_sidebar_begins_anew_also_after_a_link():
    app = open_page(co_view="What if", co_runs=[NEWEST, CHILD, PARENT], co_w_run=NEWEST)
    assert app.selectbox(key="co_w_run").value == NEWEST
    app.selectbox(key="run").set_value(CHILD).run()
    assert not app.exception
    assert app.selectbox(key="co_w_run").value == PARENT
    assert app.query_params["co_w_run"] == PARENT
