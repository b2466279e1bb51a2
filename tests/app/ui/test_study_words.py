"""What is written beside the figures of the page Study."""

from __future__ import annotations

import pandas as pd
import pytest

from app.ui.study import by_rate, words


def means(*rows):
    return pd.DataFrame(rows, columns=["noise", "rate", "variant", "n"])


def test_places_with_fewer_seeds_name_their_methods():
    found = means(
        ("none", 0.0, "bpr", 4),
        ("uniform", 0.2, "bpr", 5),
        ("uniform", 0.2, "llmhni", 4),
        ("uniform", 0.4, "bpr", 5),
        ("uniform", 0.4, "llmhni", 5),
    )
    assert by_rate.seeds(found, ["llmhni", "bpr"]).split("\n") == [
        "Fewer than 5 seeds:",
        "no noise: n = 4 of BPR (plain); no row of LLMHNI",
        "uniform noise 20%: n = 4 of LLMHNI",
    ]


def test_nothing_is_said_where_all_have_the_same_seeds():
    found = means(("none", 0.0, "bpr", 5), ("uniform", 0.2, "bpr", 5))
    assert by_rate.seeds(found, ["bpr"]) == ""


def test_a_place_where_all_methods_have_fewer_seeds_names_none():
    found = means(("none", 0.0, "bpr", 4), ("uniform", 0.2, "bpr", 5))
    assert by_rate.seeds(found, ["bpr"]).endswith("no noise: n = 4 of all methods")


@pytest.mark.parametrize(
    ("places", "lines", "dots"),
    [
        ([("uniform", 0.2)], [], ["uniform"]),
        ([("none", 0.0)], [], ["none"]),
        ([("none", 0.0), ("uniform", 0.2)], ["uniform"], []),
        ([("uniform", 0.2), ("uniform", 0.4), ("natural", 0.16)], ["uniform"], ["natural"]),
    ],
)
def test_only_kinds_with_several_shares_are_lines(places, lines, dots):
    assert by_rate.kinds(means(*((*place, "bpr", 5) for place in places))) == (lines, dots)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "defaults"),
        ('{"method_options.weight":0.01,"train.fresh":8}', "weight 0.01, train.fresh 8"),
        ("", ""),
        ("[1", "[1"),
    ],
)
def test_options_read_as_words(text, said):
    assert words.options(text) == said


def test_versions_read_as_words_whatever_stands_there():
    assert words.versions('{"python":"3.11.7","numpy":"2.4.6"}') == "python 3.11.7, numpy 2.4.6"
    assert words.versions("unknown") == "unknown"
