"""Paging by key: a page is found in an index by the row before it, however many rows lie before that."""

from __future__ import annotations

import base64
import json
import math
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, func, literal, select, tuple_
from sqlalchemy.orm import Session

from orchestrator.errors import BadInput

COUNTED_AT_MOST = 1_000  # where counting all would read them all


class Order(NamedTuple):
    """What a list is sorted by: ``key`` is a time or a number, never null; ``id`` decides between equals. ``name``
    tells cursors of different lists apart."""

    name: str
    key: Any
    id: Any
    is_down: bool = True


class Cursor(NamedTuple):
    """The row that a page lies beyond, or ``is_back`` before."""

    key: datetime | float
    id: str
    is_back: bool = False


class Page(NamedTuple):
    """Rows in the order of the list, and the cursors of what lies on both sides of them."""

    rows: list[tuple[Any, ...]]
    next: str = ""
    previous: str = ""


def write_cursor(name: str, cursor: Cursor) -> str:
    """The cursor as text of a list of that name. Pure."""
    key = cursor.key.isoformat() if isinstance(cursor.key, datetime) else cursor.key
    told = json.dumps([name, key, cursor.id, int(cursor.is_back)], separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def read_cursor(name: str, text: str) -> Cursor:
    """What ``write_cursor`` wrote. Pure. Raises ``BadInput`` for anything else, also of another list."""
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        list_name, key, row_id, is_back = found
        key = datetime.fromisoformat(key) if isinstance(key, str) else float(key)
        if list_name != name or is_back not in (0, 1):
            raise ValueError(list_name)
        if key.tzinfo is None if isinstance(key, datetime) else not math.isfinite(key):
            raise ValueError(key)
        return Cursor(key, row_id if uuid.UUID(row_id) else "", bool(is_back))
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        raise BadInput(
            "That is not a page of this list.", hint="Leave out after, or give next or previous of a page as it was."
        ) from None


def fetch_page(session: Session, query: Select[Any], order: Order, *, limit: int, after: str = "") -> Page:
    """``limit`` rows of ``query`` from ``after`` on. Raises ``BadInput`` for a cursor that is none of this list."""
    return fetch_merged(session, [(query, order)], limit=limit, after=after)


def fetch_merged(session: Session, lists: Sequence[tuple[Select[Any], Order]], *, limit: int, after: str = "") -> Page:
    """The same of several lists sorted alike, as one."""
    name, is_list_down = lists[0][1].name, lists[0][1].is_down
    cursor = read_cursor(name, after) if after else None
    is_back = cursor is not None and cursor.is_back
    is_down = is_list_down is not is_back
    rows = [
        tuple(row)
        for query, order in lists
        for row in session.execute(_beyond(query, order, cursor, is_down=is_down).limit(limit + 1))
    ]
    rows.sort(key=lambda row: row[-2:], reverse=is_down)
    has_more, rows = len(rows) > limit, rows[:limit]
    if is_back:
        rows.reverse()

    def beyond(row: tuple[Any, ...], *, is_back: bool) -> str:
        return write_cursor(name, Cursor(row[-2], row[-1], is_back))

    return Page(
        [row[:-2] for row in rows],
        next=beyond(rows[-1], is_back=False) if rows and (has_more or is_back) else "",
        previous=beyond(rows[0], is_back=True) if rows and (has_more if is_back else after) else "",
    )


def _beyond(query: Select[Any], order: Order, cursor: Cursor | None, *, is_down: bool) -> Select[Any]:
    """Sorted, with what it is sorted by as the last two columns."""
    if cursor is not None:
        here = tuple_(order.key, order.id)
        there = tuple_(literal(cursor.key, order.key.type), literal(cursor.id, order.id.type))
        query = query.where(here < there if is_down else here > there)
    keys = (order.key.desc(), order.id.desc()) if is_down else (order.key.asc(), order.id.asc())
    return query.add_columns(order.key, order.id).order_by(*keys)


def count_up_to(session: Session, query: Select[Any], *, most: int = COUNTED_AT_MOST) -> tuple[int, bool]:
    """(rows of ``query``, whether that is all of them); no more than ``most`` are counted."""
    found = session.scalar(select(func.count()).select_from(query.limit(most + 1).subquery())) or 0
    return min(found, most), found <= most
