"""From a provider input to a stored take: create through the ledger, wait, download, narrate, probe, keep."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from pydantic import ConfigDict

from orchestrator.calls import PaidCall
from orchestrator.db.models import AssetRow, new_id
from orchestrator.errors import CannotNarrate, StorageAway, TakeNotFetched, UnreadableMedia, Withdrawn
from orchestrator.ledger import Ledger
from orchestrator.media.edit import edit_take
from orchestrator.media.frames import grab_poster
from orchestrator.media.probe import probe
from orchestrator.narrator import Narrator
from orchestrator.pictures import FittedPictures, StoredPicture
from orchestrator.schema.asset import AssetKind, Shelf
from orchestrator.schema.clip_run import Edit
from orchestrator.schema.value import Value
from orchestrator.storage.base import AssetStore
from providers.base import (
    AuthFailed,
    BrokenContent,
    Generation,
    GenerationNotFound,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    ReferenceRules,
    Retired,
    Unavailable,
    VideoProvider,
)

log = logging.getLogger(__name__)

_POLL_BACKOFF_MAX_SECONDS = 60.0
_POLL_JITTER = 0.15
_CHANCE = random.SystemRandom()  # leaves the seed of others alone
_ASKED_MAX_SECONDS = 300.0
# An outage is waited out for so long beyond a generation's deadline before a person is asked.
_FAULT_PATIENCE_SECONDS = 600.0
_UNREADABLE_SECONDS = 60.0
# After a long stop a generation past its deadline is watched for so long: some make progress only when looked at.
_WATCHED_SECONDS = 60.0
LAID_OVER = "laid over"
# How long a file that is to be stored waits before the storage is asked again.
_AWAY_SECONDS = 2.0
_DOWNLOAD_PAUSES_SECONDS = (1.0, 3.0, 9.0)
_PASSING = (RateLimited, Unavailable, OutcomeUnknown)
# The door is shut for a reason a person can mend (a key, a bill); what was made behind it is not lost.
_SHUT = (AuthFailed, QuotaExhausted, Retired)


class DeadlinePassed(Exception):
    """The provider did not finish the generation in time. It may still finish, and is charged either way."""


class Narration(Value):
    """What is to be said over a take that comes without sound, within ``seconds``."""

    line: str
    seconds: float
    language: str


class Fetched(Value):
    """A stored take: its rows, [take, poster], and what became of its narration (see ``RunRow.narration``)."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    assets: list[AssetRow]
    narration: str = ""


