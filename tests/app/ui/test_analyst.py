from __future__ import annotations

import pytest

from app.ui import analyst


def sent(monkeypatch, value):
    monkeypatch.setattr(analyst, "_cookies", lambda: {analyst.COOKIE: value})


def test_the_browser_remembers_who_labels(monkeypatch):
    sent(monkeypatch, "Ana%20%C3%96")
    assert analyst._remembered() == "Ana Ö"


@pytest.mark.parametrize("value", ["", "%0A", "x" * 41, "%20Ana"])
def test_a_cookie_that_is_no_name_is_nobody(monkeypatch, value):
    sent(monkeypatch, value)
    assert analyst._remembered() is None


def test_the_page_reads_no_name_from_a_browser_without_one(monkeypatch):
    monkeypatch.setattr(analyst, "_cookies", dict)
    assert analyst._remembered() is None
