"""The data page over datasets and imports in a workspace of its own."""

from __future__ import annotations

import json
import time
from functools import partial

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.commands.settings import build_config
from app.services import background, environment, importing
from app.ui.data_state import PREPARE, PROBLEMS, RESULT
from core.presets import PAPER
from tests.dataset_folder import write_dataset
from tests.run_folder import write_run

MAIN = environment.ROOT / "app" / "main.py"
HOSTILE = "**Casino** <b>"


def open_page(**query):
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page("../pages/data.py").run()
    for name, value in query.items():  # a change of page clears the address
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def texts(app):
    return [text.value for text in app.text]


def written(app):
    return " ".join(str(part.value) for part in [*app.markdown, *app.caption, *app.subheader])


def press(app, label):
    next(button for button in app.button if button.label == label).click()
    return app.run()


def save(workspace, file, content):
    file.write_text(content)
    plan = importing.make_plan(file)
    importing.save_plan(plan, workspace)
    return plan


def until_done(ask):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        work = ask()
        if work is not None and not work.running:
            return
        time.sleep(0.1)
    raise AssertionError("it did not end")


@pytest.mark.usefixtures("workspace")
def test_without_a_dataset_the_page_begins_with_the_import():
    app = open_page()
    assert app.title[0].value == "Data"
    assert "Interactions" in [part.value for part in app.subheader]


@pytest.mark.usefixtures("workspace")
def test_browsing_nothing_says_what_to_do():
    assert "no dataset yet" in open_page(da_view="Browse").info[0].value


def test_a_dataset_without_a_run_shows_counts_and_what_was_left_out(workspace):
    write_dataset(workspace)
    app = open_page()
    assert {m.label: m.value for m in app.metric} == {
        **{"Users": "3", "Items": "3", "Train": "5", "Validation": "2", "Test": "1"}
    }
    assert app.dataframe[0].value["What"].tolist() == [
        *("in the files", "left out: repeated pair", "in the dataset")
    ]
    assert app.dataframe[0].value["Rows"].tolist() == ["10", "−2", "8"]


def test_words_of_the_data_are_shown_as_they_are(workspace):
    write_dataset(workspace)
    app = open_page(da_tab="Items", da_item="i1")
    assert HOSTILE in texts(app)
    assert HOSTILE in app.dataframe[0].value["title"].tolist()
    assert "Casino" not in written(app)


def test_the_address_says_dataset_tab_and_filters(workspace):
    write_dataset(workspace, "films")
    write_dataset(workspace, "books")
    app = open_page(da_set="films", da_tab="Interactions", da_user="bob")
    assert app.selectbox(key="da_set").value == "films"
    assert "3 interactions" in texts(app)
    assert set(app.dataframe[0].value["user_id"]) == {"bob"}


@pytest.mark.parametrize("query", [{"da_set": "../x"}, {"da_tab": "x"}, {"da_page": "99"}])
def test_an_address_that_fits_nothing_shows_the_start(workspace, query):
    write_dataset(workspace)
    assert open_page(**query).selectbox(key="da_set").value == "films"


def test_filters_that_nothing_passes_say_so(workspace):
    write_dataset(workspace)
    app = open_page(da_tab="Users", da_q_users="nobody")
    assert any("Nothing passes" in info.value for info in app.info)


def test_a_user_that_does_not_exist_is_said(workspace):
    write_dataset(workspace)
    app = open_page(da_tab="Users", da_user="zoe")
    assert any("no user with this id" in info.value for info in app.info)


