"""Speed beside others: ``python -m benchmarks.speed``."""
