"""Films made while everything is struck: processes killed and frozen, the provider faulty, the database away, the disk
full, the clock wrong. Then it is counted what was lost and what was paid twice.

    python -m bench.chaos --kills 100 --seed 1 --database sqlite|postgres [--workers 3] [--json]

Everything is the real thing: ``worker``, the served app and ``film`` processes, a provider in a process of its own that
charges what it accepts and keeps a journal on disk, a Postgres that is stopped and started. What is done when is drawn
from ``--seed``; what it hits is chance, as it is in life. docs/durability.md says what is promised and what was found.
"""
