"""From raw tables to a dataset, step by step, and every way in which data can be too bad."""

import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.config import PrepareConfig
from core.data.prepare import prepare
from core.data.sources import load_raw
from core.errors import DataError


def grid(n_users=6, n_items=10, extra=""):
    """Every user with every item; rating 1..5 by user + item; time grows with the item."""
    lines = [
        f"u{user},i{item},{1 + (user + item) % 5},{1_500_000_000 + item}"
        for user in range(n_users)
        for item in range(n_items)
    ]
    return "user_id,item_id,rating,timestamp\n" + "\n".join(lines) + "\n" + extra


def pairs(dataset, part):
    chosen = getattr(dataset, part)
    names = zip(chosen.user, chosen.item, strict=True)
    return {(dataset.users.id[user], dataset.items.id[item]) for user, item in names}


def left_out(report):
    return {entry.reason: entry.n_rows for entry in report.left_out}


def test_numbers_follow_the_sorted_ids_and_parts_are_disjoint(read):
    prepared = prepare(read(grid()), PrepareConfig())
    data = prepared.dataset
    assert data.users.id == tuple(f"u{n}" for n in range(6))
    assert data.items.id == tuple(f"i{n}" for n in range(10))
    parts = [pairs(data, part) for part in ("train", "valid", "test")]
    assert [len(part) for part in parts] == [36, 12, 12]  # 3:1:1 of each user's ten
    assert len(set.union(*parts)) == 60
    assert np.bincount(data.train.user).tolist() == [6] * 6
    assert (np.diff(data.train.key()) > 0).all()
    assert data.train.user.dtype == np.int64


def test_the_same_seed_gives_the_same_dataset_whatever_the_order_of_the_file(read):
    first = prepare(read(grid()), PrepareConfig(seed=3)).dataset
    header, *lines = grid().strip().split("\n")
    turned = "\n".join([header, *reversed(lines)]) + "\n"
    again = prepare(read(turned), PrepareConfig(seed=3)).dataset
    other = prepare(read(grid()), PrepareConfig(seed=4)).dataset
    assert again.fingerprint == first.fingerprint
    assert pairs(other, "test") != pairs(first, "test")


def test_a_threshold_leaves_out_low_and_missing_ratings_and_counts_them(read):
    raw = read(grid(extra="u0,i0x,,1500000000\nu0,i1x,nan,1500000000\n"))
    prepared = prepare(raw, PrepareConfig(min_rating=3))
    counts = left_out(prepared.report)
    assert (counts["rating below 3"], counts["no rating"]) == (24, 2)
    assert prepared.report.n_raw_rows == 62
    assert (prepared.display["rating"] >= 3).all()


def test_label_zero_is_left_out(read):
    rows = [f"u{u},i{i},{int(i != 0)}" for u in range(4) for i in range(6)]
    raw = read("user,item,label\n" + "\n".join([*rows, "u0,i7,maybe"]) + "\n")
    prepared = prepare(raw, PrepareConfig())
    assert left_out(prepared.report) == {"label 0": 4, "label neither 0 nor 1": 1}
    assert "i0" not in prepared.dataset.items.id


def test_one_row_of_repeated_pairs_stays(read):
    extra = "u0,i0,1,1400000000\nu0,i0,1,1600000000\nu0,i0,1,\n"
    prepared = prepare(read(grid(extra=extra)), PrepareConfig())
    assert left_out(prepared.report) == {"repeated pair": 3}


def test_rows_without_ids_are_left_out(read):
    prepared = prepare(read(grid(extra=",i1,3,\nu1,,3,\n")), PrepareConfig())
    assert left_out(prepared.report) == {"no user or item id": 2}


def test_a_split_by_time_holds_out_the_latest(read):
    times = "user,item,ts\n" + "".join(
        f"u{user},i{(item + user) % 10},{1_500_000_000 + item}\n"
        for user in range(10)
        for item in range(10)
    )
    dataset = prepare(read(times), PrepareConfig(split="time")).dataset
    for user in range(10):
        latest = {f"i{(item + user) % 10}" for item in (8, 9)}
        assert {i for u, i in pairs(dataset, "test") if u == f"u{user}"} == latest


