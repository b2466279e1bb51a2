from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.services import environment
from core.errors import ConfigError, DataError
from core.study.data import Places, prepare_group
from core.study.names import NATURAL
from core.study.settings import Group
from tests.study_world import NAME, tiny_places

SAMPLE = Places(environment.ROOT / "sample_data")


def group(data: str = NAME, noise: str = "uniform", rate: float = 0.2, seed: int = 0) -> Group:
    return Group("methods", data, noise, rate, seed)


def test_known_noise_is_taken_out_hard_ones_stay_and_noise_is_planted_at_its_rate(tmp_path):
    places, n_noise, n_hard = tiny_places(tmp_path)
    clean = prepare_group(group(noise="none", rate=0.0), places)
    noisy = prepare_group(group(rate=0.25), places)
    assert not clean.noise.any()
    assert clean.truth.is_planted_hard.sum() == noisy.truth.is_planted_hard.sum() == n_hard
    n_clean = len(clean.dataset.train)
    assert noisy.noise.sum() == round(n_clean / 3)
    assert noisy.kinds == ("uniform",)
    assert n_noise > 0


def test_the_oracle_is_trained_on_what_was_there_before_planting(tmp_path):
    places, *_ = tiny_places(tmp_path)
    clean = prepare_group(group(noise="none", rate=0.0), places).dataset
    noisy = prepare_group(group(), places)
    assert noisy.clean.train.key().tolist() == clean.train.key().tolist()
    assert noisy.clean.fingerprint == clean.fingerprint != noisy.dataset.fingerprint


def test_tuning_has_no_test_interaction_to_read(tmp_path):
    noisy = prepare_group(group(), tiny_places(tmp_path)[0])
    assert len(noisy.dataset.test) > 0
    assert len(noisy.without_test.test) == 0
    assert noisy.without_test.train is noisy.dataset.train


def test_nothing_held_out_is_planted_and_seeds_plant_differently(tmp_path):
    places, *_ = tiny_places(tmp_path)
    first, second = (prepare_group(group(seed=seed), places) for seed in (0, 1))
    planted = first.dataset.train.select(first.noise).key()
    held_out = [first.dataset.valid.key(), first.dataset.test.key()]
    assert not np.isin(planted, np.concatenate(held_out)).any()
    assert planted.tolist() != second.dataset.train.select(second.noise).key().tolist()
    again = prepare_group(group(), places)
    assert again.dataset.fingerprint == first.dataset.fingerprint


def test_the_sample_keeps_its_hard_kinds_and_every_kind_of_noise_is_told_apart():
    found = prepare_group(group("sample", "mixed"), SAMPLE)
    assert found.truth.of_kind("minority").sum() == 1412
    assert found.truth.of_kind("tail").sum() == 766
    assert found.kinds == ("uniform", "position", "co-click", "lookalike")
    assert found.has_text


def test_what_is_not_there_is_told_with_what_to_do(tmp_path):
    with pytest.raises(DataError, match="--real-data"):
        prepare_group(group("ml-latest-small"), SAMPLE)
    with pytest.raises(DataError, match="Prepare it"):
        prepare_group(group("mine"), Places(Path(), None, tmp_path))
    with pytest.raises(ConfigError, match="Natural"):
        prepare_group(group("sample", NATURAL), SAMPLE)


@pytest.fixture
def movielens(tmp_path: Path) -> Places:
    """Forty users who rate thirty films from 1 to 5."""
    folder = tmp_path / "ml-latest-small"
    folder.mkdir()
    rng = np.random.default_rng(0)
    lines = [
        f"{user},{item},{rng.integers(1, 6)},{1000 + item}"
        for user in range(1, 41)
        for item in range(1, 31)
    ]
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + "\n".join(lines))
    films = [f"{item},Film {item} (1999),Drama" for item in range(1, 31)]
    (folder / "movies.csv").write_text("movieId,title,genres\n" + "\n".join(films))
    return Places(tmp_path / "no-sample", tmp_path)


def test_natural_noise_is_low_ratings_and_held_out_are_liked_ones(movielens):
    found = prepare_group(group("ml-latest-small", NATURAL, 0.16), movielens)
    rating = {}
    lines = (movielens.folder("ml-latest-small") / "ratings.csv").read_text().splitlines()
    for line in lines[1:]:
        user, item, value, _ = line.split(",")
        rating[user, item] = float(value)
    data = found.dataset

    def values(part) -> list[float]:
        pairs = zip(part.user, part.item, strict=True)
        return [rating[data.users.id[user], data.items.id[item]] for user, item in pairs]

    assert min(values(data.test)) >= 4
    assert min(values(data.valid)) >= 4
    assert [value < 3 for value in values(data.train)] == found.noise.tolist()
    assert found.kinds == ()


def test_movielens_keeps_ratings_from_four_and_never_plants_one_that_was_rated_low(movielens):
    # Everybody rated everything: there is no pair left to plant.
    with pytest.raises(DataError):
        prepare_group(group("ml-latest-small"), movielens)
    clean = prepare_group(group("ml-latest-small", "none", 0.0), movielens)
    assert not clean.noise.any()
