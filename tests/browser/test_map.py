"""Semantic map: what is outlined or clicked is what arrives, with either renderer."""

from __future__ import annotations

import re

import pandas as pd
import pytest

LEFT_HALF = [(0.03, 0.03), (0.5, 0.03), (0.5, 0.97), (0.03, 0.97)]

AN_ITEM = {
    # Where plotly draws the last item: hardly anything lies above it. Items follow the 60 users.
    "Plotly": """drag => {
      const plot = drag.closest('.js-plotly-plot'), { xaxis, yaxis } = plot._fullLayout;
      for (const { x, y, customdata } of plot._fullData.toReversed()) {
        const i = (customdata ?? []).findLastIndex((id) => Number([id].flat()[0]) >= 60);
        if (i >= 0) return [xaxis.d2p(x[i]), yaxis.d2p(y[i])];
      }
    }""",
    # Move over the canvas until it tells of an item.
    "WebGL": """canvas => {
      const { left, top, width, height } = canvas.getBoundingClientRect();
      const tip = canvas.parentElement.querySelector('.tip');
      for (let y = 5; y < height; y += 4) for (let x = 5; x < width; x += 4) {
        const at = { clientX: left + x, clientY: top + y };
        canvas.dispatchEvent(new PointerEvent('pointermove', at));
        if (!tip.hidden && tip.innerText.includes('item')) return [x, y];
      }
    }""",
}
"""Place of an item on the map, in pixels."""


def area(screen, draw, tool="lasso"):
    """Open the aligned map with a renderer and take a tool; the element to draw on."""
    screen.open("semantic_map", sm_view="Aligned", sm_draw=draw)
    if draw == "Plotly":
        return screen.plot("chart_sm_plot", tool)
    ready = screen.page.locator(".map[data-painted]")
    ready.wait_for()
    assert ready.get_attribute("data-painter") == ("webgl" if draw == "WebGL" else "raster")
    return screen.page.locator(".map canvas.over")


def expected(server, points: pd.DataFrame) -> set[int]:
    """Interactions of these users and items."""
    table = server.table("interactions")
    users = set(points.loc[points["kind"] == "user", "id"])
    items = set(points.loc[points["kind"] == "item", "id"])
    found = table[table["user_id"].isin(users) | table["item_id"].isin(items)]
    return set(found["row"])


@pytest.mark.parametrize("draw", ["Plotly", "WebGL", "Pixels"])
def test_a_lasso_sends_its_interactions_to_the_list(screen, server, draw):
    screen.lasso(area(screen, draw), LEFT_HALF)
    screen.until(lambda: "sm_area" in screen.query)
    said = screen.says(" points outlined")
    number = int(re.match(r"[\d,]+", said)[0])
    assert 0 < number < 108
    points = pd.read_csv(screen.download("sm_selected.csv"))
    assert len(points) == number
    nodes = server.table("projection")
    inside = nodes.merge(points[["kind", "id"]].astype(str), on=["kind", "id"])
    outside = nodes.merge(inside, how="left", indicator=True).query("_merge == 'left_only'")
    assert inside["x_aligned"].max() <= outside["x_aligned"].min()  # the left half, no other
    rows = expected(server, points)
    screen.says(f"{len(rows)} interactions of these points")

    screen.press("Review these interactions")
    screen.title("Flagged interactions")
    (name,) = screen.query["list"]
    kept = server.kept(name)
    assert kept == rows
    assert screen.says(" of 540 interactions").startswith(f"{len(rows)} of 540")


def test_the_outline_stays_after_a_reload(screen):
    screen.lasso(area(screen, "WebGL"), LEFT_HALF)
    said = screen.says(" points outlined")
    screen.page.reload()
    screen.title("Semantic map")
    screen.shows(lambda: screen.says(" points outlined"), said)


@pytest.mark.parametrize("draw", ["Plotly", "WebGL"])
def test_hover_tells_and_a_click_chooses_the_same_point(screen, server, draw):
    element = area(screen, draw, "pan")
    box = element.bounding_box()
    x, y = element.evaluate(AN_ITEM[draw])
    screen.page.mouse.move(box["x"] + x - 3, box["y"] + y)
    screen.page.mouse.move(box["x"] + x, box["y"] + y, steps=3)
    tip = screen.page.locator(".hoverlayer .hovertext" if draw == "Plotly" else ".map .tip").first
    tip.wait_for()
    told = tip.text_content()
    assert "<b>b</b><img" in told  # letter by letter
    screen.page.mouse.click(box["x"] + x, box["y"] + y)
    screen.until(lambda: "sm_pick" in screen.query)
    card = screen.page.locator(".st-key-sm_card")
    card.wait_for()
    screen.idle()
    number = int(screen.query["sm_pick"][0][1:])
    nodes = server.table("projection")
    picked = nodes.iloc[number]
    assert picked["kind"] == "item"
    screen.until(lambda: str(picked["title"])[:60] in card.inner_text())
    assert str(picked["title"])[:30] in told
