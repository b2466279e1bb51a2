"""The table of pages, and the part of a change of page that the server does."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.services import environment
from app.ui import navigation
from benchmarks.browser import PAGES
from tests.review_run import write_review_run

MAIN = environment.ROOT / "app" / "main.py"


def test_every_file_of_a_page_is_in_the_navigation_under_its_own_address():
    entries = [one for section in navigation.SECTIONS.values() for one in section]
    files = {path.stem for path in (environment.ROOT / "pages").glob("[!_]*.py")}
    assert {one.name for one in entries} == files
    assert {navigation.address(one.name): one.title for one in entries}.items() >= PAGES.items()


def test_the_first_page_has_no_name_in_its_address():
    assert navigation.address("../pages/overview.py") == ""
    assert navigation.address("../pages/flagged.py") == "flagged"


def test_the_browser_and_the_server_mean_the_same_mark():
    code = Path(navigation.__file__).with_name("history.js").read_text(encoding="utf-8")
    assert f'MARK = "{navigation.MOVE}"' in code
    assert "</script" not in code


@pytest.fixture
def card(workspace):
    write_review_run(workspace)
    app = AppTest.from_file(MAIN, default_timeout=60).run()
    app.switch_page("../pages/flagged.py").run()
    return app


def said(app, name):
    """The value of a name in the address; AppTest gives a text or a list of one."""
    value = app.query_params[name]
    return value if isinstance(value, str) else value[-1]


def test_a_button_opens_a_page_with_run_and_target_and_without_the_mark(card):
    run = card.session_state["run"]
    user = next(text.value for text in card.text if text.value.startswith("User "))
    next(button for button in card.button if button.label == "Neighbourhood").click().run()
    assert not card.exception
    assert card.title[0].value == "Graph diff"
    assert said(card, "run") == run
    assert said(card, "gd_user") == user.split()[1]
    assert navigation.MOVE not in card.query_params


def test_a_stray_mark_in_an_address_does_nothing(workspace):
    write_review_run(workspace)
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.query_params[navigation.MOVE] = "flagged"
    app.run()
    assert not app.exception
    assert app.title[0].value == "Overview"
    assert navigation.MOVE not in app.query_params
