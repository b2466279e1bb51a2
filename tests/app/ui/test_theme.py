"""Colours stay apart for every eye, and wherever they are used."""

from __future__ import annotations

import tomllib
from itertools import combinations

import numpy as np
import pytest

from app.services import environment
from app.ui import theme
from core.types import VERDICTS

# Machado et al. 2009, severity 1.0: linear RGB as seen with each colour deficiency.
SEEN_WITH = {
    "normal sight": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.072175],
        [0.0193339, 0.119192, 0.9503041],
    ]
)


def linear(color):
    channel = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    x, y, z = np.cbrt(TO_XYZ @ np.clip(rgb, 0, 1) / [0.95047, 1.0, 1.08883])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one, other):
    lighter, darker = sorted((TO_XYZ[1] @ linear(color) for color in (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("sight", SEEN_WITH)
def test_verdict_colors_stay_apart(sight):
    seen = [lab(SEEN_WITH[sight] @ linear(color)) for color in theme.VERDICT_COLORS.values()]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 25


@pytest.mark.parametrize("background", ["#FFFFFF", "#14171B"])
def test_verdict_colors_are_visible_on_both_backgrounds(background):
    # WCAG 2.2, 1.4.11: parts of a chart need a contrast of 3 to 1.
    for color in theme.VERDICT_COLORS.values():
        assert contrast(color, background) >= 3


def test_the_theme_has_the_same_colors():
    text = (environment.ROOT / ".streamlit" / "config.toml").read_text()
    configured = tomllib.loads(text)["theme"]
    colors = [theme.VERDICT_COLORS[verdict] for verdict in VERDICTS]
    assert configured["light"]["chartCategoricalColors"] == colors
    assert configured["dark"]["chartCategoricalColors"] == colors


@pytest.mark.parametrize("background", ["#FFFFFF", "#14171B"])
def test_changed_edges_are_visible_on_both_backgrounds(background):
    for decision in ("dropped", "added"):
        assert contrast(theme.EDGE_COLORS[decision], background) >= 3


def test_a_faint_colour_is_the_same_hue_with_an_opacity():
    assert theme.faint("#0A10FF", 0.35) == "rgba(10,16,255,0.35)"
