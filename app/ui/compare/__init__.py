"""The page that lays runs side by side, a module per view."""
