"""Measurement against known truth; nothing else may import it."""