@pytest.mark.parametrize("damaged", ["manifest.json", "train.parquet", "items.parquet"])
def test_a_damaged_dataset_is_explained(workspace, damaged):
    (write_dataset(workspace) / damaged).write_text("{")
    app = open_page(da_tab="Items")
    assert "could not be shown" in app.error[0].value
    assert any("repare it again" in text for text in texts(app))


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "is empty"), (bytes(range(256)) * 9, "binary file")]
)
@pytest.mark.usefixtures("workspace")
def test_a_file_that_is_no_table_is_refused_at_once(tmp_path, content, message):
    (tmp_path / "x.csv").write_bytes(content)
    app = open_page(da_view="Import")
    app.text_input(key="da_path").set_value(str(tmp_path / "x.csv")).run()
    assert any(message in text for text in texts(app))
    assert "Look at the columns" not in [button.label for button in app.button]


@pytest.mark.usefixtures("workspace")
def test_odd_columns_are_mapped_by_hand(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(background, "start_check", lambda plan, _: started.append(plan))
    file = tmp_path / "odd.csv"
    file.write_text("Wer;Was;rating\na;x;5\nb;y;3\n")
    app = open_page(da_view="Import")
    app.text_input(key="da_path").set_value(str(file)).run()
    press(app, "Look at the columns")
    assert app.button(key="da_check").disabled  # who is who is not known yet
    assert app.selectbox(key="da_c_odd_rating").value == "rating"  # known by its name
    app.selectbox(key="da_c_odd_user").set_value("Wer").run()
    app.selectbox(key="da_c_odd_item").set_value("Was").run()
    press(app, "Look for problems")
    mapping = started[0].mapping
    assert (mapping.user, mapping.item, mapping.rating) == ("Wer", "Was", "rating")


def test_problems_come_with_counts_and_rows_as_plain_text(workspace, tmp_path):
    plan = save(workspace, tmp_path / "x.csv", f"user,item\na,{HOSTILE}\na,{HOSTILE}\nb,i\n")
    background.start_check(plan, workspace)
    until_done(lambda: background.check(plan, workspace))
    app = open_page(da_view="Import", da_import="x", da_step=PROBLEMS)
    assert "User-item pairs that occur more than once" in texts(app)
    assert HOSTILE in app.dataframe[0].value["item_id"].tolist()
    assert "Casino" not in written(app)


def test_a_setting_that_does_not_fit_is_marked_and_nothing_is_started(workspace, tmp_path):
    save(workspace, tmp_path / "x.csv", "user,item\na,i\nb,j\n")
    app = open_page(da_view="Import", da_import="x", da_step=PREPARE)
    app.text_input(key="da_p_x_name").set_value("../x").run()
    assert any(text.startswith("✕ Up to 64 letters") for text in texts(app))
    assert next(button for button in app.button if button.label == "Prepare").disabled


def test_a_dataset_of_the_same_name_is_replaced_only_when_asked(workspace, tmp_path):
    write_dataset(workspace, "x")
    save(workspace, tmp_path / "x.csv", "user,item\na,i\nb,j\n")
    app = open_page(da_view="Import", da_import="x", da_step=PREPARE)
    assert next(button for button in app.button if button.label == "Prepare").disabled
    app.checkbox(key="da_p_x_replace").check().run()
    assert not next(button for button in app.button if button.label == "Prepare").disabled


def test_an_import_that_was_not_checked_is_not_prepared(workspace, tmp_path):
    plan = save(workspace, tmp_path / "x.csv", "user,item\na,i\nb,j\n")
    importing.save_draft(plan, workspace)
    app = open_page(da_view="Import", da_import="x", da_step=PREPARE)
    assert "Look for problems first" in app.info[0].value
    assert next(button for button in app.button if button.label == "Prepare").disabled


@pytest.mark.parametrize(("has_truth", "said"), [(True, "not known yet"), (False, "not known:")])
def test_planted_noise_that_nobody_counted_is_not_called_none(workspace, has_truth, said):
    folder = write_dataset(workspace, "x")
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"has_truth": has_truth}))
    app = open_page(da_view="Browse", da_set="x")
    assert any(said in text for text in texts(app))


def test_the_result_step_begins_empty(workspace, tmp_path):
    save(workspace, tmp_path / "x.csv", "user,item\na,i\n")
    app = open_page(da_view="Import", da_import="x", da_step=RESULT)
    assert "Nothing was prepared" in app.info[0].value


