"""Frozen values that travel between the steps of the walk."""