def test_rows_without_a_time_count_as_the_oldest(read):
    times = "user,item,ts\n" + "".join(
        f"u{user},i{(item + user) % 5},{'' if item == 4 else 1_500_000_000 + item}\n"
        for user in range(5)
        for item in range(5)
    )
    train = pairs(prepare(read(times), PrepareConfig(split="time")).dataset, "train")
    assert {(f"u{user}", f"i{(4 + user) % 5}") for user in range(5)} <= train


def given(*rows):
    return "user,item,split\n" + "\n".join(rows) + "\n"


SMALL = ("a,1,train", "a,2,Training", "b,1,train", "b,2,train", "a,3,val", "b,3,test", "c,3,train")


def test_a_given_split_is_kept(read):
    data = prepare(read(given(*SMALL)), PrepareConfig(split="given")).dataset
    assert pairs(data, "train") == {("a", "1"), ("a", "2"), ("b", "1"), ("b", "2"), ("c", "3")}
    assert pairs(data, "valid") == {("a", "3")}
    assert pairs(data, "test") == {("b", "3")}


def test_held_out_rows_of_items_and_users_without_train_are_left_out_and_counted(read):
    raw = read(given(*SMALL, "a,cold,test", "new,1,test"))
    prepared = prepare(raw, PrepareConfig(split="given"))
    assert list(left_out(prepared.report).values()) == [2]
    assert prepared.dataset.items.id == ("1", "2", "3")
    assert prepared.dataset.users.id == ("a", "b", "c")


def test_a_given_split_without_validation_takes_a_quarter_of_train(read):
    rows = [
        f"u{u},i{i},{'test' if i == (u + 1) % 6 else 'train'}" for u in range(6) for i in range(6)
    ]
    data = prepare(read(given(*rows)), PrepareConfig(split="given")).dataset
    assert (len(data.train), len(data.valid), len(data.test)) == (24, 6, 6)
    assert pairs(data, "test") == {(f"u{u}", f"i{(u + 1) % 6}") for u in range(6)}


def test_the_core_leaves_out_rare_users_and_items(read):
    prepared = prepare(read(grid(extra="lone,i0,5,\nu0,rare,5,\n")), PrepareConfig(core=3))
    assert left_out(prepared.report) == {"user or item outside the 3-core": 2}
    assert "lone" not in prepared.dataset.users.id


def test_texts_and_attributes_follow_the_numbers(read):
    items = "item,title,description,genres,niche\ni1,One,first,x | y|x,n1\n"
    prepared = prepare(read(grid(), items), PrepareConfig())
    known = prepared.dataset.items
    assert known.title[:2] == ("", "One")
    assert known.text[1] == "first"
    assert known.attributes["genres"][:2] == ((), ("x", "y"))
    assert known.group[1] == "n1"
    assert prepared.report.n_items_without_text == 9


def test_a_user_with_one_interaction_is_in_train_only(read):
    data = prepare(read(grid(extra="lone,i0,5,\n")), PrepareConfig()).dataset
    assert ("lone", "i0") in pairs(data, "train")
    number = data.users.id.index("lone")
    assert number not in data.valid.user
    assert number not in data.test.user


def test_a_million_repeated_rows_take_seconds(tmp_path):
    lines = np.array(grid().strip().split("\n")[1:])
    columns = [line.split(",") for line in lines]
    chosen = np.arange(1_000_000) % len(lines)
    table = pa.table(
        {
            "user_id": pa.array([c[0] for c in columns]).take(pa.array(chosen)),
            "item_id": pa.array([c[1] for c in columns]).take(pa.array(chosen)),
        }
    )
    pq.write_table(table, tmp_path / "big.parquet")
    start = time.perf_counter()
    prepared = prepare(load_raw(tmp_path / "big.parquet"), PrepareConfig())
    assert time.perf_counter() - start < 10
    assert left_out(prepared.report) == {"repeated pair": 999_940}
    assert len(prepared.dataset.train) == 36


