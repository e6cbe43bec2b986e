"""The running application: everything wired, as pages, routes and the command line find it."""

from __future__ import annotations

import contextlib
import logging
import threading
from dataclasses import dataclass, field, replace
from typing import Protocol

from orchestrator.auth.sign_ins import SignIns
from orchestrator.db.session import Database
from orchestrator.doctor import answer_item, orphans_item
from orchestrator.engine import Engine
from orchestrator.errors import NotConfigured, UnknownProvider
from orchestrator.flows import Flows
from orchestrator.heartbeats import is_anyone_at_work
from orchestrator.ledger import Ledger
from orchestrator.loose_files import LooseFiles
from orchestrator.observed import Tracer
from orchestrator.perception.eyes import LocalEyes
from orchestrator.perception.whisper import WhisperListener
from orchestrator.presentation import NOBODY
from orchestrator.rights import check_admin, is_admin
from orchestrator.roster import Roster
from orchestrator.schema.user import User
from orchestrator.schema.view import DoctorItem
from orchestrator.service import Service
from orchestrator.settings import Settings
from orchestrator.storage.base import AssetStore
from orchestrator.views import Views
from orchestrator.watchdog import Watchdog
from providers.base import Account

log = logging.getLogger(__name__)

# How long a request that is paid with its answer is listened for while the app stops.
_DRAIN_SECONDS = 10.0
_USERS_KEPT = 1000


class Metrics(Protocol):
    """Tells how everything stands to whoever asks over HTTP."""

    def start(self, host: str, port: int) -> None: ...

    def stop(self) -> None: ...


@dataclass
class App:
    """Everything wired. ``start`` begins the engine's work; reads and commands work without it too."""

    settings: Settings
    service: Service
    views: Views
    engine: Engine
    store: AssetStore
    database: Database
    files: LooseFiles
    flows: Flows
    whisper: WhisperListener
    eyes: LocalEyes
    roster: Roster
    watchdog: Watchdog
    tracer: Tracer
    metrics: Metrics | None
    ledger: Ledger
    sign_ins: SignIns | None = None
    user: User | None = None
    _of_users: dict[User, App] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def for_user(self, user: User) -> App:
        """The application as ``user`` has it: reads and commands act as them, and row security decides. What their
        commands set off is done by this process as ever. Raises ``NotConfigured`` on SQLite."""
        with self._lock:
            if user not in self._of_users:
                if len(self._of_users) >= _USERS_KEPT:
                    self._of_users.pop(next(iter(self._of_users)))
                service, views = self.service.for_user(user), self.views.for_user(user)
                self._of_users[user] = replace(self, service=service, views=views, user=user)
            return self._of_users[user]

    def check_provider(self, name: str) -> Account:
        """Ask a provider, at no cost, whether it answers and takes the key. Raises ``ProviderError``,
        ``UnknownProvider`` or ``NotAllowed``."""
        check_admin(self.user, self.settings)
        if name not in self.roster.makers:
            raise UnknownProvider(f"The provider {name!r} is not set up.")
        return self.roster.check(name)

    def check_providers(self) -> tuple[DoctorItem, ...]:
        """Ask every provider that is set up, at no cost, whether it answers and takes the key."""
        check_admin(self.user, self.settings)
        return tuple(answer_item(name, self.roster) for name in self.roster.makers)

    def check_sign_in(self) -> tuple[DoctorItem, ...]:
        """What the service that signs people in says of itself, asked at no cost. Nothing where nobody signs in."""
        return self.sign_ins.auth.examine() if self.sign_ins is not None else ()

    def check_store(self) -> tuple[DoctorItem, ...]:
        """What the storage of takes and films says of itself, asked at no cost. Nothing where that is a folder."""
        check_admin(self.user, self.settings)
        return self.store.examine()

    def sweep(self, *, is_sure: bool) -> DoctorItem:
        """Look for stored files that no row names; delete them only when ``is_sure``. Raises ``Conflict``."""
        orphans = self.service.sweep() if is_sure else self.service.find_orphans()
        return orphans_item(orphans, is_deleted=is_sure)

    def hand_over(self, user_id: str) -> DoctorItem:
        """Give what was made while nobody signed in to somebody who does. Raises as ``Service.hand_over`` does."""
        projects = self.service.hand_over(user_id)
        return DoctorItem(name="Handed over", state="ok", detail=f"projects of the local owner: {projects}")

    @property
    def is_admin(self) -> bool:
        """Whether whoever uses it may change the installation itself."""
        return is_admin(self.user, self.settings)

    def start(self) -> None:
        """Launch the engine and take up whatever an earlier process left unfinished."""
        self.engine.launch(on_executor=self.watchdog.start)
        if self.settings.role == "ui" and not is_anyone_at_work(self.database, data_dir=self.settings.data_dir):
            log.warning("At present %s.", NOBODY)
        if not self.engine.is_executor and self.settings.role != "ui":
            log.warning("Another process does the work at present; this one stands by to take its place.")
        if self.metrics is not None and self.settings.metrics_port is not None:
            self.metrics.start(self.settings.metrics_host, self.settings.metrics_port)

    def stop(self) -> None:
        """Stop the engine and the child processes, once the requests that are on their way are answered or have had
        ten seconds; unfinished work goes on at the next start. Ctrl-C ends that wait."""
        if self.flows.is_stopping.is_set():
            return
        self.flows.is_stopping.set()
        with contextlib.ExitStack() as stack:  # the last first, and each whatever becomes of the others
            stack.callback(self.database.close)
            stack.callback(self.whisper.close)
            stack.callback(self.eyes.close)
            stack.callback(self.tracer.close)
            stack.callback(self.flows.clips.perils.close)
            stack.callback(self.engine.stop)
            stack.callback(self.store.close)  # before it: a step that waits for storage is not waited for
            stack.callback(self.watchdog.stop)
            if self.metrics is not None:
                stack.callback(self.metrics.stop)
            with contextlib.suppress(KeyboardInterrupt):
                self.ledger.drain(seconds=_DRAIN_SECONDS)


_current: App | None = None


def current() -> App:
    """The application this process serves. Raises ``NotConfigured`` before it was started."""
    if _current is None:
        raise NotConfigured("The application has not been started.", hint="Start it with: make app")
    return _current


def use(app: App | None) -> None:
    """Name the application that pages and routes of this process work with. Raises ``NotConfigured`` where the
    settings say that this process is a worker."""
    global _current
    if app is not None and app.settings.role == "worker":
        raise NotConfigured(
            "ROLE=worker runs the engine alone, without the app.",
            hint="Start it with: python -m orchestrator worker. To serve the app, set ROLE to all or ui.",
        )
    _current = app
