"""The app dies and comes back while a window is open: what was decided is there, once and whole."""

from __future__ import annotations

import os
import re
import signal
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from app.services import database
from app.services.labels import current
from benchmarks.browser import serve
from tests.browser.label_desk import Desk
from tests.browser.screen import TIMEOUT_S, Screen
from tests.label_run import DATASET, write_label_run


class Mortal:
    """An app that can be killed, and started anew at the same address."""

    def __init__(self, workspace):
        self.workspace, self.port, self.app, self._stack = workspace, None, None, ExitStack()

    def start(self):
        self.app = self._stack.enter_context(serve(self.workspace, self.port))
        self.port = urlsplit(self.app.url).port
        return self

    def kill(self):
        """As a crash does: nothing is put in order."""
        os.kill(self.app.pid, signal.SIGKILL)
        self._stack.close()

    def stop(self):
        self._stack.close()

    def labels(self, who):
        """What the database says, while no app has it."""
        with database.connect(self.workspace) as connection:
            database.prepare(connection)
            found = current.own(connection.cursor(), DATASET, who)
        pairs = zip(found["user_id"], found["item_id"], strict=True)
        return {
            f'["{u}", "{i}"]': label for (u, i), label in zip(pairs, found["label"], strict=True)
        }


@pytest.fixture
def mortal(browser, tmp_path):  # noqa: ARG001 - skipped without a browser
    workspace = tmp_path / "workspace"
    write_label_run(workspace, n_users=110)
    app = Mortal(workspace).start()
    yield app
    app.stop()


@pytest.fixture
def window(mortal, browser, tmp_path):
    """A window that says of errors in its scripts; that the app is gone is no such error."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    context.set_default_timeout(1000 * TIMEOUT_S)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield (
        lambda who, **query: Desk(Screen(page, mortal.app.url, tmp_path), who).open(**query).ready()
    )
    context.close()
    assert not errors


def test_a_window_outlives_a_crash_with_all_that_was_labelled(mortal, window):
    uma = window("Uma")
    pressed = [uma.key(key) for key in "123"]
    uma.saved()
    mortal.kill()
    assert mortal.labels("Uma") == dict(pressed)
    pressed += [uma.key(key) for key in "2132"]  # nobody is there to take them
    assert uma.queue.get_attribute("data-waiting") == "4"
    mortal.start()
    uma.screen.until(lambda: uma.page.evaluate("!llmhniOutbox.waiting.length"))
    uma.ready()
    pressed += [uma.key(key) for key in "31"]
    uma.saved()
    assert len(dict(pressed)) == 9  # as many pairs
    assert uma.labels() == dict(pressed)
    mortal.kill()
    assert mortal.labels("Uma") == dict(pressed)


def test_a_crash_in_the_middle_of_a_bulk_leaves_all_of_it_or_nothing(mortal, window):
    van = window("Van", la_verdict="clean")
    kept = van.key("4")
    van.saved()
    van.screen.switch("la_tab", "Bulk")
    van.screen.switch("la_bulk_label", "● clean")
    van.screen.press(re.compile("Label 5,279 interactions"))
    van.page.get_by_role("dialog").get_by_role("button", name=re.compile("Yes, label")).click()
    mortal.kill()  # whatever it has come to by now
    found = mortal.labels("Van")
    assert found.pop(kept[0]) == "unsure"  # what was saved before is there
    assert list(found.values()) in ([], ["clean"] * 5279)
    mortal.start()
    van.page.reload()  # the question of the dialog may still stand there, unanswered
    again = van.sign().labels()
    again.pop(kept[0])
    assert again == found
