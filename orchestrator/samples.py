"""The sample film: a short script with a brief, made on this machine for nothing, and one take that goes wrong."""

from __future__ import annotations

from pathlib import Path

from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_run import RetryPolicy
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.timeline import Transition, TransitionKind
from providers.base import ProviderProfile

SAMPLE_KEY = "the-sample-film"
_EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
_SIZE = "640x360"
# Sunrise in the first scene, stars in the second, as the script has it.
_SEED = 167
# The first take of the second clip says other words than it was given; the second take says the right ones.
_REHEARSAL = "2=wrong_words"


def read_sample() -> tuple[str, ContentBrief]:
    """(script, brief) of the sample film."""
    import yaml

    brief = yaml.safe_load((_EXAMPLES / "sample_film.yaml").read_text(encoding="utf-8"))
    script = (_EXAMPLES / "sample_film.txt").read_text(encoding="utf-8")
    return script, ContentBrief.model_validate(brief)


def sample_settings(profile: ProviderProfile) -> ProjectSettings:
    """Small pictures, soft joints, and no other provider, whatever happens: the sample costs nothing."""
    return ProjectSettings(
        provider=profile.name,
        model=profile.models[0],
        size=profile.fit_size(_SIZE),
        seed=_SEED,
        retry_policy=RetryPolicy(has_fallbacks=False),
        transition=Transition(kind=TransitionKind.CROSSFADE, seconds=0.5),
        rehearsal=_REHEARSAL,
    )
