"""Interactions to sparse graphs."""
