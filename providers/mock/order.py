"""What passes between the mock provider and the child process that makes a clip."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from providers.mock.defects import Defect


class StudioOrder(BaseModel):
    """What to make. Sizes in pixels; ``look_seed`` is shared by clips that belong together. ``picture`` names, by its
    content, the picture to show in place of a landscape; it is left out where there is none, so that clips made before
    pictures are found again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: str
    seconds: int
    width: int
    height: int
    look_seed: int
    shape_seed: int
    left_tag: str = ""
    right_tag: str = ""
    defect: Defect | None = None
    picture: str = Field(default="", exclude_if=lambda name: not name)


class StudioResult(BaseModel):
    """How it went: ``note`` says what the clip lacks, ``error_message`` why there is none."""

    note: str = ""
    error_code: str = ""
    error_message: str = ""