class Generator:
    """Owns no state: rows and the asset store are the caller's; ``providers`` are by name."""

    def __init__(
        self,
        providers: Mapping[str, VideoProvider],
        *,
        ledger: Ledger,
        store: AssetStore,
        narrator: Narrator,
        scratch: Path,
    ) -> None:
        self._providers = providers
        self._narrator = narrator
        self._ledger = ledger
        self._store = store
        self._scratch = scratch
        self._pictures = FittedPictures(store, scratch / "pictures")

    async def create(
        self, call: PaidCall, *, is_wanted: Callable[[], bool], picture: StoredPicture | None = None
    ) -> str:
        """The generation id, of a clip that starts from ``picture`` where there is one; see ``Ledger.create`` for what
        it raises, ``FittedPictures.fit`` for what a picture may add to that."""
        if picture is not None:
            call = await asyncio.to_thread(self._with_picture, call, picture)
        return await self._ledger.create(call, self._providers[call.provider], is_wanted=is_wanted)

    def _with_picture(self, call: PaidCall, picture: StoredPicture) -> PaidCall:
        rules = self._providers[call.provider].profile.for_model(call.request.model).reference or ReferenceRules()
        path = self._pictures.fit(picture, size=call.request.size, rules=rules)
        request = call.request.model_copy(update={"reference_path": path})
        return call.model_copy(update={"request": request, "reference_sha256": _sha256(path)})

    def finish(self, key: str, *, cost_usd: float | None) -> None:
        """See ``Ledger.finish``."""
        self._ledger.finish(key, cost_usd=cost_usd)

    async def cancel(self, provider: str, key: str) -> bool:
        """See ``Ledger.cancel``."""
        return await self._ledger.cancel(key, self._providers[provider])

    async def wait(
        self,
        provider: str,
        generation_id: str,
        *,
        age_seconds: float,
        on_change: Callable[[Generation], Awaitable[None]],
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> Generation:
        """Poll until the generation, now ``age_seconds`` old, is final: often at first, seldom later. Raises
        ``Withdrawn`` at the next poll when it is not wanted any more, ``DeadlinePassed`` when it answers and is not
        done in time, ``TakeNotFetched`` when it cannot be asked or does not know the generation; passing faults only
        slow the polling down, for asking again is free."""
        adapter = self._providers[provider]
        deadline_seconds = adapter.profile.deadline_seconds
        clock = asyncio.get_running_loop()
        begun = clock.time()
        born = begun - age_seconds
        faults, failing_since = 0, 0.0
        seen: Generation | None = None
        while True:
            asked = 0.0
            if not is_wanted():
                raise Withdrawn
            try:
                generation = await adapter.get_generation(generation_id)
            except _SHUT as error:
                raise TakeNotFetched(f"This take is paid and waits at the provider, but: {error}") from error
            except GenerationNotFound as error:
                # What was just created may not be readable yet.
                faults += 1
                if clock.time() - born > _UNREADABLE_SECONDS:
                    raise _not_known(error, adapter) from error
            except _PASSING as error:
                faults += 1
                asked = error.retry_after_seconds or 0.0
                failing_since = failing_since or clock.time()
                has_waited = clock.time() - failing_since > _FAULT_PATIENCE_SECONDS
                if has_waited and clock.time() - born > deadline_seconds:
                    raise TakeNotFetched(f"This take is paid, but its provider cannot be asked: {error}") from error
            else:
                faults, failing_since = 0, 0.0
                if generation != seen:
                    seen = generation
                    await on_change(generation)
                if generation.status.is_final:
                    return generation
                is_watched = clock.time() - begun >= min(deadline_seconds, _WATCHED_SECONDS)
                if clock.time() - born >= deadline_seconds and is_watched:
                    raise DeadlinePassed
            age = clock.time() - born
            pause = min(_POLL_BACKOFF_MAX_SECONDS, adapter.profile.poll_pace.pause_seconds(age) * 2**faults)
            pause = max(min(asked, _ASKED_MAX_SECONDS), pause * _CHANCE.uniform(1 - _POLL_JITTER, 1 + _POLL_JITTER))
            # so that a last look falls on the deadline, not before it
            await asyncio.sleep(min(pause, deadline_seconds - age) if age < deadline_seconds else pause)

    async def fetch(
        self, provider: str, generation_id: str, *, shelf: Shelf, run_id: str, narration: Narration | None
    ) -> Fetched:
        """Download the take, lay ``narration`` over it, look that it is a video, and store it with its poster.

        The rows are not yet saved; only [take] when what came is not a video. The clip is paid and waits at the
        provider, so a passing fault is tried again here. A line that cannot be narrated leaves the take silent. Raises
        ``TakeNotFetched`` when trying again did not help, and the provider's lasting errors.
        """
        adapter = self._providers[provider]
        self._scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="fetch-", dir=self._scratch))
        try:
            file = await self._download(adapter, generation_id, folder / "take.mp4")
            narrated = await self._narrate(file, narration) if narration else ""
            return Fetched(assets=await self._keep_take(file, shelf=shelf, run_id=run_id), narration=narrated)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def cut(
        self, source_key: str, source_sha256: str, edit: Edit, *, shelf: Shelf, run_id: str, narration: str
    ) -> Fetched:
        """A take made from the one stored under ``source_key``, which ``narration`` tells of as before, stored with its
        poster; rows not yet saved. Nothing is asked of a provider. Raises ``UnreadableMedia`` or ``MediaFailed``."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="cut-", dir=self._scratch))
        try:
            source = await asyncio.to_thread(self._store.local_path, source_key, source_sha256)
            file = folder / "take.mp4"
            await edit_take(
                source, file, start_seconds=edit.start_seconds, end_seconds=edit.end_seconds, speed=edit.speed
            )
            return Fetched(assets=await self._keep_take(file, shelf=shelf, run_id=run_id), narration=narration)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def _keep_take(self, file: Path, *, shelf: Shelf, run_id: str) -> list[AssetRow]:
        """[take, poster], or [take] when it is not a video."""
        take = await self._keep(file, kind=AssetKind.TAKE, mime="video/mp4", shelf=shelf, name=run_id)
        try:
            info = await asyncio.to_thread(probe, file)
            poster_file = await grab_poster(file, file.with_name("poster.jpg"))
        except UnreadableMedia:
            return [take]
        take.duration_seconds, take.width, take.height = info.container_seconds, info.width, info.height
        poster = await self._keep(poster_file, kind=AssetKind.POSTER, mime="image/jpeg", shelf=shelf, name=run_id)
        return [take, poster]

    async def _narrate(self, file: Path, narration: Narration) -> str:
        try:
            await self._narrator.narrate(
                file,
                line=narration.line,
                seconds=narration.seconds,
                language=narration.language,
                destination=file,
            )
        except (CannotNarrate, UnreadableMedia) as error:
            return error.message
        return LAID_OVER

    async def _download(self, adapter: VideoProvider, generation_id: str, destination: Path) -> Path:
        for pause in (*_DOWNLOAD_PAUSES_SECONDS, None):
            is_let_in = False
            try:
                generation = await adapter.get_generation(generation_id)
                is_let_in = True
                return await adapter.download_content(generation, destination)
            except _PASSING as error:
                if pause is None:
                    raise TakeNotFetched(f"The finished clip could not be downloaded: {error}") from error
                await asyncio.sleep(pause)
            except GenerationNotFound as error:
                raise _not_known(error, adapter) from error
            except BrokenContent:
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            except _SHUT as error:
                # Where the key has just been good, it is the link that has expired; the next one is new.
                if not is_let_in or pause is None:
                    raise TakeNotFetched(f"This take is paid and waits at the provider, but: {error}") from error
                await asyncio.sleep(pause)
        raise AssertionError

    async def keep_render(self, file: Path, *, shelf: Shelf, render_id: str) -> list[AssetRow]:
        """Store a finished film with its poster; rows not yet saved."""
        info = await asyncio.to_thread(probe, file)
        film = await self._keep(file, kind=AssetKind.RENDER, mime="video/mp4", shelf=shelf, name=render_id)
        film.duration_seconds, film.width, film.height = info.container_seconds, info.width, info.height
        poster_file = await grab_poster(file, file.with_suffix(".jpg"))
        poster = await self._keep(poster_file, kind=AssetKind.POSTER, mime="image/jpeg", shelf=shelf, name=render_id)
        return [film, poster]

    async def keep_animatic(self, file: Path, *, shelf: Shelf, name: str) -> AssetRow:
        """Store a preview; its row is not yet saved. Raises ``UnreadableMedia``."""
        info = await asyncio.to_thread(probe, file)
        asset = await self._keep(file, kind=AssetKind.ANIMATIC, mime="video/mp4", shelf=shelf, name=name)
        asset.duration_seconds, asset.width, asset.height = info.container_seconds, info.width, info.height
        return asset

    async def _keep(self, file: Path, *, kind: AssetKind, mime: str, shelf: Shelf, name: str) -> AssetRow:
        suffix = ".jpg" if mime == "image/jpeg" else ".mp4"
        key = shelf.key(f"{name}{suffix}")
        digest = await asyncio.to_thread(_sha256, file)
        await self._store_file(file, key)
        return AssetRow(
            id=new_id(),
            project_id=shelf.project_id,
            kind=kind,
            storage_key=key,
            sha256=digest,
            size_bytes=file.stat().st_size,
            mime=mime,
        )

    async def _store_file(self, file: Path, key: str) -> None:
        """Wait here while the storage is away: what was downloaded or cut is at hand, and need not be made again."""
        is_waiting = False
        while True:
            try:
                return await asyncio.to_thread(self._store.put_file, file, key)
            except StorageAway as error:
                if not is_waiting:
                    log.warning("A file waits to be stored. %s", error)
                    is_waiting = True
                await asyncio.sleep(_AWAY_SECONDS)


def _not_known(error: GenerationNotFound, adapter: VideoProvider) -> Exception:
    """A free take that got lost is simply made again; of a paid one only a person may say that it is lost."""
    if adapter.profile.is_free:
        return error
    return TakeNotFetched(
        f"{adapter.profile.title} does not know this take, though it took the request and may have charged it. If the "
        "key or address is another one now, set it back and retry; else give the take up and pay for a new one."
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
