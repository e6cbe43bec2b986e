"""The only place that names concrete adapters: settings in, a working application out."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import SettingsError

from orchestrator.application import App as App
from orchestrator.application import Metrics
from orchestrator.application import current as current
from orchestrator.application import use as use
from orchestrator.assessor import AssessmentPolicy
from orchestrator.attempts import Attempts
from orchestrator.auth.invitations import Invitations
from orchestrator.auth.needs import check_settings, old_names, project_url
from orchestrator.auth.sign_ins import SignIns
from orchestrator.auth.tokens import Keys, Tokens
from orchestrator.choices import Choices
from orchestrator.db.records import workspace_of
from orchestrator.db.session import Database, migrate_database, open_database, sqlite_path
from orchestrator.doctor import examine
from orchestrator.engine import Engine, Flow, InlineEngine, Width
from orchestrator.errors import BadInput, CannotWrite, NotConfigured, NotFound, explain
from orchestrator.expectations import Expectations
from orchestrator.flows import Flows
from orchestrator.generator import Generator
from orchestrator.heartbeats import is_anyone_at_work
from orchestrator.ledger import Ledger
from orchestrator.looks import Looks, TokenPrice
from orchestrator.loose_files import LooseFiles
from orchestrator.narrator import PiperNarrator
from orchestrator.observed import NoTracer, Tracer, observe
from orchestrator.perception.base import Listener, Nobody, Senses
from orchestrator.perception.eyes import LocalEyes
from orchestrator.perception.vision import OpenAIViewer
from orchestrator.perception.whisper import WhisperListener
from orchestrator.roster import make_providers, read_roster
from orchestrator.schema.view import DoctorItem
from orchestrator.schema.workspace import WorkspaceSettings
from orchestrator.service import Service
from orchestrator.settings import Settings
from orchestrator.steps.animatics import AnimaticSteps
from orchestrator.steps.cancels import CancelSteps
from orchestrator.steps.clips import ClipSteps
from orchestrator.steps.films import FilmSteps
from orchestrator.steps.perils import Perils
from orchestrator.steps.plans import PlanSteps
from orchestrator.steps.takes import TakeSteps
from orchestrator.storage.base import AssetStore
from orchestrator.storage.local import LocalAssetStore
from orchestrator.transfer import Side
from orchestrator.turns import SharedTurns
from orchestrator.views import Views
from orchestrator.watchdog import Watchdog, how_ended
from providers.base import Animator, VideoProvider
from providers.patience import PatientProvider, Turns

log = logging.getLogger(__name__)


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


def build(
    settings: Settings | None = None,
    *,
    is_durable: bool = True,
    adapters: Mapping[str, VideoProvider] | None = None,
    listener: Listener | None = None,
    change_flows: Callable[[Flows], Flows] = lambda flows: flows,
) -> App:
    """Wire the application. ``is_durable`` False runs flows in memory (tests, one-off work).

    ``adapters`` take the place of those that the settings make, by name; ``listener`` hears the takes instead of
    Whisper; ``change_flows`` may put other steps into the flows.

    Raises ``CannotWrite`` for an unusable DATA_DIR, ``NotConfigured`` for an unreachable database, ``BadInput`` for
    settings that make no sense.
    """
    settings = settings or load_settings()
    check_settings(settings)
    _check_supabase(settings)
    data_dir = _ensure_folder(settings.data_dir)
    cache_dir = data_dir / "cache"
    made, roster = make_providers(read_roster(settings, data_dir=data_dir), settings)
    tracer = _tracer(settings)
    database = open_database(settings.database_url.get_secret_value(), data_dir=data_dir)
    providers = {
        name: PatientProvider(provider, turns=_turns(name, provider, database))
        for name, provider in {**made, **(adapters or {})}.items()
    }
    profiles = {name: provider.profile for name, provider in providers.items()}
    choices = Choices(
        settings=settings,
        profiles=profiles,
        missing=roster.missing,
        broken=roster.broken,
        read_workspace=lambda: _read_workspace(database),
    )
    store = _store(settings, data_dir=data_dir)
    # On SQLite a file lock lets one process work at a time, so whatever it finds unsent is its own.
    owner = "local" if database.is_sqlite else f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    whisper = WhisperListener(model=settings.whisper_model, cache_dir=cache_dir / "whisper")
    listener = listener or whisper
    narrator = PiperNarrator()
    ledger = Ledger(database, owner=owner)
    viewer = OpenAIViewer(
        base_url=settings.openai_base_url, api_key=settings.openai_api_key, model=settings.vision_model
    )
    eyes = LocalEyes()
    senses = Senses(
        listener=listener,
        viewer=viewer,
        reader=eyes.reader if settings.read_text else Nobody("READ_TEXT is off"),
        likeness=eyes if settings.compare_stills else Nobody("COMPARE_STILLS is off"),
    )
    looks = Looks(
        database,
        viewer,
        model=settings.vision_model,
        endpoint=settings.openai_base_url,
        price=TokenPrice(input_usd=settings.vision_input_usd_per_mtok, output_usd=settings.vision_output_usd_per_mtok),
        owner=owner,
    )
    generator = Generator(
        providers,
        ledger=ledger,
        store=store,
        narrator=narrator,
        scratch=cache_dir / "downloads",
    )
    attempts = Attempts(
        profiles=profiles,
        endpoints={name: provider.endpoint for name, provider in providers.items()},
        narrated_languages=frozenset() if narrator.missing else frozenset(narrator.languages),
    )
    # Not one behind patience: it answers for nothing that is paid and is never out of reach.
    animator = next((p for p in {**made, **(adapters or {})}.values() if isinstance(p, Animator)), None)
    fallbacks = tuple(n for n in settings.fallback_providers if n in providers)
    is_stopping = threading.Event()
    perils = Perils(database)
    flows = Flows(
        plans=PlanSteps(database),
        clips=ClipSteps(database, generator, attempts, fallbacks, perils, lambda flow_id: how_ended(engine, flow_id)),
        takes=TakeSteps(
            database, senses, Expectations(store, attempts), perils, asyncio.Semaphore(settings.assess_width), looks
        ),
        films=FilmSteps(database, generator, store, cache_dir, is_stopping, perils),
        cancels=CancelSteps(database, generator, attempts),
        animatics=AnimaticSteps(database, generator, store, animator, cache_dir / "animatics", is_stopping),
        is_stopping=is_stopping,
    )
    flows = change_flows(flows)
    observed = observe(flows.by_name(), database=database, tracer=tracer)
    engine = _engine(settings, observed, is_durable=is_durable, data_dir=data_dir, database=database, owner=owner)

    def is_attended() -> bool:
        """Whether what is asked for here is made: by this process, or by another one while this only serves the app."""
        return settings.role != "ui" or is_anyone_at_work(database, data_dir=data_dir)

    sign_ins = _sign_ins(settings, database)
    # Without the secret key nobody is written to: people are invited, and told by whoever invites them.
    is_mailed = bool(settings.supabase_secret_key.get_secret_value())
    service = Service(
        database=database,
        engine=engine,
        choices=choices,
        store=store,
        invitations=Invitations(sign_ins.auth) if sign_ins is not None and is_mailed else None,
    )
    return App(
        settings=settings,
        service=service,
        views=Views(
            database=database,
            store=store,
            choices=choices,
            titles=roster.titles,
            endpoints=attempts.endpoints,
            examine=lambda: examine(settings, choices, database=database, senses=senses, is_attended=is_attended()),
            is_attended=is_attended,
        ),
        files=LooseFiles(senses=senses, policy=AssessmentPolicy(), cache_dir=cache_dir),
        engine=engine,
        store=store,
        database=database,
        flows=flows,
        whisper=whisper,
        eyes=eyes,
        roster=roster,
        watchdog=Watchdog(
            database,
            engine,
            recover=service.recover,
            deadlines_seconds={name: profile.deadline_seconds for name, profile in profiles.items()},
        ),
        tracer=tracer,
        metrics=_metrics(settings, database, engine),
        ledger=ledger,
        sign_ins=sign_ins,
    )


def migrate(settings: Settings | None = None) -> DoctorItem:
    """Create the database's schema or bring it up to date, which a server's never gets unasked. Raises what ``build``
    raises."""
    settings = settings or load_settings()
    data_dir = _ensure_folder(settings.data_dir)
    done = migrate_database(settings.database_url.get_secret_value(), data_dir=data_dir)
    return DoctorItem(name="Schema", state="ok", detail=done)


def open_side(place: str, settings: Settings, *, is_source: bool) -> Side:
    """One side of a transfer: ``sqlite`` is the file in DATA_DIR, ``DATABASE_URL`` what that setting says, anything
    else a database address. The files of a SQLite database are in the folder ``assets`` beside it, those of a server
    where the settings say. A source is never made anew. Raises what ``build`` raises."""
    _check_supabase(settings)
    option = "--from" if is_source else "--to"
    try:
        database = _open_place(place, settings, is_source=is_source)
    except NotConfigured as error:
        word = "" if place == "DATABASE_URL" else f" DATABASE_URL stands for the address after {option} here."
        raise NotConfigured(f"{option}: {error.message}", hint=f"{error.hint}{word}") from None
    url = database.engine.url
    if database.is_sqlite:
        path = Path(str(url.database)).resolve()
        folder = path.parent / "assets"
        return Side(title=str(path), database=database, store=LocalAssetStore(folder), store_title=str(folder))
    title = f"{url.host or 'this machine'}:{url.port or 5432}/{url.database}"
    store = _store(settings, data_dir=settings.data_dir.resolve())
    kept_in = str(store.root) if isinstance(store, LocalAssetStore) else f"the bucket {settings.video_storage_bucket}"
    return Side(title=title, database=database, store=store, store_title=kept_in)


def _open_place(place: str, settings: Settings, *, is_source: bool) -> Database:
    data_dir = settings.data_dir.resolve()
    address = "" if place == "sqlite" else place
    if place == "DATABASE_URL":
        address = settings.database_url.get_secret_value()
        if not address:
            raise NotConfigured("DATABASE_URL is not set.", hint="Set it in the environment or in .env.")
    path = sqlite_path(address, data_dir=data_dir)
    if path is not None and is_source and not path.exists():
        raise NotFound(f"There is no workspace to copy: {path} does not exist.")
    if path is not None and not is_source:
        _ensure_folder(path.parent, name="The folder of --to")
    return open_database(address, data_dir=data_dir)


def _read_workspace(database: Database) -> WorkspaceSettings:
    with database.read() as session:
        return workspace_of(session)


def _ensure_folder(folder: Path, *, name: str = "DATA_DIR") -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise CannotWrite(
            f"{name} is a file, or lies in one: {folder}", hint=f"Set {name} to a folder; it is made when missing."
        ) from None
    except OSError as error:
        raise explain(error) or CannotWrite(
            f"{name} cannot be used: {error.strerror}: {folder}",
            hint=f"Set {name} to a folder that can be made and written to.",
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CannotWrite(
            f"{name} cannot be written to: {folder}. Nothing was changed.",
            hint=f"Give this user the right to write there, or set {name} to another folder.",
        )
    return folder.resolve()


def _store(settings: Settings, *, data_dir: Path) -> AssetStore:
    key = settings.supabase_secret_key
    if not key.get_secret_value():
        return LocalAssetStore(_ensure_folder(settings.assets_dir or data_dir / "assets", name="ASSETS_DIR"))
    from orchestrator.storage.supabase import SupabaseAssetStore

    store = SupabaseAssetStore(
        url=settings.supabase_url,
        key=key,
        bucket=settings.video_storage_bucket,
        uploads_dir=data_dir / "uploads",
        nearby_dir=data_dir / "cache" / "assets",
        nearby_max_bytes=settings.asset_cache_mb * 1_000_000,
    )
    if store.is_legacy_key:
        log.warning("SUPABASE_SECRET_KEY is a key of the old kind, which Supabase withdraws. Set one with sb_secret_.")
    return store


def _sign_ins(settings: Settings, database: Database) -> SignIns | None:
    """None where nobody signs in. Raises ``NotConfigured`` when the database's user may not act for others."""
    for notice in old_names(settings):
        log.warning("%s.", notice)
    if not settings.sign_in:
        return None
    from orchestrator.auth.supabase import SupabaseAuth

    with database.as_user({"sub": str(uuid.UUID(int=0)), "role": "authenticated"}).read() as session:
        session.connection()
    url = project_url(settings)
    keys = Keys(f"{url}/auth/v1/.well-known/jwks.json")
    auth = SupabaseAuth(
        url=url, key=settings.supabase_publishable_key, keys=keys, secret_key=settings.supabase_secret_key
    )
    return SignIns(database, auth=auth, tokens=Tokens(f"{url}/auth/v1", keys))


