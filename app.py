"""The one start command: ``streamlit run app.py`` serves the pages, the REST API and the engine in one process."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Mount

from api import create_api
from api.sign_in import Door, create_sign_in
from orchestrator import bootstrap, logs
from orchestrator.errors import OrchestratorError


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Start the engine here and nowhere else: a page or a cached resource would start a second one and pay twice."""
    try:
        settings = await asyncio.to_thread(bootstrap.load_settings)
        logs.configure(settings)
        door = await asyncio.to_thread(bootstrap.build, settings)
        bootstrap.use(door)
        await asyncio.to_thread(door.start)
    except OrchestratorError as error:
        sys.stderr.write(f"Error: {error.message}\n{error.hint}\n")
        os._exit(error.exit_code)  # raised on, it would be a traceback of the server's; nothing has begun
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        # The server lets this take the time it needs. A second Ctrl-C ends it at once.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        await asyncio.to_thread(door.stop)
        bootstrap.use(None)


app = st.App(
    "pages/navigation.py",
    lifespan=lifespan,
    routes=[Mount("/api", app=create_api()), *create_sign_in()],
    middleware=[Middleware(Door)],
)
