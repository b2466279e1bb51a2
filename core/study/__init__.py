"""The study: methods x datasets x noise x seeds, and what may be said of the outcome."""
