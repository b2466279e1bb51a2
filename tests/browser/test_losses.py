"""Loss distributions: threshold in the address; an outline of the data map becomes a list."""

from __future__ import annotations

import re

import pytest

BOXES = {
    "select": [(0.02, 0.02), (0.45, 0.98)],
    "lasso": [(0.02, 0.02), (0.45, 0.02), (0.45, 0.98), (0.02, 0.98)],
}


def test_the_threshold_is_part_of_the_address(screen, server):
    screen.open("losses", ls_view="Threshold")
    slider = screen.page.locator(".st-key-ls_share input[type=range]")
    slider.focus()
    for _ in range(4):
        screen.page.keyboard.press("ArrowLeft")
    screen.until(lambda: "ls_share" in screen.query)
    screen.idle()
    share = float(screen.query["ls_share"][0])
    losses = server.table("interactions")["loss"]
    dropped = int((losses > losses.quantile(1 - share / 100)).sum())
    screen.page.reload()
    screen.title("Loss distributions")
    shown = screen.page.get_by_test_id("stMetric").filter(has_text="Dropped").first
    metric = shown.get_by_test_id("stMetricValue")
    near = pytest.approx(dropped, abs=2)
    screen.shows(lambda: int(metric.inner_text().replace(",", "")), near)
    assert float(slider.input_value()) == pytest.approx(share)


@pytest.mark.parametrize("tool", list(BOXES))
def test_an_outline_of_the_data_map_becomes_the_review_list(screen, server, tool):
    screen.open("losses", ls_view="Data map")
    area = screen.plot("chart_ls_map", tool)
    left, right = area.evaluate(
        """drag => {
          const { xaxis } = drag.closest('.js-plotly-plot')._fullLayout;
          return [0.02, 0.45].map((share) => xaxis.p2d(share * xaxis._length));
        }"""
    )
    screen.lasso(area, BOXES[tool], closed=tool == "lasso")
    said = screen.says(" selected:")
    number = int(re.match(r"[\d,]+", said)[0].replace(",", ""))
    table = server.table("interactions")
    inside = table["loss_variability"].between(left, right)
    assert number == pytest.approx(int(inside.sum()), abs=6)  # a pixel at the edges

    screen.press("Review them")
    screen.title("Flagged interactions")
    (name,) = screen.query["list"]
    kept = server.kept(name)
    assert len(kept) == number
    found = table.set_index("row").loc[list(kept), "loss_variability"]
    assert found.min() >= left - 0.01
    assert found.max() <= right + 0.01
    assert screen.says(" of 540 interactions").startswith(f"{number} of 540")
