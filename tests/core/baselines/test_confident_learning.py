import sys

import numpy as np
import pytest

from core.baselines.confident_learning import label_issues, label_quality
from core.errors import ConfigError

OBSERVED = np.array([0.9, 0.8, 0.9, 0.1, 0.6], np.float32)
STRANGERS = np.array([0.1, 0.2, 0.3, 0.2], np.float32)


def need_cleanlab():
    pytest.importorskip("cleanlab", reason="cleanlab is missing: requirements-bench.txt")


def test_an_issue_is_a_pair_that_looks_more_like_a_stranger_than_strangers_do():
    """Threshold of strangers: mean of 0.9, 0.8, 0.7, 0.8 = 0.8. Only 1 - 0.1 = 0.9 reaches it."""
    need_cleanlab()
    found = label_issues(OBSERVED, STRANGERS, "confident_learning")
    assert found.tolist() == [False, False, False, True, False]


def test_the_default_rule_finds_it_too_and_no_stranger_is_returned():
    need_cleanlab()
    assert np.flatnonzero(label_issues(OBSERVED, STRANGERS)).tolist() == [3]


def test_quality_is_the_confidence_in_the_given_label():
    need_cleanlab()
    assert label_quality(OBSERVED, STRANGERS).tolist() == pytest.approx(OBSERVED.tolist())
    assert label_quality(np.array([0.0, 1.0], np.float32), STRANGERS).tolist() == pytest.approx(
        [0.001, 0.999]
    )


def test_without_the_library_the_error_says_how_to_get_it(monkeypatch):
    for name in ("cleanlab", "cleanlab.filter"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=r"requirements-bench\.txt"):
        label_issues(OBSERVED, STRANGERS)
