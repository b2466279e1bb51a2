from __future__ import annotations

import pandas as pd

from app.ui.figures import datasets as figures


def test_degrees_are_summed_up_by_powers_of_two():
    degrees = pd.DataFrame({"degree": [1, 2, 3, 8], "n": [5, 2, 1, 1]})
    names, owners, interactions = figures.bins(degrees)
    assert names == ["1", "2–3", "4–7", "8–15"]
    assert owners.tolist() == [5, 3, 0, 1]
    assert interactions.tolist() == [5, 7, 0, 8]


def test_bars_are_shares_of_owners_and_of_interactions():
    degrees = pd.DataFrame({"degree": [1, 3], "n": [3, 1]})
    owners, interactions = figures.long_tail(degrees, "users").data
    assert list(owners.y) == [0.75, 0.25]
    assert list(interactions.y) == [0.5, 0.5]
    assert owners.marker.pattern.shape != interactions.marker.pattern.shape


def test_an_empty_dataset_has_no_bars():
    assert figures.bins(pd.DataFrame({"degree": [], "n": []}))[0] == []
