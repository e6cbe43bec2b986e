"""The only place that names concrete adapters: settings in, a working application out."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import SettingsError

from orchestrator.assessor import AssessmentPolicy
from orchestrator.attempts import Attempts
from orchestrator.choices import Choices
from orchestrator.db.session import Database, open_database
from orchestrator.doctor import answer_item, examine
from orchestrator.engine import Engine, InlineEngine
from orchestrator.errors import BadInput, CannotWrite, NotConfigured, UnknownProvider
from orchestrator.flows import Flows
from orchestrator.generator import Generator
from orchestrator.ledger import Ledger
from orchestrator.loose_files import LooseFiles
from orchestrator.narrator import PiperNarrator
from orchestrator.perception.vision import OpenAIViewer
from orchestrator.perception.whisper import WhisperListener
from orchestrator.roster import Roster, make_providers, read_roster
from orchestrator.schema.view import DoctorItem
from orchestrator.service import Service
from orchestrator.settings import Settings
from orchestrator.steps.clips import ClipSteps
from orchestrator.steps.films import FilmSteps
from orchestrator.steps.plans import PlanSteps
from orchestrator.steps.takes import TakeSteps
from orchestrator.storage.local import LocalAssetStore
from orchestrator.views import Views
from providers.base import Account
from providers.patience import PatientProvider

# One film at a time is encoded, one take at a time is listened to: both use every core they get.
_WIDTHS = {"plans": 64, "render": 1, "assess": 1}


@dataclass
class App:
    """Everything wired. ``start`` begins the engine's work; reads and commands work without it too."""

    settings: Settings
    service: Service
    views: Views
    engine: Engine
    database: Database
    files: LooseFiles
    flows: Flows
    listener: WhisperListener
    roster: Roster

    def check_provider(self, name: str) -> Account:
        """Ask a provider, at no cost, whether it answers and takes the key. Raises ``ProviderError`` or
        ``UnknownProvider``."""
        if name not in self.roster.makers:
            raise UnknownProvider(f"The provider {name!r} is not set up.")
        return self.roster.check(name)

    def check_providers(self) -> tuple[DoctorItem, ...]:
        """Ask every provider that is set up, at no cost, whether it answers and takes the key."""
        return tuple(answer_item(name, self.roster) for name in self.roster.makers)

    def start(self) -> None:
        """Launch the engine and take up whatever an earlier process left unfinished."""
        self.engine.launch(on_executor=self.service.recover)

    def stop(self) -> None:
        """Stop the engine and the child processes; unfinished work goes on at the next start."""
        if self.flows.is_stopping.is_set():
            return
        self.flows.is_stopping.set()
        self.engine.stop()
        self.listener.close()
        self.database.close()


_current: App | None = None


def current() -> App:
    """The application this process serves. Raises ``NotConfigured`` before it was started."""
    if _current is None:
        raise NotConfigured("The application has not been started.", hint="Start it with: make app")
    return _current


def use(app: App | None) -> None:
    """Name the application that pages and routes of this process work with."""
    global _current
    _current = app


def load_settings() -> Settings:
    """Settings from the environment and ``.env``. Raises ``BadInput`` naming every setting that is wrong."""
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(str(p) for p in e['loc']).upper()}: {e['msg']}" for e in error.errors())
    except SettingsError as error:
        wrong = f"{error}: it is no JSON."
    else:
        return settings
    raise BadInput(f"Settings cannot be used. {wrong}", hint="Mend them in the environment or in .env.")


def build(settings: Settings | None = None, *, is_durable: bool = True) -> App:
    """Wire the application. ``is_durable`` False runs flows in memory (tests, one-off work).

    Raises ``CannotWrite`` for an unusable DATA_DIR, ``NotConfigured`` for an unreachable database, ``BadInput`` for
    settings that make no sense.
    """
    settings = settings or load_settings()
    data_dir = _ensure_folder(settings.data_dir)
    cache_dir = data_dir / "cache"
    made, roster = make_providers(read_roster(settings, data_dir=data_dir), settings)
    providers = {name: PatientProvider(provider) for name, provider in made.items()}
    database = open_database(settings.database_url.get_secret_value(), data_dir=data_dir)
    profiles = {name: provider.profile for name, provider in providers.items()}
    choices = Choices(settings=settings, profiles=profiles, missing=roster.missing, broken=roster.broken)
    store = LocalAssetStore(data_dir / "assets")
    # On SQLite a file lock lets one process work at a time, so whatever it finds unsent is its own.
    owner = "local" if database.is_sqlite else f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    listener = WhisperListener(model=settings.whisper_model, cache_dir=cache_dir / "whisper")
    narrator = PiperNarrator()
    viewer = OpenAIViewer(
        base_url=settings.openai_base_url, api_key=settings.openai_api_key, model=settings.vision_model
    )
    generator = Generator(
        providers,
        ledger=Ledger(database, owner=owner),
        store=store,
        narrator=narrator,
        scratch=cache_dir / "downloads",
    )
    attempts = Attempts(
        profiles=profiles,
        endpoints={name: provider.endpoint for name, provider in providers.items()},
        narrated_languages=frozenset() if narrator.missing else frozenset(narrator.languages),
    )
    fallbacks = tuple(n for n in settings.fallback_providers if n in providers)
    policy = AssessmentPolicy()
    is_stopping = threading.Event()
    flows = Flows(
        plans=PlanSteps(database),
        clips=ClipSteps(database, generator, attempts, fallbacks),
        takes=TakeSteps(database, store, listener, viewer, attempts, policy),
        films=FilmSteps(database, generator, store, cache_dir, is_stopping),
        is_stopping=is_stopping,
    )
    engine = _engine(settings, flows, is_durable=is_durable, data_dir=data_dir)
    return App(
        settings=settings,
        service=Service(database=database, engine=engine, choices=choices),
        views=Views(
            database=database,
            store=store,
            choices=choices,
            titles=roster.titles,
            endpoints=attempts.endpoints,
            examine=lambda: examine(settings, choices, database=database, listener=listener, viewer=viewer),
        ),
        files=LooseFiles(listener=listener, viewer=viewer, policy=policy, cache_dir=cache_dir),
        engine=engine,
        database=database,
        flows=flows,
        listener=listener,
        roster=roster,
    )


def _ensure_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"DATA_DIR cannot be used: {error.strerror}: {folder}") from None
    if not os.access(folder, os.W_OK):
        raise CannotWrite(f"DATA_DIR cannot be written to: {folder}")
    return folder.resolve()


def _engine(settings: Settings, flows: Flows, *, is_durable: bool, data_dir: Path) -> Engine:
    widths = {**_WIDTHS, "clips": settings.max_concurrent_clips}
    if not is_durable:
        return InlineEngine(flows.by_name(), widths=widths)
    from orchestrator.engine_dbos import DbosEngine

    url = settings.database_url.get_secret_value()
    return DbosEngine(flows.by_name(), widths=widths, url="" if url.startswith("sqlite") else url, data_dir=data_dir)
