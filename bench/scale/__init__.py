"""How long every read takes in a workspace of 50,000 takes: ``python -m bench.scale``."""
