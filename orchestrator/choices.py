"""What a project leaves open, filled from the configuration and checked against the provider's profile. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrator.errors import BadInput, NotConfigured, UnknownProvider
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_plan import PlanConstraints
from orchestrator.schema.clip_run import RetryPolicy
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.workspace import WorkspaceSettings
from orchestrator.settings import Settings
from providers.base import ProviderProfile

# What changes no take: a film goes on with a higher budget, more attempts, without the clips that failed, with another
# transition or judged otherwise, and nothing is paid again.
CHANGEABLE = {"assessment", "budget_usd", "on_failed", "retry_policy", "transition"}


def film_key(script: str, brief: ContentBrief, settings: ProjectSettings) -> str:
    """Names a film by what its takes are made from, so that the same words find it again."""
    asked = [script, brief.model_dump(mode="json"), settings.model_dump(mode="json", exclude=CHANGEABLE)]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def tidy_name(name: str) -> str:
    """A project's name in one line."""
    return " ".join(name.replace("\x00", "").split())[:120] or "Untitled film"


@dataclass(frozen=True)
class Choices:
    """``profiles`` are the providers that can be used now; ``missing`` says of others what they need,
    ``broken`` of others why their settings cannot be used. ``read_workspace`` tells what was set on the pages, which
    goes before the environment."""

    settings: Settings
    profiles: Mapping[str, ProviderProfile]
    missing: Mapping[str, tuple[str, ...]]
    broken: Mapping[str, str] = field(default_factory=dict)
    read_workspace: Callable[[], WorkspaceSettings] = WorkspaceSettings

    @property
    def default_provider(self) -> str:
        """Who makes the clips where nobody says."""
        return self.read_workspace().provider or self.settings.video_provider

    @property
    def default_budget_usd(self) -> float | None:
        """The budget of new projects and of the single clips; None is no limit."""
        usual = self.read_workspace()
        if usual.has_no_budget:
            return None
        return self.settings.budget_usd if usual.budget_usd is None else usual.budget_usd

    @property
    def reviewer_name(self) -> str:
        """Who decides, where nobody says."""
        return self.read_workspace().reviewer_name or self.settings.reviewer_name

    def profile(self, name: str = "", model: str = "") -> ProviderProfile:
        """The profile of a provider as it holds for ``model``; the configured default when ``name`` is empty. Raises
        ``UnknownProvider``."""
        name = name or self.default_provider
        if name in self.profiles:
            return self.profiles[name].for_model(model)
        if reason := self.broken.get(name):
            raise UnknownProvider(
                f"The provider {name!r} cannot be used. {reason}",
                hint="Mend its settings in the environment or in .env, or use the provider mock, which is free.",
            )
        if lacking := self.missing.get(name):
            raise UnknownProvider(
                f"The provider {name!r} is not set up. It needs {', or '.join(lacking)}.",
                hint="Set it in the environment or in .env, or use the provider mock, which is free.",
            )
        known = ", ".join(sorted({*self.profiles, *self.missing, *self.broken}))
        raise UnknownProvider(f"There is no provider called {name!r}. Known: {known}.")

    def local_profile(self) -> ProviderProfile:
        """The provider that makes clips on this machine for nothing. Raises ``NotConfigured`` where there is none."""
        found = next((p for p in self.profiles.values() if p.is_local and p.is_free), None)
        if found is None:
            raise NotConfigured("No provider that works on this machine is set up.")
        return found

    def complete(self, wanted: ProjectSettings, *, has_reference: bool = True) -> ProjectSettings:
        """``wanted`` with every gap filled; ``has_reference`` False: there is no picture, and none can come. Raises
        ``UnknownProvider`` and ``BadInput``: a size not sold, or a model that needs a picture where there is none."""
        usual = self.read_workspace()
        is_usual = not wanted.provider or wanted.provider == usual.provider
        wanted = _laid_over(wanted, usual, model=usual.model if is_usual else "")
        profile = self.profile(wanted.provider, wanted.model)
        if profile.needs_reference and not has_reference:
            model = wanted.model or profile.models[0]
            raise BadInput(
                f"{profile.title}'s {model} needs a reference picture.", hint="Add one, or choose another model."
            )
        size = wanted.size or profile.sizes[0]
        if size not in profile.sizes:
            raise BadInput(f"{profile.title} does not make {size}. It makes {', '.join(profile.sizes)}.")
        return wanted.model_copy(
            update={
                "provider": profile.name,
                "model": wanted.model or profile.models[0],
                "size": size,
                "budget_usd": self.default_budget_usd if wanted.budget_usd is None else wanted.budget_usd,
                "retry_policy": wanted.retry_policy
                if "retry_policy" in wanted.model_fields_set
                else RetryPolicy(max_attempts=usual.max_attempts or self.settings.max_retry_attempts),
            }
        )

    def constraints(self, settings: ProjectSettings) -> PlanConstraints:
        """What a plan for the project's provider and pace must keep to."""
        return PlanConstraints(
            words_per_minute=settings.words_per_minute,
            durations_seconds=self.profile(settings.provider, settings.model).durations_seconds,
            default_clip_seconds=self.settings.default_clip_duration,
        )

    def single_seconds(self, settings: ProjectSettings, *, prompt: str, seconds: int) -> int:
        """The length of a single clip, checked with its prompt. Raises ``BadInput``."""
        profile = self.profile(settings.provider, settings.model)
        if not prompt:
            raise BadInput("Write a prompt first.")
        if profile.prompt_length(prompt) > profile.prompt_limit_characters:
            raise BadInput(
                f"The prompt has {profile.prompt_length(prompt):,} characters; "
                f"{profile.title} takes {profile.prompt_limit_characters:,}."
            )
        seconds = seconds or profile.fit_seconds(self.settings.default_clip_duration)
        if seconds not in profile.durations_seconds:
            offered = ", ".join(str(s) for s in profile.durations_seconds)
            raise BadInput(f"{profile.title} makes clips of {offered} s, not {seconds} s.")
        return seconds


def _laid_over(wanted: ProjectSettings, usual: WorkspaceSettings, *, model: str) -> ProjectSettings:
    """``wanted`` with what the workspace says where it says nothing."""
    filled = {
        "provider": wanted.provider or usual.provider,
        "model": wanted.model or model,
        "budget_usd": usual.budget_usd if wanted.budget_usd is None else wanted.budget_usd,
    }
    for name in ("words_per_minute", "on_failed"):
        said = getattr(usual, name)
        if said is not None and name not in wanted.model_fields_set:
            filled[name] = said
    return wanted.model_copy(update=filled)
