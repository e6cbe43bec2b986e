"""Which version of a project somebody has before them: ``ETag`` on what is answered, ``If-Match`` on a change."""

from __future__ import annotations

from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Depends, Header, Response

from orchestrator.errors import BadInput


class HasVersion(Protocol):
    @property
    def version(self) -> int: ...


View = TypeVar("View", bound=HasVersion)


class Version:
    """``seen`` is what a command takes: None where the caller did not say what they saw."""

    def __init__(self, response: Response, seen: dict[str, Any] | None) -> None:
        self._response, self.seen = response, seen

    def tag(self, view: View) -> View:
        """The same view, with its version as the answer's ``ETag``."""
        self._response.headers["ETag"] = f'"{view.version}"'
        return view


IF_MATCH = "The `version` of the project that was seen, in quotes. With another one nothing is changed: 409."


async def _read(
    response: Response,
    if_match: Annotated[str | None, Header(max_length=100, description=IF_MATCH)] = None,
) -> Version:
    """Raises ``BadInput`` for what is no version of ours."""
    if if_match is None or if_match.strip() == "*":
        return Version(response, None)
    number = if_match.strip().removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise BadInput('If-Match must be the version of a project, in quotes, such as “"7"”.')
    return Version(response, {"version": int(number)})


async def _answered(response: Response) -> Version:
    return Version(response, None)


Answered = Annotated[Version, Depends(_answered)]
OfVersion = Annotated[Version, Depends(_read)]
