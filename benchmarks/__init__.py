"""Measurements: how well the method works."""
