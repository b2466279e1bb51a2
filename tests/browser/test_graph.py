"""Graph diff: a click on a node puts it in the middle."""

from __future__ import annotations

import numpy as np

from app.services.graph_diff import KEPT_FROM
from tests.browser.screen import TABLE

FIRST_NEIGHBOUR = """plot => {
  const trace = plot._fullData.find((one) => one.customdata?.[0]?.[0] === 'item');
  const { xaxis, yaxis, _size } = plot._fullLayout;
  const [x, y] = [_size.l + xaxis.d2p(trace.x[0]), _size.t + yaxis.d2p(trace.y[0])];
  return { x, y, id: trace.customdata[0][1] };
}"""


def test_a_click_on_a_node_puts_it_in_the_middle(screen, server):
    screen.open("graph_diff", gd_user="u03")
    screen.says("User in the middle")
    plot = screen.page.locator("[class*='st-key-gd_ego'] .js-plotly-plot").first
    plot.scroll_into_view_if_needed()
    node, box = plot.evaluate(FIRST_NEIGHBOUR), plot.bounding_box()
    screen.page.mouse.click(box["x"] + node["x"], box["y"] + node["y"])
    screen.says("Item in the middle")
    screen.shows(lambda: screen.query.get("gd_item"), [node["id"]])
    assert "gd_user" not in screen.query
    edges = server.table("edges")
    number = server.table("interactions").query("item_id == @node['id']")["item"].iloc[0]
    own = edges[edges["item"] == number]
    before = int((own["origin"] != "added").sum())
    screen.until(lambda: f"Edges before\n{before}\n" in screen.text().replace("\n\n", "\n"))


def test_an_edge_of_the_table_leads_to_its_interaction(screen, server):
    screen.open("graph_diff", gd_view="Changed edges", gd_edge="− dropped")
    screen.choose_row(0, row=35)
    screen.press("Open among the flagged")
    screen.title("Flagged interactions")
    screen.until(lambda: "fl_row" in screen.query)
    row = int(screen.query["fl_row"][0])
    own = server.table("interactions").set_index("row").loc[row]
    screen.says(f"User {own['user_id']}")


def test_the_review_list_of_edges_is_those_edges(screen, server):
    screen.open("graph_diff", gd_view="Changed edges")
    edges = server.table("edges")
    seen = server.table("interactions").merge(edges, on=["user", "item"])
    weakened = seen["weight"] < np.float32(KEPT_FROM)  # hardly any soft weight is just 1
    changed = seen[(seen["origin"] != "kept") | weakened]
    screen.press("Review these")
    screen.title("Flagged interactions")
    assert screen.page.locator(TABLE).first.is_visible()
    assert screen.says(" of 540 interactions").startswith(f"{len(changed)} of 540")
