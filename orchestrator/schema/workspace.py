"""What this installation is set to on its pages, laid over what the environment says."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from orchestrator.schema.clip_plan import WORDS_PER_MINUTE_MAX, WORDS_PER_MINUTE_MIN
from orchestrator.schema.policy import AssessmentPolicy
from orchestrator.schema.project import OnFailed
from orchestrator.schema.value import Value
from orchestrator.schema.view import DoctorItem

Name = Annotated[str, StringConstraints(max_length=120)]


class WorkspaceSettings(Value):
    """Defaults of new projects and single clips, and who reviews. What is empty or None is not set here: then the
    environment says, else what is built in. ``model`` belongs to ``provider``; ``assessment`` judges the takes of every
    project that has no policy of its own. ``has_no_budget``: no limit, whatever the environment says."""

    provider: Name = ""
    model: Name = ""
    budget_usd: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    has_no_budget: bool = False
    max_attempts: int | None = Field(default=None, ge=1, le=10)
    words_per_minute: int | None = Field(default=None, ge=WORDS_PER_MINUTE_MIN, le=WORDS_PER_MINUTE_MAX)
    on_failed: OnFailed | None = None
    assessment: AssessmentPolicy | None = None
    reviewer_name: Annotated[str, StringConstraints(max_length=80)] = ""


class Source(StrEnum):
    """Where a value comes from: set on the page, in the environment (or ``.env``), or nowhere."""

    HERE = "here"
    ENVIRONMENT = "environment"
    BUILT_IN = "built_in"


class DefaultView(Value):
    """One value as it counts now. ``value`` is as it would be set, None where there is none; ``variable`` is the
    environment's name for it, empty where it has none; ``otherwise`` is what counts when it is not set here."""

    name: str
    value: str | int | float | None
    source: Source
    variable: str = ""
    otherwise: str | int | float | None = None


class WorkspaceView(Value):
    """``settings`` is what was set here, ``defaults`` what counts, ``limits`` what only the environment sets."""

    settings: WorkspaceSettings
    policy: AssessmentPolicy
    defaults: tuple[DefaultView, ...]
    limits: tuple[DefaultView, ...]


class FolderView(Value):
    """One kind of file of this installation. ``can_empty``: made anew when it is needed."""

    name: str
    size_bytes: int
    files: int
    can_empty: bool = False


class StorageView(Value):
    """What is kept where. ``database`` says its kind, ``version`` that of its tables; ``backup`` how to keep a copy."""

    database: str
    version: int
    folders: tuple[FolderView, ...]
    free_bytes: int
    items: tuple[DoctorItem, ...] = ()
    backup: str = ""
