"""Semantic and logical relevance of user-item pairs."""
