"""Settings: providers, defaults, limits, thresholds, storage, look."""
