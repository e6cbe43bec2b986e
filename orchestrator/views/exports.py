"""What plans are written as for other programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from orchestrator.db.exports import assets_by_id, assets_of
from orchestrator.db.models import AssetRow, ClipRow, PlanRow, RunRow
from orchestrator.db.queries import newest_render, plan_with_takes
from orchestrator.db.records import fetch, settings_of
from orchestrator.db.session import Session
from orchestrator.decisions import judgement
from orchestrator.errors import BadInput, NotFound, explain
from orchestrator.exports import media_name, safe_name, write_export, write_package
from orchestrator.presentation import url
from orchestrator.renders import build_plan_timeline, is_current
from orchestrator.schema.assessment import Assessment, CheckName
from orchestrator.schema.export import ExportClip, ExportFile, ExportFilm, ExportFormat, ExportTake
from orchestrator.schema.status import RenderStatus
from orchestrator.views.core import CoreViews

DEFAULT_ORIGIN = "http://127.0.0.1:8501"
_CAPTIONS = (ExportFormat.SRT, ExportFormat.VTT)
_CALLS_MAX = 100_000


class ExportReads(CoreViews):
    """What plans are written as for other programs."""

    def export(self, plan_id: str, form: ExportFormat | str, *, origin: str = DEFAULT_ORIGIN) -> ExportFile:
        """A plan as timeline, captions or JSON; media are named by their addresses at ``origin``. Raises ``BadInput``
        for a form there is none of, and for a package, which ``export_package`` writes."""
        form = read_form(form)
        if form is ExportFormat.PACKAGE:
            raise BadInput("A package is written to a file. Ask for it by its own route.")
        if form is ExportFormat.JSON:
            name, text = self.plan(plan_id).project_name, self._everything(plan_id)
        else:
            film = self._film(plan_id, is_as_rendered=form in _CAPTIONS)
            name, text = film.name, write_export(film, form, link=lambda _, take: f"{origin}{url(take.asset_id)}")
        content = text.encode("utf-8", errors="replace")
        return ExportFile(filename=f"{safe_name(name)}{form.suffix}", mime=form.mime, content=content)

    def export_package(self, plan_id: str, target: IO[bytes]) -> ExportFile:
        """Write everything there is of a plan to ``target``, a zip: its media, the film and all forms. What it should
        be called. Raises ``NotFound`` for an unknown plan and ``StorageFull``."""
        film, captioned = self._film(plan_id), self._film(plan_id, is_as_rendered=True)
        texts = {
            f"timeline{form.suffix}": write_export(film, form, link=media_name)
            for form in (ExportFormat.OTIO, ExportFormat.FCPXML, ExportFormat.FCP7XML, ExportFormat.EDL)
        }
        texts |= {f"captions{form.suffix}": write_export(captioned, form, link=media_name) for form in _CAPTIONS}
        texts["plan.json"] = self._everything(plan_id)
        files, missing = self._media(plan_id, film)
        texts["README.txt"] = _read_me(film, has_film="film.mp4" in files, missing=missing)
        try:
            write_package(target, texts=texts, files=files)
        except OSError as error:
            raise explain(error) or error from None
        form = ExportFormat.PACKAGE
        return ExportFile(filename=f"{safe_name(film.name)}{form.suffix}", mime=form.mime)

    def _film(self, plan_id: str, *, is_as_rendered: bool = False) -> ExportFilm:
        """The plan's cut, with gaps for missing takes; ``is_as_rendered``: without them, if the newest film is of what
        there is now and does without them too."""
        with self._database.read() as session:
            plan = plan_with_takes(session, fetch(session, PlanRow, plan_id).id)
            render = newest_render(session, plan_id)
            has_gaps = not (is_as_rendered and render and is_current(render, plan))
            timeline = build_plan_timeline(plan, settings_of(plan).transition, has_slates=has_gaps)
            assets = assets_of(session, (run for clip in plan.clips for run in clip.runs))
            order = sorted(plan.clips, key=lambda clip: clip.order_key)
            return ExportFilm(
                name=plan.project.name,
                timeline=timeline,
                clips=tuple(
                    _export_clip(clip, place, assets)
                    for place, clip in enumerate(order, start=1)
                    if has_gaps or clip.accepted_run_id
                ),
            )

    def _everything(self, plan_id: str) -> str:
        """Plan, takes with their assessments, and what they cost, as JSON."""
        plan, takes = self.plan(plan_id), self.takes_of_plan(plan_id)
        project = self.project(plan.project_id)
        told: dict[str, Any] = {
            "format": "video-orchestrator-plan",
            "version": 1,
            "brief": project.brief.model_dump(mode="json"),
            "script": project.script,
            "plan": plan.model_dump(mode="json"),
            "takes": {clip.id: [t.model_dump(mode="json") for t in takes[clip.id]] for clip in plan.clips},
            "spend": {
                "cost_usd": plan.cost_usd,
                "project_usd": plan.spent_usd,
                "calls": [
                    call.model_dump(mode="json") for call in self.calls(project_id=plan.project_id, limit=_CALLS_MAX)
                ],
            },
        }
        return json.dumps(told, ensure_ascii=False, indent=2)

    def _media(self, plan_id: str, film: ExportFilm) -> tuple[dict[str, Path], list[str]]:
        """(files by their names in a package, names of those that are gone)."""
        wanted = {media_name(clip, take): take.asset_id for clip in film.clips for take in clip.takes}
        with self._database.read() as session:
            wanted |= _film_asset(session, plan_id)
            assets = assets_by_id(session, wanted.values())
        files: dict[str, Path] = {}
        missing: list[str] = []
        for name, asset_id in wanted.items():
            try:
                files[name] = self._store.local_path(assets[asset_id].storage_key)
            except (NotFound, KeyError):  # no file, or no row any more
                missing.append(name)
        return files, missing


def read_form(form: str) -> ExportFormat:
    """Raises ``BadInput`` that names the forms there are."""
    try:
        return ExportFormat(form)
    except ValueError:
        raise BadInput(f"There is no export called {form!r}. There are {', '.join(ExportFormat)}.") from None


def _film_asset(session: Session, plan_id: str) -> dict[str, str]:
    """The newest film, whole or partial."""
    found = (newest_render(session, plan_id, is_partial=is_partial) for is_partial in (False, True))
    done = [row for row in found if row and row.status == RenderStatus.DONE and row.asset_id]
    return {"film.mp4": max(done, key=lambda row: row.created_at).asset_id or ""} if done else {}


def _export_clip(clip: ClipRow, place: int, assets: Mapping[str | None, AssetRow]) -> ExportClip:
    stored = ((run, assets[run.asset_id]) for run in clip.runs if run.asset_id in assets)
    takes = tuple(_export_take(run, asset) for run, asset in stored if asset.duration_seconds)
    return ExportClip(place=place, scene=clip.scene.title, speaker=clip.speaker, line=clip.text, takes=takes)


def _export_take(run: RunRow, asset: AssetRow) -> ExportTake:
    assessment = judgement(run)
    return ExportTake(
        attempt=run.attempt,
        asset_id=asset.id,
        seconds=asset.duration_seconds or 0.0,
        is_accepted=run.clip.accepted_run_id == run.id,
        provider=run.provider,
        model=run.model,
        verdict=assessment.verdict if assessment else None,
        score=assessment.score if assessment else None,
        summary=assessment.summary if assessment else "",
        findings=tuple(f for check in assessment.checks.values() for f in check.findings) if assessment else (),
        words=_heard(assessment),
    )


def _heard(assessment: Assessment | None) -> tuple[tuple[str, float, float], ...]:
    check = assessment.checks.get(CheckName.TRANSCRIPT_MATCH) if assessment else None
    words = check.evidence.get("words", ()) if check else ()
    return tuple((str(word), float(start), float(end)) for word, start, end in words)


def _read_me(film: ExportFilm, *, has_film: bool, missing: list[str]) -> str:
    seconds, count = film.timeline.duration_seconds, len(film.clips)
    gaps = [clip.place for clip in film.clips if clip.accepted is None]
    lines = [
        film.name,
        "",
        f"{count} clip{'s' * (count != 1)}, {seconds:.1f} s at {film.timeline.fps} frames per second.",
        *(["film.mp4          the film as it was rendered last"] if has_film else []),
        "media/            every take; clip-03-take-2.mp4 is the second take of the third clip",
        "timeline.otio     OpenTimelineIO: takes, alternates, transitions, findings as markers",
        "timeline.fcpxml   Final Cut Pro, DaVinci Resolve",
        "timeline.xml      Premiere Pro, DaVinci Resolve (Final Cut Pro 7 XML)",
        "timeline.edl      CMX 3600: cuts and dissolves only",
        "captions.srt, captions.vtt",
        "plan.json         the plan, every take with its assessment, what it cost",
        "",
        "Keep the timelines beside the folder media: they name it by relative paths. If an editor asks for the media,",
        "point it at that folder.",
    ]
    if gaps:
        lines += ["", f"Clips without an accepted take are gaps: {', '.join(map(str, gaps))}."]
    if missing:
        lines += ["", f"No longer on the disk: {', '.join(missing)}."]
    return "\n".join(lines) + "\n"
