"""Files to datasets."""
