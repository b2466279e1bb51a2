"""Plotly figures, a module per page: values in, figure out."""
