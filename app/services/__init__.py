"""What the app can do, without drawing: workspace, runs and jobs."""