def test_a_run_is_started_with_the_settings_of_the_form(workspace, monkeypatch):
    started = []
    monkeypatch.setattr(background, "start_run", lambda *told: started.append(told))
    write_dataset(workspace)
    app = open_page(da_view="Run the method")
    app.number_input(key="da_r_train.epochs").set_value(7).run()
    app.button(key="da_run").click().run()
    name, config, place = started[0]
    assert (name, config.train.epochs, config.pretrain.epochs) == ("films", 7, 120)
    assert place == workspace


def test_the_preset_of_the_paper_is_that_of_the_command_line_and_later_changes_win(
    workspace, monkeypatch
):
    started = []
    monkeypatch.setattr(background, "start_run", lambda *told: started.append(told[1]))
    write_dataset(workspace)
    app = open_page(da_view="Run the method")
    app.number_input(key="da_r_train.epochs").set_value(7).run()
    app.selectbox(key="da_r_preset").set_value("paper").run()
    assert f"It sets {len(PAPER)} settings: judge.scope = candidates" in written(app)
    app.button(key="da_run").click().run()
    app.number_input(key="da_r_paper_train.pool").set_value(32).run()
    app.button(key="da_run").click().run()
    app.selectbox(key="da_r_preset").set_value("own").run()
    app.button(key="da_run").click().run()
    by_command = partial(build_config, None, preset="paper")
    assert started[0] == by_command(("train.epochs=7",))
    assert started[1] == by_command(("train.epochs=7", "train.pool=32"))
    assert started[2] == build_config(None, ("train.epochs=7",))
    assert not app.warning


def test_a_baseline_is_started_with_its_options(workspace, monkeypatch):
    started = []
    monkeypatch.setattr(background, "start_run", lambda *told: started.append(told))
    write_dataset(workspace)
    app = open_page(da_view="Run the method")
    app.selectbox(key="da_r_method").set_value("r-ce").run()
    assert "Options of the baseline R-CE" in written(app)
    app.number_input(key="da_r_r-ce_method_options.alpha").set_value(0.5).run()
    app.button(key="da_run").click().run()
    config = started[0][1]
    assert (config.method, config.method_options) == ("r-ce", {"alpha": 0.5})


def test_an_option_that_does_not_fit_is_marked(workspace):
    write_dataset(workspace)
    app = open_page(da_view="Run the method")
    app.selectbox(key="da_r_method").set_value("r-ce").run()
    app.number_input(key="da_r_r-ce_method_options.alpha").set_value(-1.0).run()
    assert any("option alpha of r-ce cannot be -1.0" in text for text in texts(app))
    assert app.button(key="da_run").disabled


def test_a_run_setting_that_does_not_fit_is_marked(workspace):
    write_dataset(workspace)
    app = open_page(da_view="Run the method")
    app.number_input(key="da_r_train.epochs").set_value(0).run()
    assert any("greater than 0" in text for text in texts(app))
    assert app.button(key="da_run").disabled


def test_finished_runs_on_the_dataset_are_offered(workspace):
    write_dataset(workspace)
    write_run(workspace, "mine", {"dataset_fingerprint": "sha256:abc"})
    write_run(workspace, "other", {"dataset_fingerprint": "sha256:old"})
    assert open_page(da_view="Run the method").selectbox(key="da_open_run").options == ["mine"]


def test_an_attribute_called_like_a_column_is_shown_beside_it(workspace):
    path = write_dataset(workspace) / "items.parquet"
    same = {f"attribute:{name}": [["x"], [], []] for name in ("group", "title", "text", "n_train")}
    pd.read_parquet(path).assign(**same).to_parquet(path)
    shown = open_page(da_tab="Items").dataframe[0].value
    assert {"title", "group", "attribute:title", "attribute:n_train"} <= set(shown.columns)
