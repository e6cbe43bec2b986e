"""Reading and comparing stills on this machine's CPU, in one warm child process."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.errors import PerceptionFailed
from orchestrator.perception.base import Frame, ReadText
from orchestrator.perception.child import WarmChild
from orchestrator.perception.networks import LIKENESS, TEXT_FINDER, TEXT_READER, explain_absent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class LocalEyes:
    """The ``Likeness`` of this machine, and with ``reader`` its ``Reader``.

    The child starts with the first still (about half a second, 230 MB) and stays; stills are seen one after the other.
    ``timeout_seconds`` bounds one call.
    """

    def __init__(self, *, cpu_threads: int = 1, timeout_seconds: float = 60.0) -> None:
        self._child = WarmChild(
            "orchestrator.perception.eyes_child",
            *("--cpu-threads", str(cpu_threads)),
            name="Looking on this machine",
            timeout_seconds=timeout_seconds,
        )
        self.reader = LocalReader(self._child)

    @property
    def missing(self) -> str:
        return explain_absent(LIKENESS)

    @property
    def child_pid(self) -> int | None:
        """Process id of the warm child, None before the first still."""
        return self._child.pid

    async def describe(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        """See ``Likeness.describe``. Raises ``PerceptionFailed``."""
        import numpy as np

        if self.missing:
            raise PerceptionFailed(self.missing)
        answer = await self._child.ask({"task": "describe"}, [frame.jpeg for frame in frames])
        vectors = np.frombuffer(base64.b64decode(answer["vectors"]), dtype="<f4")
        return vectors.reshape(len(frames), -1)

    def close(self) -> None:
        """End the child and wait for it."""
        self._child.close()


class LocalReader:
    """The ``Reader`` of this machine, in the child of its ``LocalEyes``."""

    def __init__(self, child: WarmChild) -> None:
        self._child = child

    @property
    def missing(self) -> str:
        return explain_absent(TEXT_FINDER, TEXT_READER)

    async def read(self, frames: Sequence[Frame], *, language: str = "") -> tuple[ReadText, ...]:
        """See ``Reader.read``. Raises ``PerceptionFailed``."""
        if self.missing:
            raise PerceptionFailed(self.missing)
        answer = await self._child.ask({"task": "read", "language": language}, [frame.jpeg for frame in frames])
        return tuple(ReadText(**{**line, "label": frames[line["label"]].label}) for line in answer["lines"])
