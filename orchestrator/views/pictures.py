"""What may be given as a picture. Nothing here writes."""

from __future__ import annotations

from orchestrator.db.models import BriefRow, PlanRow
from orchestrator.db.records import brief_of, clip_of, newest
from orchestrator.media.pictures import FORMATS, PIXELS_MAX, UPLOAD_BYTES_MAX
from orchestrator.scene_crafter import characters_of
from orchestrator.schema.picture import PictureLimits
from orchestrator.views.base import Reads
from providers.base import ProviderProfile


class PictureReads(Reads):
    def picture_limits(self, provider: str = "", model: str = "") -> PictureLimits:
        """What can be added, and what that model of that provider does with it. A provider's own rules need no
        telling: a picture is brought to them when it is sent. Raises ``UnknownProvider``."""
        profile = self._choices.profile(provider, model)
        return PictureLimits(
            max_bytes=UPLOAD_BYTES_MAX,
            max_megapixels=PIXELS_MAX // 1_000_000,
            formats=FORMATS,
            is_taken=profile.supports_reference,
            is_needed=profile.needs_reference,
            note=_note(profile, model or profile.models[0]),
        )

    def appearances(self, project_id: str) -> tuple[tuple[int, ...], ...]:
        """Of each character of a project's draft, in their order: the clips of the newest plan they are in, counted as
        they play."""
        with self._database.read() as session:
            draft, plan = newest(session, BriefRow, project_id), newest(session, PlanRow, project_id)
            cast = brief_of(draft).characters if draft else ()
            order = sorted(plan.clips, key=lambda c: c.order_key) if plan else []
            seen = [characters_of(clip_of(clip), cast) for clip in order]
        return tuple(tuple(place for place, there in enumerate(seen, start=1) if one in there) for one in cast)


def _note(profile: ProviderProfile, model: str) -> str:
    title = profile.title if len(profile.models) == 1 else f"{profile.title}'s {model}"
    if not profile.supports_reference:
        return f"{title} makes no clips from a picture: it is kept, and not sent there."
    lengths = profile.reference.durations_seconds if profile.reference else ()
    only = f" Only clips of {' or '.join(map(str, lengths))} s can." if lengths else ""
    verb = "needs a picture to start from" if profile.needs_reference else "lets the clip start from this picture"
    return f"{title} {verb}, cropped to the clip's shape.{only}"
