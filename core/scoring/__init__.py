"""Signals per interaction to p_noisy and verdicts."""
