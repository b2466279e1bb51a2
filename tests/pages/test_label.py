"""The page over a hand-made run and a real database; the keyboard is tested in a browser."""

from __future__ import annotations

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.services import environment, selection, store
from app.services.labels import current, events, snapshot
from app.ui import analyst, database
from tests.label_run import DATASET, HOSTILE, write_label_run

MAIN = environment.ROOT / "app" / "main.py"
PAGE = "../pages/label.py"


@pytest.fixture(autouse=True)
def fresh_database():
    """Each test has a workspace of its own, and the app one connection for all."""
    database._connection.clear()
    yield
    database._connection.clear()


@pytest.fixture
def table(workspace):
    return write_label_run(workspace, n_users=10, n_items=16)  # 120 interactions: 12, 12, 96


def open_page(who="Ana", **query):
    app = AppTest.from_file(MAIN, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    app.switch_page(PAGE)
    for name, value in query.items():
        app.query_params[name] = value
    if who:
        app.session_state["_analyst"] = who
    app.run()
    assert not app.exception
    return app


def texts(app):
    return [text.value for text in app.text]


def says(app, part):
    everything = [
        *texts(app),
        *(one.value for kind in (app.caption, app.info, app.warning) for one in kind),
    ]
    return any(part in text for text in everything)


def record(table, who, labels, source="noisy"):
    """Label the first interactions of a table."""
    decisions = [
        events.Decision(str(one.user_id), str(one.item_id), True, label, cid=place + 1)
        for place, (one, label) in enumerate(zip(table.itertuples(), labels, strict=False))
    ]
    with database.cursor() as cursor:
        events.record(
            cursor, events.Context(who, DATASET, source, "run-1", f"test-{who}"), decisions
        )


def own(who):
    with database.cursor() as cursor:
        found = current.own(cursor, DATASET, who)
    return {(one.user_id, one.item_id): one.label for one in found.itertuples()}


def press(app, label):
    button = next(one for one in app.button if one.label.startswith(label))
    assert not button.disabled
    button.click().run()
    assert not app.exception
    return app


@pytest.mark.usefixtures("workspace")
def test_without_a_run_the_page_says_what_to_do():
    app = open_page()
    assert "no finished run" in app.info[0].value
    assert not app.get("bidi_component")


@pytest.mark.usefixtures("table")
def test_nothing_can_be_labelled_without_a_name():
    app = open_page(who="")
    assert says(app, "Nothing can be labelled without a name")
    app.text_input(key="la_name").set_value("  Ana B. ")
    press(app, "Start")
    assert "You label as Ana B." in texts(app)
    press(app, "Change")
    assert says(app, "Nothing can be labelled without a name")


@pytest.mark.parametrize("name", ["   ", "a\tb", "\u202eevil"])
@pytest.mark.usefixtures("table")
def test_a_name_is_printable_and_not_blank(name):
    app = open_page(who="")
    app.text_input(key="la_name").set_value(name)
    press(app, "Start")
    assert app.error[0].value == "A name has 1 to 40 printable characters."


@pytest.mark.usefixtures("table")
def test_a_hostile_name_is_plain_text():
    app = open_page(who=HOSTILE[:40])
    assert f"You label as {HOSTILE[:40]}" in texts(app)
    for place in (app.markdown, app.caption, app.info):
        assert all("onerror" not in str(one.proto) for one in place)


def test_estimates_come_from_the_random_order_alone(table):
    noisy = table.head(4)
    record(noisy, "Ana", ["noisy", "noisy", "hard", "noisy"])
    app = open_page()
    assert "✕ noisy: needs the random order" in texts(app)
    assert "3 of 4 the same (75%)" in texts(app)


def test_precision_has_its_interval_and_size(table):
    record(table.head(4), "Ana", ["noisy", "noisy", "hard", "noisy"], source="random")
    app = open_page()
    assert "✕ noisy: 0.75 (0.30–0.95), n = 4" in texts(app)  # Wilson, by hand
    assert "◆ hard: none in the sample yet" in texts(app)


@pytest.mark.usefixtures("table")
def test_a_random_order_over_a_part_is_said_to_be_no_sample():
    app = open_page()
    assert not says(app, "do not count for the estimates")
    app = open_page(la_order="Random sample", la_verdict=["noisy"])
    assert says(app, "do not count for the estimates")


def test_the_review_list_in_force_is_named(table, workspace):
    run = store.load_run(workspace, "run-1")
    kept = selection.save(run, table["row"].head(3).to_numpy(), "three")
    assert says(open_page(list=kept.id), "Only the 3 of the review list")


def test_a_bulk_labels_what_passes_the_filters_and_is_undone_at_once(table):
    record(table.head(1), "Ana", ["unsure"])
    app = open_page(la_tab="Bulk", la_verdict=["noisy"])
    assert says(app, "12 interactions pass the filters")
    assert next(one for one in app.button if one.key == "la_bulk_go").disabled
    app.segmented_control(key="la_bulk_label").set_value("noisy").run()
    assert says(app, "1 have another label of yours: they are left as they are")
    press(app, "Label 11 interactions: ✕ noisy")
    press(app, "Yes, label 11: ✕ noisy")
    assert says(app, "11 interactions labelled: ✕ noisy")
    labels = own("Ana")
    noisy = table[table["verdict"] == "noisy"]
    pairs = list(zip(noisy["user_id"], noisy["item_id"], strict=True))
    assert labels == dict.fromkeys(pairs, "noisy") | {pairs[0]: "unsure"}
    press(app, "Undo 11: ✕ noisy")
    assert own("Ana") == {pairs[0]: "unsure"}


def test_a_bulk_over_a_review_list_replaces_labels_if_told_so(table, workspace):
    run = store.load_run(workspace, "run-1")
    kept = selection.save(run, table["row"].head(3).to_numpy(), "three")
    record(table.head(1), "Ana", ["hard"])
    record(table.iloc[1:2], "Ben", ["hard"])
    app = open_page(la_tab="Bulk", list=kept.id)
    app.segmented_control(key="la_bulk_label").set_value("clean").run()
    app.toggle(key="la_bulk_keep").set_value(False).run()
    assert says(app, "3 interactions pass the filters of the 3 on the review list")
    assert says(app, "1 have another label of yours: they will be replaced")
    assert says(app, "1 have another label of another person")
    press(app, "Label 3 interactions: ● clean")
    press(app, "Yes, label 3: ● clean")
    assert set(own("Ana").values()) == {"clean"}
    assert list(own("Ben").values()) == ["hard"]


def test_no_label_takes_own_labels_away(table):
    record(table.head(2), "Ana", ["hard", "noisy"])
    app = open_page(la_tab="Bulk")
    app.segmented_control(key="la_bulk_label").set_value("no label").run()
    press(app, "Label 2 interactions: no label")
    press(app, "Yes, label 2: no label")
    assert own("Ana") == {}


@pytest.mark.usefixtures("table")
def test_without_differing_labels_second_opinions_say_so():
    assert says(open_page(la_tab="Second opinions"), "No pair has two different labels")


def test_a_difference_is_shown_with_both_labels_and_settled(table):
    record(table.head(1), "Ben", ["hard"])
    record(table.head(1), "Cid", ["noisy"])
    app = open_page(la_tab="Second opinions")
    shown = texts(app)
    assert "1 to settle, 0 settled." in shown
    assert any(text.startswith("Ben: ◆ hard, ") for text in shown)
    assert any(text.startswith("Cid: ✕ noisy, ") for text in shown)
    settle = next(one for one in app.segmented_control if one.key.startswith("la_settle_"))
    settle.set_value("clean")
    press(app, "Settle")
    assert "0 to settle, 1 settled." in texts(app)
    with database.cursor() as cursor:
        effective = current.effective(cursor, DATASET)
    assert effective["label"].tolist() == ["clean"]
    assert effective["resolved"].tolist() == [True]


def test_pairs_of_others_wait_for_a_second_opinion(table):
    record(table.head(2), "Ben", ["hard", "noisy"])
    app = open_page(la_tab="Second opinions")
    assert "2 pairs of other people wait for your opinion." in texts(app)
    press(app, "Label them")
    assert app.segmented_control(key="la_order").value == "second"


def test_an_import_is_checked_before_it_is_written(table, tmp_path):
    first, second = table.head(2).itertuples()
    rows = [(first.user_id, first.item_id, "hard"), (second.user_id, second.item_id, "bad")]
    path = tmp_path / "some.csv"
    pd.DataFrame(rows, columns=["user_id", "item_id", "label"]).to_csv(path, index=False)
    app = open_page(la_tab="Import and export")
    assert says(app, "There are no labels of this dataset yet")
    app.file_uploader[0].upload("some.csv", path.read_bytes(), "text/csv").run()
    assert not app.exception
    assert "1 of 2 rows can be imported." in texts(app)
    assert own("Ana") == {}
    press(app, "Import 1 labels")
    assert own("Ana") == {(first.user_id, first.item_id): "hard"}
    assert app.success[0].value.startswith("1 labels imported.")


@pytest.mark.usefixtures("table")
def test_a_file_that_is_no_table_of_labels_is_explained():
    app = open_page(la_tab="Import and export")
    app.file_uploader[0].upload("some.csv", b"a,b\n1,2\n", "text/csv").run()
    assert app.error[0].value == "This file cannot be read as labels."
    assert any(text.startswith("some.csv is no table of labels") for text in texts(app))


@pytest.mark.usefixtures("table")
def test_the_retrain_panel_is_there():
    app = open_page(la_tab="Retrain")
    assert not app.error


def test_a_card_that_is_opened_blind_says_so_first(table):
    app = open_page(la_blind="true")
    app.session_state["_la_card"] = int(table["row"].iloc[0])
    app.run()
    assert "You label blind. The full card shows the model's verdict and P(noisy)." in texts(app)
    assert not any(text.startswith("P(noisy) ") for text in texts(app))
    press(app, "Show it all the same")
    assert "P(noisy) 1.000" in texts(app)


def test_the_same_label_again_on_the_card_changes_nothing_and_one_button_takes_it_back(table):
    app = open_page()
    app.session_state["_la_card"] = int(table["row"].iloc[0])
    app.run()
    row = int(table["row"].iloc[0])
    pair = (str(table["user_id"].iloc[0]), str(table["item_id"].iloc[0]))
    noisy = f"la_label_{row}_noisy"
    assert not any(one.label == "Take back" for one in app.button)
    app.button(key=noisy).click().run()
    app.button(key=noisy).click().run()
    assert own("Ana") == {pair: "noisy"}
    with database.cursor() as cursor:
        assert len(current.history(cursor, DATASET, *pair)) == 1
    press(app, "Take back")
    assert own("Ana") == {}


@pytest.fixture
def login(monkeypatch):
    """A server with a login; the test says who has signed in."""
    user = {"is_logged_in": False}
    monkeypatch.setattr(analyst, "_user", lambda: dict(user))
    return user


@pytest.mark.usefixtures("table", "login")
def test_with_a_login_one_signs_in_and_gives_no_name():
    app = open_page(who="Eve")  # in the session, from before there was a login
    assert app.info[0].value == "Sign in to label: every label has a name."
    assert says(app, "Nothing can be labelled without a name")
    assert [one.label for one in app.button if one.key == "la_sign_in"] == ["Sign in"]
    assert not any(one.key == "la_name" for one in app.text_input)


def test_labels_have_the_name_of_who_signed_in(table, login):
    login |= {"is_logged_in": True, "email": "ana@firm.test"}
    app = open_page(who="Eve")
    assert "You label as ana@firm.test" in texts(app)
    assert not any(one.label == "Change" for one in app.button)
    assert any(one.label == "Sign out" for one in app.button)
    row = int(table["row"].iloc[0])
    app.session_state["_la_card"] = row
    app.run()
    app.button(key=f"la_label_{row}_noisy").click().run()
    pair = (str(table["user_id"].iloc[0]), str(table["item_id"].iloc[0]))
    assert own("ana@firm.test") == {pair: "noisy"}
    assert own("Eve") == {}


def test_who_signed_in_cannot_import_labels_of_others(table, login):
    login |= {"is_logged_in": True, "email": "ana@firm.test"}
    pairs = [(str(one.user_id), str(one.item_id)) for one in table.head(3).itertuples()]
    names = ["ana@firm.test", "Eve", ""]
    rows = [(who, *pair, "hard") for who, pair in zip(names, pairs, strict=True)]
    file = pd.DataFrame(rows, columns=["who", "user_id", "item_id", "label"]).to_csv(index=False)
    app = open_page(who="", la_tab="Import and export")
    app.file_uploader[0].upload("some.csv", file.encode(), "text/csv").run()
    assert "2 of 3 rows can be imported." in texts(app)
    assert [one.label for one in app.expander] == [
        "1 row. Label of another person: only your own are imported"
    ]
    press(app, "Import 2 labels")
    assert own("ana@firm.test") == {pairs[0]: "hard", pairs[2]: "hard"}
    assert own("Eve") == {}


def test_who_gives_way_has_settled_the_difference(table):
    record(table.head(1), "Ana", ["hard"])
    record(table.head(1), "Ben", ["noisy"])
    app = open_page(la_tab="Second opinions")
    assert "1 to settle, 0 settled." in texts(app)
    settle = next(one for one in app.segmented_control if one.key.startswith("la_settle_"))
    settle.set_value("noisy")
    press(app, "Settle")
    assert "0 to settle, 1 settled." in texts(app)
    assert own("Ana") == own("Ben")
    (agreement,) = (one.value for one in app.dataframe if "kappa" in one.value)
    assert agreement[["n", "n_agree"]].to_numpy().tolist() == [[1, 0]]  # as both judged at first


def test_problems_of_a_file_have_titles_of_their_own(table):
    first, second, third = table.head(3).itertuples()
    rows = [
        (first.user_id, first.item_id, "bad", ""),
        ("nobody", second.item_id, "hard", ""),
        (third.user_id, third.item_id, "hard", "guess"),
    ]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "label", "origin"])
    app = open_page(la_tab="Import and export")
    app.file_uploader[0].upload("some.csv", frame.to_csv(index=False).encode(), "text/csv").run()
    assert [one.label.split(":")[0] for one in app.expander] == [
        "1 row. Unknown label",
        "1 row. User is not in the dataset",
        "1 row. Unknown origin",
    ]
    assert "1 of 3 rows can be imported." in texts(app)


def test_labels_that_the_run_alone_knows_can_be_imported(table, workspace):
    given = table.head(3)[["user_id", "item_id"]].assign(label=["noisy", "hard", "clean"])
    path = store.load_run(workspace, "run-1").folder / "labels.parquet"
    given.assign(origin=["random", "bulk", "card"]).to_parquet(path)
    record(table.head(1), "Ben", ["clean"])
    app = open_page(la_tab="Import and export")
    assert says(app, "This run was given 2 labels that nobody has given in this workspace")
    app.toggle(key="la_given").set_value(True).run()
    assert "2 of 3 rows can be imported." in texts(app)
    press(app, "Import 2 labels")
    pairs = [(str(one.user_id), str(one.item_id)) for one in given.itertuples()]
    assert own("Ana") == {pairs[1]: "hard", pairs[2]: "clean"}
    with database.cursor() as cursor:
        found = snapshot.standing(cursor, DATASET).set_index(["user_id", "item_id"])["origin"]
    assert (found[pairs[1]], found[pairs[2]]) == ("bulk", "card")
    assert not says(app, "This run was given")
