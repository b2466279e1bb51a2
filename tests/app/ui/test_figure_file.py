"""A saved figure says what it is, whatever its names are."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from app.ui import figure_file


def test_title_and_source_are_in_the_file_and_are_read_as_text():
    hostile = "<script>alert(1)</script>"
    text = figure_file.write(
        go.Figure(go.Bar(x=["a"], y=[1])), {"displaylogo": False}, "Loss curves", f"Run {hostile}"
    )
    head, body = text.split("</head>")
    shown = "Run &lt;script&gt;alert(1)&lt;/script&gt;"
    assert f"<title>Loss curves · {shown}</title>" in head
    assert f"<h1>Loss curves</h1>\n<p>{shown}</p>" in body
    assert hostile not in text
    assert text.count("<html") == 1
    assert "Plotly.newPlot" in body
    assert " src=" not in body.split("Plotly.newPlot")[-1]  # nothing is loaded


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("run-1-losses-loss-histogram", "Losses loss histogram"),
        ("verdict-shares", "Verdict shares"),
        ("price_of_a_cut", "Price of a cut"),
        ("", ""),
    ],
)
def test_the_title_comes_from_the_file_name_without_the_run(name, title):
    assert figure_file.title_of(name, "run-1") == title
