"""Tools that make runs: set-up, refreshing the notebooks, serving the site."""
