"""How databases find the pages of long lists: in an index, in its order, whatever its length. No time is taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bench.scale.reads import READS
from bench.scale.seeding import Extent, Ids, seed
from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.db.models import new_id
from tests.conftest import make_settings
from tests.fakes.postgres import create_database
from tests.fakes.statements import statements

# Not those of a project, of corrected takes and of states: these begin at the few rows that fit, and sort them.
LONG = tuple(
    name
    for name in READS
    if name.partition(":")[0] in ("assessments", "films", "ledger", "calls")
    and not name.endswith((": of a project", ": overridden"))
)
_IS_PAGE = re.compile(r"ORDER BY .* LIMIT \S+( OFFSET \S+)?\s*$", re.DOTALL)
_TABLES = "assessments|clip_runs|final_renders|provider_calls|perception_calls"
# Rows as old as each other are sorted among themselves; that is no sort of the table.
_SLOW = {
    "sqlite": re.compile(rf"USE TEMP B-TREE FOR ORDER BY|SCAN ({_TABLES})(?!.* INDEX)"),
    "postgresql": re.compile(rf"-> +Sort|Seq Scan on ({_TABLES})"),
}


@pytest.fixture(scope="module", params=_SLOW)
def seeded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Ids]]:
    """A little of everything. Postgres is told to sort and to read whole tables only where it must, as it does of
    itself where they are long."""
    url = ""
    if request.param == "postgresql":
        url = create_database(request.getfixturevalue("postgres_url"), f"plans_{new_id().replace('-', '')}")
    app = bootstrap.build(make_settings(tmp_path_factory.mktemp("plans"), database_url=url), is_durable=False)
    yield app, seed(app.database, Extent(projects=6, clips=4, takes=2, singles=8), now=datetime.now(UTC))
    app.stop()


@pytest.mark.parametrize("name", LONG)
def test_a_page_of_a_long_list_is_found_in_an_index_in_its_order(seeded: tuple[App, Ids], name: str) -> None:
    app, ids = seeded
    with statements(app) as said:
        READS[name](app.views, ids)
    pages = [(text, values) for text, values in said if _IS_PAGE.search(text)]
    assert pages
    for text, values in pages:
        plan = "\n".join(_explain(app, text, values))
        assert not _SLOW[app.database.engine.dialect.name].search(plan), f"{text}\n{plan}"


def _explain(app: App, text: str, values: object) -> list[str]:
    how = "EXPLAIN QUERY PLAN" if app.database.is_sqlite else "EXPLAIN (COSTS OFF)"
    with app.database.engine.connect() as connection:
        if not app.database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_sort = off")
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        cursor = connection.connection.cursor()
        return [str(row[-1]) for row in cursor.execute(f"{how} {text}", values).fetchall()]