@pytest.mark.parametrize(
    ("text", "config", "message"),
    [
        ("user,item\n,\n", {}, "No interactions are left"),
        ("user,item\na,1\na,2\na,3\na,4\na,5\n", {}, "empty|at least 2"),
        ("user,item\na,1\nb,1\nc,1\n", {}, "at least 2"),
        ("user,item\na,1\nb,2\nc,1\n", {}, "validation part is empty"),
        ("user,item,rating\na,1,nan\nb,2,inf\n", {"min_rating": 3}, "2 rows: no rating"),
        ("user,item,rating\na,1,1\nb,2,2\n", {"min_rating": 3}, "2 rows: rating below 3"),
        ("user,item,label\na,1,0\nb,2,0\n", {}, "2 rows: label 0"),
        ("user,item\na,1\nb,2\n", {"core": 5}, "outside the 5-core.*Lower the core"),
        ("user,item\na,1\nb,2\n", {"min_rating": 3}, "need a rating column"),
        ("user,item\na,1\nb,2\n", {"split": "time"}, "need a timestamp column"),
        ("user,item\na,1\nb,2\n", {"split": "given"}, "need a split column"),
        ("user,item,ts\na,1,x\nb,2,y\n", {"split": "time"}, "No timestamp can be read"),
        ("user,item,split\na,1,fold\nb,2,\n", {"split": "given"}, "2 rows have a split other"),
        ("user,item,split\na,1,train\nb,2,train\n", {"split": "given"}, "has no test rows"),
    ],
)
def test_data_that_is_too_bad_is_refused_with_advice(read, text, config, message):
    raw = read(text)
    with pytest.raises(DataError, match=message):
        prepare(raw, PrepareConfig(**config))


def test_ratings_that_are_nan_do_no_harm_without_a_threshold(read):
    raw = read(grid().replace(",3,", ",nan,").replace(",4,", ",inf,"))
    prepared = prepare(raw, PrepareConfig())
    assert len(prepared.dataset.train) == 36
    assert np.isnan(prepared.display["rating"]).any()
    assert not np.isinf(prepared.display["rating"]).any()


def test_no_text_at_all_gives_empty_texts(read):
    items = prepare(read(grid()), PrepareConfig()).dataset.items
    assert items.title == items.text == ("",) * 10
    assert items.attributes == {}
    assert items.group == ()


def test_planting_adds_noise_to_train_alone(read):
    header, *lines = grid(12, 31).strip().split("\n")
    raw = read("\n".join([header, *lines[::2]]) + "\n")  # every user has seen half of the items
    clean = prepare(raw, PrepareConfig())
    noised = prepare(raw, PrepareConfig(plant="uniform", plant_rate=0.1))
    data, truth = noised.dataset, noised.truth
    assert pairs(data, "valid") == pairs(clean.dataset, "valid")
    assert pairs(data, "test") == pairs(clean.dataset, "test")
    planted = {
        (data.users.id[u], data.items.id[i]) for u, i in zip(truth.user, truth.item, strict=True)
    }
    assert pairs(data, "train") - pairs(clean.dataset, "train") == planted
    assert noised.report.n_planted == len(truth) == round(len(clean.dataset.train) / 9)
    assert data.fingerprint != clean.dataset.fingerprint
    for value in noised.display.values():
        assert value.shape == (len(data.train),)
        assert not np.isnan(value).any()  # planted rows do not stand out by a gap


def test_pairs_that_were_disliked_are_never_planted(read):
    # Each user dislikes half of the items and has seen all but four.
    lines = [
        f"u{u},i{i},{5 if (u + i) % 2 else 1}"
        for u in range(8)
        for i in range(20)
        if (u + i) % 20 not in (1, 3, 6, 8)
    ]
    raw = read("user,item,rating\n" + "\n".join(lines) + "\n")
    config = PrepareConfig(min_rating=3, plant="uniform", plant_rate=0.3)
    prepared = prepare(raw, config)
    seen = {tuple(line.split(",")[:2]) for line in lines}
    data, truth = prepared.dataset, prepared.truth
    assert len(truth) == 14  # beside 4 genuine ones of 8 users: three tenths of 46
    for user, item in zip(truth.user, truth.item, strict=True):
        assert (data.users.id[user], data.items.id[item]) not in seen
