from __future__ import annotations

import numpy as np
import pytest

from sample_data.catalogue import read_catalogue

HEADER = "item_id,title,year,director,genres,keywords,description,niche\n"


def test_shipped_catalogue_has_twenty_films_in_each_of_24_niches():
    catalogue = read_catalogue()
    assert len(catalogue) == 480
    assert np.bincount(catalogue.niche).tolist() == [20] * 24


def test_cells_become_membership_columns_in_sorted_order(tmp_path):
    path = tmp_path / "catalogue.csv"
    path.write_text(
        HEADER
        + "a,A,1999,X|Y,Drama|War,night|sea,text,west\n"
        + "b,B,1984,Y,Drama,sea,text,east\n",
        encoding="utf-8",
    )
    catalogue = read_catalogue(path)
    assert catalogue.niches == ("east", "west")
    assert catalogue.niche.tolist() == [1, 0]
    assert catalogue.decade.tolist() == [1, 0]
    assert catalogue.genres == ("drama", "war")
    assert catalogue.genre.tolist() == [[True, True], [True, False]]
    assert catalogue.keyword.tolist() == [[True, True], [False, True]]
    assert catalogue.director.tolist() == [[True, True], [False, True]]


def test_a_film_listed_twice_is_an_error(tmp_path):
    path = tmp_path / "catalogue.csv"
    path.write_text(HEADER + "a,A,1999,X,Drama,sea,text,west\n" * 2, encoding="utf-8")
    with pytest.raises(ValueError, match="twice"):
        read_catalogue(path)
