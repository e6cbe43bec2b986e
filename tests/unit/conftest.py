"""What the tests of adapters share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.scripted import Scripted


@pytest.fixture
def server() -> Iterator[Scripted]:
    """A service on loopback that answers what it is told to."""
    with Scripted() as server:
        yield server
