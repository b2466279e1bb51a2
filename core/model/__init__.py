"""Backbones, losses and negative samplers."""
