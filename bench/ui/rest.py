"""The app's own REST interface, asked from outside."""

from __future__ import annotations

import json
import urllib.request
from typing import Any


def ask(address: str, path: str, body: object = None, *, method: str = "") -> Any:
    """The answer's JSON; ``address`` is ``http://host:port``, ``path`` what follows ``/api/v1``. A ``body`` is sent
    there. Raises ``OSError`` (``urllib.error.HTTPError``) where it is refused or nobody answers."""
    request = urllib.request.Request(
        f"{address}/api/v1{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method=method or ("GET" if body is None else "POST"),
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)
