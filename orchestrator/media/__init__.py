"""Files and numbers: probing, measuring, grabbing frames, rendering. Knows nothing of projects or providers."""