def _check_supabase(settings: Settings) -> None:
    """Raises ``NotConfigured`` when only a part of what belongs together is set. Before anything is opened or made."""
    has_url, has_key = bool(settings.supabase_url), bool(settings.supabase_secret_key.get_secret_value())
    if has_url != has_key and not (has_url and settings.sign_in):  # which needs the address too, and another key
        lacking = "SUPABASE_SECRET_KEY" if has_url else "SUPABASE_URL"
        raise NotConfigured(f"{lacking} is missing.", hint="Set both to keep takes and films in Supabase, or neither.")
    if has_url and not settings.database_url.get_secret_value():
        raise NotConfigured(
            "SUPABASE_URL is set without DATABASE_URL. Nothing was changed.",
            hint="Set DATABASE_URL to the project's Postgres, where files and rows stay together, or neither.",
        )


def _turns(name: str, provider: VideoProvider, database: Database) -> Turns | None:
    """On SQLite one process asks; on Postgres several may, and no faster together than one."""
    if database.is_sqlite:
        return None
    pace = provider.profile.requests_per_minute
    return SharedTurns(database, provider=name, endpoint=provider.endpoint, requests_per_minute=pace)


def _tracer(settings: Settings) -> Tracer:
    if not settings.otel_exporter_otlp_endpoint:
        return NoTracer()
    try:
        from orchestrator.traces import OtlpTracer
    except ImportError:
        raise NotConfigured(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but what sends traces is not installed.", hint=_OBSERVE
        ) from None
    headers = settings.otel_exporter_otlp_headers.get_secret_value()
    return OtlpTracer(settings.otel_exporter_otlp_endpoint, headers=headers)


