"""Labels look the same everywhere, and a name can be trusted to be a name."""

from __future__ import annotations

import pytest

from app.services.labels.schema import OBSERVED, UNOBSERVED, UNSURE
from app.ui import analyst, theme
from app.ui.label import ahead, counts, labels


def test_every_label_has_a_sign_a_colour_and_a_meaning():
    entries = labels.entries()
    assert set(entries) == {*OBSERVED, *UNOBSERVED, UNSURE}
    assert len({one["sign"] for one in entries.values()}) == len(entries)
    assert len({one["color"] for one in entries.values()}) == len(entries)
    assert all(one["help"] for one in entries.values())


def test_verdicts_look_as_on_every_page():
    for verdict, color in theme.VERDICT_COLORS.items():
        assert labels.entries()[verdict]["color"] == color
        assert labels.signed(verdict) == f"{theme.VERDICT_SIGNS[verdict]} {verdict}"


@pytest.mark.parametrize("nothing", [None, "", float("nan")])
def test_no_label_is_a_dash(nothing):
    assert labels.signed(nothing) == "–"


def test_a_share_has_interval_and_size_or_says_what_it_needs():
    assert counts.share(8, 10, 0.4901, 0.9433) == "0.80 (0.49–0.94), n = 10"
    assert counts.share(0, 0, float("nan"), float("nan")) == "needs the random order"


@pytest.mark.parametrize("name", ["Ana", "Ana B.", "安", "x" * 40])
def test_names(name):
    assert analyst.valid(name)


@pytest.mark.parametrize("name", ["", " ", " Ana", "x" * 41, "a\nb", "a\x00", "\u202ea", None, 7])
def test_no_names(name):
    assert not analyst.valid(name)


def test_an_item_says_what_is_known_and_a_dash_for_the_rest():
    facts = {
        "observed": True,
        "user_id": "u1",
        "item_id": "i1",
        "row": 7,
        "title": "",
        "p_noisy": float("nan"),
        "verdict": "hard",
        "explanation": "hard: kept.",
        "loss": 2.0,
        "score": float("nan"),
        "semantic": -0.5,
        "user_grade": 2,
        "item_grade": 1,
        "user_reason": "Likes it",
        "item_reason": "",
        "near": [(0.5, "Alien"), (float("nan"), "")],
        "n_history": 1200,
        "profile": "",
        "text": "A film.",
    }
    item = ahead.item(facts, {"loss": [1.0, 2.0, 3.0], "logical": [0.0, 1.0, 2.0]})
    assert item["title"] == "i1"
    assert (item["p"], item["p_noisy"]) == (None, "–")
    assert item["explanation"] == "kept."
    shown = {one["title"]: (one["text"], one["below"]) for one in item["signals"]}
    assert shown["Loss"] == ("2.00", 0.5)
    assert shown["Grades"] == ("1.5", pytest.approx(2 / 3))
    assert shown["Model score"] == ("–", None)
    assert shown["Semantic"] == ("-0.50", None)
    assert item["near"] == [{"cosine": "0.50", "title": "Alien"}, {"cosine": "–", "title": "–"}]
    assert item["n_history"] == "1,200 other items"
    assert (item["profile"], item["text"]) == ("", "A film.")
    assert [view["reason"] for view in item["views"]] == ["Likes it", "No reason given."]


def test_an_addition_shows_no_verdict_and_only_what_it_has():
    facts = dict.fromkeys(("p_noisy", "loss", "semantic", "score"), float("nan")) | {
        "observed": False,
        "user_id": "u1",
        "item_id": "i1",
        "row": None,
        "title": "Alien",
        "verdict": "hidden like",
        "explanation": "",
        "user_grade": 2,
        "item_grade": 2,
        "user_reason": "",
        "item_reason": "",
        "near": [],
        "n_history": 3,
        "profile": "",
        "text": "A film.",
    }
    item = ahead.item(facts, {})
    assert (item["verdict"], item["standing"], item["row"]) == ("", "Model: hidden like", None)
    assert [one["title"] for one in item["signals"]] == ["Semantic", "Grades"]
