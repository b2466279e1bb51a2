"""Two or more runs side by side; the first is the reference."""
