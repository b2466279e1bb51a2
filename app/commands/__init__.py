"""What each command of ``python -m app.cli`` does; every one returns its answer as plain values."""
