from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from app.ui.figures import ego, graph_diff, moves
from app.ui.theme import EDGE_COLORS, EDGE_DASHES, VERDICT_SYMBOLS

INK = "#31333F"


def edges(n, **columns):
    table = {
        "far": range(n),
        "far_id": [f"i{place}" for place in range(n)],
        "title": [f"Film {place}" for place in range(n)],
        "decision": "kept",
        "weight": 1.0,
        "verdict": "clean",
        "p_noisy": 0.25,
        "reason": "not touched",
        "row": range(n),
    }
    return pd.DataFrame({**table, **columns})


CHANGED = edges(
    4,
    decision=["kept", "added", "dropped", "weakened"],
    verdict=["clean", "never observed", "noisy", "hard"],
    p_noisy=[0.1, np.nan, 0.9, 0.4],
    title=["Alien", "<b>Bambi</b>", None, "Dune"],
)
ANN = ego.Centre("user", "ann", "ann")


def by_name(figure):
    return {trace.name: trace for trace in figure.data if trace.name}


def test_flows_lead_from_verdicts_to_decisions():
    counts = pd.DataFrame(
        {
            "verdict": ["clean", "noisy", "noisy", "never observed"],
            "decision": ["kept", "kept", "dropped", "added"],
            "n": [5, 1, 2, 1500],
        }
    )
    (sankey,) = graph_diff.flows(counts, INK).data
    labels = [*sankey.node.label]
    assert [label.split(" ", 1)[1] for label in labels] == [
        *("clean 5", "noisy 3", "never observed 1,500"),
        *("kept 6", "dropped 2", "added 1,500"),
    ]
    links = zip(sankey.link.source, sankey.link.target, sankey.link.value, strict=True)
    assert {(labels[a][2:7], labels[b][2:6], n) for a, b, n in links} == {
        *{("clean", "kept", 5), ("noisy", "kept", 1), ("noisy", "drop", 2), ("never", "adde", 1500)}
    }


def test_degrees_tell_both_graphs_apart_by_dash():
    shares = pd.DataFrame(
        {
            "kind": ["user", "user", "item"],
            "graph": ["original", "refined", "refined"],
            "degree": [2.0, 1.5, 9.0],
            "share": [1.0, 0.5, 1.0],
        }
    )
    figure = graph_diff.degrees(shares, "user", INK)
    assert [(trace.name, trace.line.dash, [*trace.x]) for trace in figure.data] == [
        ("original", "dash", [2.0]),
        ("refined", "solid", [1.5]),
    ]
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", "log")


def test_edges_have_colour_and_dash_and_nodes_their_verdicts_symbol():
    traces = by_name(ego.ego(ANN, CHANGED, INK))
    for decision in ("kept", "added", "dropped", "weakened"):
        line = traces[f"{decision} 1"].line
        assert (line.color, line.dash) == (EDGE_COLORS[decision], EDGE_DASHES[decision])
    for verdict in ("clean", "hard", "noisy"):
        assert traces[f"{verdict} 1"].marker.symbol == VERDICT_SYMBOLS[verdict]
    assert traces["never observed 1"].marker.symbol == "square"


def test_a_click_tells_which_node_is_meant():
    figure = ego.ego(ANN, CHANGED, INK)
    nodes = [tuple(pair) for trace in figure.data for pair in (trace.customdata or ())]
    assert set(nodes) == {("user", "ann"), *(("item", f"i{place}") for place in range(4))}
    users = ego.ego(ego.Centre("item", "i0", "Alien"), CHANGED, INK)
    assert {pair[0] for pair in by_name(users)["clean 1"].customdata} == {"user"}


def test_text_of_the_data_is_shown_letter_by_letter():
    node = by_name(ego.ego(ANN, CHANGED, INK))["never observed 1"]
    assert [*node.text] == ["&lt;b&gt;Bambi&lt;/b&gt;"]
    assert "&lt;b&gt;Bambi" in node.hovertext[0]
    assert "P(noisy) –" in node.hovertext[0]
    assert [*by_name(ego.ego(ANN, CHANGED, INK))["noisy 1"].text] == ["i2"]  # no title


@pytest.mark.parametrize("n", [0, 1, 2, 3, 80, 81, 200])
def test_names_stand_apart_and_only_as_many_as_fit(n):
    figure = ego.ego(ANN, edges(n), INK)
    nodes = by_name(figure).get(f"clean {n}")
    if n == 0:
        assert nodes is None
        return
    assert nodes.mode == ("markers+text" if n <= ego.MOST_LABELS else "markers")
    places = pd.DataFrame({"x": np.asarray(nodes.x) > 0, "y": nodes.y}).sort_values("y")
    rows = figure.layout.height / 2.4  # pixels per unit of height, about
    for _, side in places.groupby("x"):
        if n <= ego.MOST_LABELS and len(side) > 1:
            assert side["y"].diff().min() * rows > 10
    assert np.abs(nodes.y).max() < 1


def test_the_second_step_has_its_own_nodes_and_faint_edges():
    second = pd.DataFrame(
        {
            "number": [7, 7, 8],
            "id": ["<i>bob</i>", "<i>bob</i>", "cid"],
            "near": [0, 1, 3],
            "decision": ["kept", "dropped", "added"],
        }
    )
    figure = ego.ego(ANN, CHANGED, INK, second)
    nodes = by_name(figure)["two steps away 2"]
    assert sorted(map(tuple, nodes.customdata)) == [("user", "<i>bob</i>"), ("user", "cid")]
    assert any("&lt;i&gt;bob" in text and "2 shown" in text for text in nodes.hovertext)
    faint = [trace for trace in figure.data if trace.mode == "lines" and trace.opacity == 0.45]
    assert len(faint) == 3


def test_moves_join_places_and_tell_what_became_of_them():
    top = pd.DataFrame(
        {
            "item_id": ["i0", "i1", "i2", "i3"],
            "title": ["<b>A</b>", "B", "C", "D"],
            "before": [2, 40, 1, 3],
            "after": [1, 2, 17, 3],
            "edge_added": [False, False, False, True],
            "hit": [True, False, False, False],
        }
    )
    figure = moves.moves(top, 3, INK)
    lines = [(trace.name, [*trace.y]) for trace in figure.data if trace.mode == "lines"]
    assert lines == [
        ("stays", [2.0, 1.0]),
        ("comes in", [4.4, 2.0]),
        ("falls out", [1.0, 4.4]),
        ("edge added for this user", [3.0, 3.0]),
    ]
    texts = [text for trace in figure.data if trace.text for text in trace.text]
    assert "&lt;b&gt;A&lt;/b&gt;  <b>2</b>" in texts
    assert "<b>17</b>  C" in texts
    stars = [trace for trace in figure.data if trace.marker.symbol == "star"]
    assert [len(trace.x) for trace in stars] == [1, 1]
