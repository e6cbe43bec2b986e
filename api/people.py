"""Projects shared with others, over REST. Where nobody signs in, every change is refused as ``not_configured``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from api.bodies import InvitedPerson, InvitePerson, LeftProject, TakenUp
from api.dependencies import PathId, RunningApp
from api.errors import documented
from api.sign_in.caller import address_of
from orchestrator.schema.member import Person

router = APIRouter(prefix="/v1", tags=["people"])

Email = Annotated[str, Path(max_length=254, description="The address that was invited.")]


@router.get("/video/projects/{id}/people", summary="Who works on a project", responses=documented(404))
def read_people(id: PathId, app: RunningApp) -> list[Person]:
    """The owner first, then those who were invited, with their roles."""
    return list(app.views.people(id))


@router.put("/video/projects/{id}/people", summary="Invite somebody", responses=documented(404, 409, 413))
def invite_person(id: PathId, body: InvitePerson, app: RunningApp, request: Request) -> InvitedPerson:
    """By e-mail address, as `creator`, `reviewer` or `viewer`; again with another role it changes that. It counts once
    somebody signs in with that address, confirmed. Until then each call writes to them, at most once a minute."""
    mail = app.service.invite(id, body.email, body.role, address=address_of(request, app.settings))
    return InvitedPerson(people=list(app.views.people(id)), mail=mail.state)


@router.delete("/video/projects/{id}/people/{email}", summary="Take a project away", responses=documented(404))
def remove_person(id: PathId, email: Email, app: RunningApp) -> list[Person]:
    """From somebody who was invited, at once. What they did stays."""
    app.service.remove_member(id, email)
    return list(app.views.people(id))


@router.post("/video/projects/{id}/leave", summary="Leave somebody's project", responses=documented(404, 409))
def leave_project(id: PathId, app: RunningApp) -> LeftProject:
    """Refused to its owner."""
    app.service.leave(id)
    return LeftProject(id=id)


@router.post("/invitations", summary="Take up one's invitations")
def take_up_invitations(app: RunningApp) -> TakenUp:
    """Join every project that one's confirmed address was invited to. Asking again changes nothing."""
    return TakenUp(projects=app.service.take_up_invitations())
