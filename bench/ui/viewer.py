"""A viewer without a browser: the websocket a browser tab holds to the server, and nothing of the drawing."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState, ContextInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


@dataclass
class Viewer:
    """One tab at ``address`` (``http://host:port``). Times are in seconds."""

    address: str
    page: str
    query: dict[str, str]
    fragment_id: str = ""
    page_hash: str = ""
    errors: list[str] = field(default_factory=list)

    async def __aenter__(self) -> Viewer:
        url = self.address.replace("http", "ws", 1) + "/_stcore/stream"
        self._socket = await websockets.connect(
            url,
            subprotocols=[websockets.Subprotocol("streamlit")],
            max_size=None,
            origin=websockets.Origin(self.address),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()

    async def open(self) -> float:
        """Ask for the page; how long until all of it was there."""
        return await self._run(self._state())

    async def tick(self) -> float:
        """Let the page's ticking fragment run once; how long that took."""
        assert self.fragment_id, "nothing ticks on this page"
        return await self._run(self._state(fragment_id=self.fragment_id, is_auto_rerun=True))

    def _state(self, **more: object) -> ClientState:
        seen = ContextInfo(timezone="UTC", locale="en", url=f"{self.address}/{self.page}", color_scheme="light")
        return ClientState(
            query_string=urlencode(self.query),
            page_name="" if self.page_hash else self.page,
            page_script_hash=self.page_hash,
            context_info=seen,
            **more,  # type: ignore[arg-type]
        )

    async def _run(self, state: ClientState) -> float:
        begun = time.perf_counter()
        await self._socket.send(BackMsg(rerun_script=state).SerializeToString())
        async with asyncio.timeout(60):
            while True:
                message = ForwardMsg.FromString(await self._socket.recv())
                match message.WhichOneof("type"):
                    case "new_session":
                        self.page_hash = message.new_session.page_script_hash or self.page_hash
                    case "auto_rerun":
                        self.fragment_id = message.auto_rerun.fragment_id
                    case "delta" if message.delta.new_element.WhichOneof("type") == "exception":
                        self.errors.append(message.delta.new_element.exception.message)
                    case "page_not_found":
                        self.errors.append("page not found")
                    case "script_finished" if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                        return time.perf_counter() - begun