def _metrics(settings: Settings, database: Database, engine: Engine) -> Metrics | None:
    if settings.metrics_port is None:
        return None
    try:
        from orchestrator.metrics import MetricsServer
    except ImportError:
        raise NotConfigured("METRICS_PORT is set, but what tells metrics is not installed.", hint=_OBSERVE) from None
    return MetricsServer(database, is_executor=lambda: engine.is_executor)


_OBSERVE = "Install it with: .venv/bin/python -m pip install -r requirements-observe.txt"


def _engine(
    settings: Settings,
    flows: Mapping[str, Flow],
    *,
    is_durable: bool,
    data_dir: Path,
    database: Database,
    owner: str,
) -> Engine:
    widths = _widths(settings)
    if not is_durable:
        return InlineEngine(flows, widths=widths)
    from orchestrator.engine_dbos import DbosEngine

    return DbosEngine(
        flows,
        widths=widths,
        url=database.server_url,
        data_dir=data_dir,
        database=database,
        executor_id=owner,
        role=settings.role,
    )


def _widths(settings: Settings) -> dict[str, Width]:
    """Plans only wait for their clips. A film that is encoded and a take that is listened to use every core they
    get."""
    total = settings.max_clips_total
    clips = Width(
        per_worker=min(settings.max_clips_per_worker, total),
        per_partition=min(settings.max_concurrent_clips, total),
        total=total,
    )
    return {
        "plans": Width(per_worker=1000, look_seconds=0.5),
        "clips_by_plan": clips,
        "clips": Width(per_worker=1, look_seconds=2.0),  # filled by versions before this one
        "render": Width(per_worker=settings.render_width, look_seconds=0.5),
        "assess": Width(per_worker=settings.assess_width, look_seconds=0.5),
        "animatics": Width(per_worker=2, look_seconds=1.0),
    }
