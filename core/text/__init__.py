"""Datasets to texts and text embeddings."""
