"""Single Gen: the composer, the clip looked at, variations, the history."""
