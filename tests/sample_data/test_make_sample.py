from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import sample_data
from sample_data.config import SampleConfig
from sample_data.exposure import Clicks
from sample_data.make_sample import (
    HARD_KINDS,
    TEST,
    TRAIN,
    VALID,
    draw_split,
    main,
    simulate,
    tail_items,
    write_sample,
)
from sample_data.plant import NOISE_KINDS
from sample_data.users import MINORITY

FOLDER = Path(sample_data.__file__).parent


def rows_of(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def interactions() -> dict[tuple[str, str], dict[str, str]]:
    return {(row["user_id"], row["item_id"]): row for row in rows_of("interactions.csv")}


@pytest.fixture(scope="module")
def truth() -> dict[tuple[str, str], str]:
    return {(row["user_id"], row["item_id"]): row["kind"] for row in rows_of("truth.csv")}


@pytest.mark.parametrize("name", ["interactions.csv", "truth.csv"])
def test_kept_files_are_what_the_generator_writes(sample, tmp_path, name):
    write_sample(sample, tmp_path)
    assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()


def test_command_writes_the_same_bytes_for_the_same_seed_and_others_for_another(tmp_path):
    for folder, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        main(["--seed", seed, "--out", str(tmp_path / folder)])
    for name in ("interactions.csv", "truth.csv"):
        first, again, other = (tmp_path / folder / name for folder in "abc")
        assert first.read_bytes() == again.read_bytes()
        assert first.read_bytes() != other.read_bytes()


def test_columns_and_values_are_as_described(interactions):
    assert len(interactions) == len(rows_of("interactions.csv"))  # no pair twice
    row = next(iter(interactions.values()))
    assert list(row) == ["user_id", "item_id", "timestamp", "position", "split"]
    assert {row["split"] for row in interactions.values()} == {"train", "valid", "test"}
    assert {int(row["position"]) for row in interactions.values()} == set(range(1, 21))
    known = {row["item_id"] for row in rows_of("catalogue.csv")}
    assert {item for _, item in interactions} <= known
    assert len({user for user, _ in interactions}) == 600
    assert 18_000 <= len(interactions) <= 25_000


def test_truth_is_about_train_only_and_names_six_kinds(interactions, truth):
    assert {interactions[pair]["split"] for pair in truth} == {"train"}
    count = Counter(truth.values())
    assert set(count) == {*NOISE_KINDS, *HARD_KINDS}
    assert min(count.values()) > 400


def test_every_user_has_a_minority_interaction_in_train(truth):
    users = {user for (user, _), kind in truth.items() if kind == "minority"}
    assert len(users) == 600


def test_genuine_interactions_are_split_three_to_one_to_one(interactions, truth):
    genuine = Counter(
        row["split"] for pair, row in interactions.items() if truth.get(pair) not in NOISE_KINDS
    )
    total = sum(genuine.values())
    assert genuine["valid"] == genuine["test"]
    assert 0.18 < genuine["valid"] / total <= 0.20


def test_tail_rows_are_genuine_interactions_with_the_rarest_fifth(interactions, truth):
    count = Counter(
        item
        for (user, item), row in interactions.items()
        if row["split"] == "train" and truth.get((user, item)) not in NOISE_KINDS
    )
    films = {item for (_, item), kind in truth.items() if kind == "tail"}
    assert len(films) <= 96
    limit = max(count[item] for item in films)
    assert sum(count[row["item_id"]] < limit for row in rows_of("catalogue.csv")) < 96


def test_split_of_twenty_is_twelve_four_four_and_keeps_a_minority_row_in_train():
    user = np.repeat(np.arange(50), 20)
    mood = np.where(np.arange(1000) % 20 == 0, MINORITY, 0)
    zeros = np.zeros(1000, dtype=np.int64)
    split = draw_split(Clicks(user, zeros, zeros, zeros, mood), np.random.default_rng(0))
    for number in range(50):
        assert np.bincount(split[user == number]).tolist() == [12, 4, 4]
    assert (split[mood == MINORITY] == TRAIN).all()
    assert {VALID, TEST} <= set(split.tolist())


def test_tail_is_the_fifth_with_the_lowest_counts():
    train = np.zeros((4, 10), dtype=np.bool_)
    for item in range(10):
        train[: min(item, 4), item] = True  # counts 0, 1, 2, 3, 4, 4, ...
    assert np.flatnonzero(tail_items(train)).tolist() == [0, 1]


def test_more_users_can_be_simulated():
    config = SampleConfig(seed=4)
    config = config.model_copy(update={"users": config.users.model_copy(update={"n_users": 50})})
    assert len(np.unique(simulate(config).clicks.user)) == 50


def test_generator_loads_no_model_library_and_nothing_of_the_method():
    code = (
        "import sys, sample_data.make_sample\n"
        "roots = {name.split('.')[0] for name in sys.modules}\n"
        "print(sorted(roots & {'torch', 'sklearn', 'scipy', 'sentence_transformers', 'pandas'}))\n"
        "print(sorted(name for name in sys.modules if name.startswith('core')))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=FOLDER.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    settings = ["config", "judge_settings", "method_names", "method_options", "method_settings"]
    known = [f"core.{name}" for name in [*settings, "settings", "train_settings", "types"]]
    assert run.stdout.splitlines() == ["[]", str(["core", *known])]
