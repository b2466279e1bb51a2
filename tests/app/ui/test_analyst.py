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


def signed_in(monkeypatch, **user):
    monkeypatch.setattr(analyst, "_user", lambda: user)


@pytest.mark.parametrize(
    ("user", "name"),
    [
        (
            {"is_logged_in": True, "email": "ana@firm.test", "sub": "17", "name": "Eve"},
            "ana@firm.test",
        ),
        ({"is_logged_in": True, "email": None, "sub": " 17 "}, "17"),
        ({"is_logged_in": True, "name": "Eve"}, None),  # a name that anybody may choose is none
        ({"is_logged_in": False, "email": "ana@firm.test"}, None),
    ],
)
def test_with_a_login_who_labels_is_whom_it_names(monkeypatch, user, name):
    signed_in(monkeypatch, **user)
    sent(monkeypatch, "Eve")  # what a browser remembers counts for nothing
    assert analyst.login_configured()
    assert analyst.who() == name
    assert [analyst.may_sign(one) for one in ("ana@firm.test", "17", "Eve")] == [
        name == "ana@firm.test",
        name == "17",
        False,
    ]


def test_without_a_login_names_are_taken_at_their_word(monkeypatch):
    signed_in(monkeypatch)
    assert not analyst.login_configured()
    assert analyst.may_sign("Eve")
    assert not analyst.may_sign(" ")
