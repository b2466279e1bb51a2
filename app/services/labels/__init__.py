"""Labels of people about pairs: an append-only log of events in the workspace database."""
