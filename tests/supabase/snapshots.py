"""The rights of all people on all tables, and all that grants them, as text that is kept under version control.

``python -m tests.supabase.snapshots`` writes both anew; what differs is then seen where changes are looked at.
"""

from __future__ import annotations

import uuid
from pathlib import Path

import psycopg
from sqlalchemy import create_engine

from orchestrator.db.address import read_address
from tests.fakes.postgres import running_postgres
from tests.supabase.catalog import security
from tests.supabase.world import PEOPLE, TABLES, World, secured_database

SECURITY = Path(__file__).parent / "security.txt"
DOCUMENT = Path(__file__).parents[2] / "docs" / "supabase.md"
_BEGIN, _END = "<!-- matrix: python -m tests.supabase.snapshots -->\n", "<!-- end of matrix -->"


def matrix(world: World) -> str:
    """A table in Markdown, one line a table of the database."""
    head = f"| table | {' | '.join(PEOPLE)} |\n|---|{'---|' * len(PEOPLE)}\n"
    lines = (
        f"| `{name}` | {' | '.join(f'`{world.rights(person, table)}`' for person in PEOPLE)} |\n"
        for name, table in sorted(TABLES.items())
    )
    return head + "".join(lines)


def kept_matrix() -> str:
    return DOCUMENT.read_text(encoding="utf-8").split(_BEGIN)[1].split(_END)[0]


def as_text(lines: set[str]) -> str:
    return "".join(f"{line}\n" for line in sorted(lines))


def main() -> None:
    with running_postgres() as server:
        url = secured_database(server, f"snapshot_{uuid.uuid4().hex}")
        with psycopg.connect(url) as connection:
            SECURITY.write_text(as_text(security(connection)), encoding="utf-8")
        engine = create_engine(read_address(url))
        found = matrix(World(engine))
        engine.dispose()
    before, rest = DOCUMENT.read_text(encoding="utf-8").split(_BEGIN)
    DOCUMENT.write_text(f"{before}{_BEGIN}{found}{_END}{rest.split(_END)[1]}", encoding="utf-8")
    print(found)


if __name__ == "__main__":
    main()
