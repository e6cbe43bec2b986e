from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine

from orchestrator.db.address import read_address
from orchestrator.db.models import new_id
from tests.supabase.world import World, secured_database


def unique(name: str) -> str:
    return f"{name}_{new_id().replace('-', '')}"


@pytest.fixture(scope="module")
def secured_url(postgres_url: str) -> str:
    """A migrated database that stands for a Supabase project's."""
    return secured_database(postgres_url, unique("secured"))


@pytest.fixture(scope="module")
def world(secured_url: str) -> Iterator[World]:
    engine = create_engine(read_address(secured_url))
    yield World(engine)
    engine.dispose()
