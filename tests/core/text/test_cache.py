import numpy as np
import pytest

from core.errors import Cancelled
from core.text import cache
from core.text.cache import cached_encode


class CountingEncoder:
    def __init__(self, name="counting/1"):
        self.name, self.asked = name, []

    def encode(self, texts):
        self.asked += texts
        rows = [[len(text), len(set(text)), 1.0] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(-1, 3)


def test_rows_come_back_in_the_order_of_the_texts_and_repeats_are_encoded_once(tmp_path):
    encoder = CountingEncoder()
    vectors = cached_encode(encoder, ["bb", "a", "cccc", "a"], tmp_path)
    assert vectors.tolist() == [[2, 1, 1], [1, 1, 1], [4, 1, 1], [1, 1, 1]]
    assert encoder.asked == ["cccc", "bb", "a"]


def test_the_second_call_encodes_nothing(tmp_path):
    first = cached_encode(CountingEncoder(), ["a", "bb"], tmp_path)
    again = CountingEncoder()
    assert np.array_equal(cached_encode(again, ["a", "bb"], tmp_path), first)
    assert again.asked == []


def test_only_what_is_new_is_encoded(tmp_path):
    cached_encode(CountingEncoder(), ["a", "bb"], tmp_path)
    again = CountingEncoder()
    cached_encode(again, ["bb", "ccc", "a"], tmp_path)
    assert again.asked == ["ccc"]


def test_another_encoder_does_not_see_these_vectors(tmp_path):
    cached_encode(CountingEncoder(), ["a"], tmp_path)
    other = CountingEncoder("counting/2")
    cached_encode(other, ["a"], tmp_path)
    assert other.asked == ["a"]


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "pickle", "nan"])
def test_a_broken_file_is_rebuilt(tmp_path, damage):
    first = cached_encode(CountingEncoder(), ["a", "bb"], tmp_path)
    (path,) = tmp_path.rglob("*.npz")
    data = path.read_bytes()
    if damage == "pickle":
        np.savez(path, key=np.array(["x", None], dtype=object), vector=np.zeros((2, 3)))
    elif damage == "nan":
        with np.load(path) as archive:
            np.savez(path, key=archive["key"], vector=archive["vector"] * np.nan)
    else:
        path.write_bytes(
            {"cut": data[: len(data) // 2], "garbage": b"x" * 99, "empty": b""}[damage]
        )
    again = CountingEncoder()
    assert np.array_equal(cached_encode(again, ["a", "bb"], tmp_path), first)
    assert sorted(again.asked) == ["a", "bb"]
    third = CountingEncoder()
    cached_encode(third, ["a", "bb"], tmp_path)
    assert third.asked == []


def test_a_cancelled_run_keeps_the_finished_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "TEXTS_PER_FILE", 2)
    texts, seen = ["aaaa", "bbb", "cc", "d"], []

    def stop_after_the_first(progress):
        seen.append(progress.fraction)
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        cached_encode(CountingEncoder(), texts, tmp_path, stop_after_the_first)
    again = CountingEncoder()
    cached_encode(again, texts, tmp_path)
    assert seen == [0.5]
    assert again.asked == ["cc", "d"]
    assert not list(tmp_path.rglob("*.part"))


def test_no_texts_give_no_rows(tmp_path):
    assert cached_encode(CountingEncoder(), [], tmp_path).shape == (0, 3)
