"""A workspace of any size, written straight into the tables in bulk: films in every state, their takes with what was
measured, paid and said of them, and single clips."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert

from orchestrator.db import models as rows
from orchestrator.db.models import new_id
from orchestrator.db.session import Database
from orchestrator.schema.assessment import Assessment, CheckName, CheckResult, CheckStatus, Finding, Verdict
from orchestrator.schema.project import ProjectSettings
from providers.base import CreateClipInput

_SETTINGS = ProjectSettings(provider="mock", model="mock-1", size="320x180", budget_usd=500.0).model_dump(mode="json")
_PROVIDERS = (("mock", "mock-1"), ("sora", "sora-2"), ("runway", "gen4.5"))
_LINE = "The lamp is lit before dawn, and somebody waits beside the water for the first boat."
_STATES = ("incomplete", "running", "paused", "archived", "deleted", "completed")
_DEFECTS = (CheckName.CONTINUITY, CheckName.NO_ARTIFACTS, CheckName.VISUAL_REQUIREMENTS)
_CLIP_SECONDS = 8
_CLIPS_DECIDED = 4  # of the newest film, so that however little there is, people said something of it
_FILMS_AT_ONCE = 50
_AGE_STEP = timedelta(hours=4)  # between one film and the next


class Extent(NamedTuple):
    """``projects`` films of ``clips`` clips, and ``singles`` single clips, all with ``takes`` takes. Of less than 6
    projects, 4 clips, 2 takes and 8 single clips not every read finds something."""

    projects: int = 1_000
    clips: int = 25
    takes: int = 2
    singles: int = 1_000


class Ids(NamedTuple):
    """One row of each kind to ask about: of a film that waits for people, and of a single clip with variations."""

    project: str
    plan: str
    clip: str
    run: str
    render: str
    video: str
    single: str
    deleted_singles: tuple[str, ...]


def seed(database: Database, extent: Extent, *, now: datetime) -> Ids:
    """Fill an empty database; the newest film is as old as ``now``. The first six films are in each state one."""
    with database.engine.execution_options(is_write=True).begin() as connection:
        work = _Seeding(connection, extent, now)
        for number in range(extent.projects):
            work.add_film(number)
            if number % _FILMS_AT_ONCE == 0:
                work.write()
        work.add_singles()
        work.write()
        return work.ids()


class _Seeding:
    """Rows are gathered by table and written in the order in which they name each other."""

    def __init__(self, connection: Connection, extent: Extent, now: datetime) -> None:
        self._connection, self._extent, self._now = connection, extent, now
        self._rows: defaultdict[type[rows.Base], list[dict[str, Any]]] = defaultdict(list)
        self._numbers = count()
        self._bodies = {(verdict, check): _body(verdict, check) for verdict in Verdict for check in _DEFECTS}
        self._ids: dict[str, str] = {}
        self._deleted: list[str] = []

    def ids(self) -> Ids:
        return Ids(**self._ids, deleted_singles=tuple(self._deleted[:20]))

    def write(self) -> None:
        for table in rows.Base.metadata.sorted_tables:
            kind = next((kind for kind in self._rows if kind.__tablename__ == table.name), None)
            if kind is not None:
                self._connection.execute(insert(kind), self._rows.pop(kind))

    def add_film(self, number: int) -> None:
        at = self._now - _AGE_STEP * number
        state = _state(number)
        project_id, plan_id = self._add_plan(number, at, state=state)
        scenes = [
            self._add(rows.SceneRow, clip_plan_id=plan_id, position=n + 1, title=f"Scene {n + 1}", created_at=at)
            for n in range(-(-self._extent.clips // 5))
        ]
        accepted: list[str] = []
        for place in range(1, self._extent.clips + 1):
            status = _clip_status(state, place)
            run_id = self._add_clip(project_id, plan_id, scenes[(place - 1) // 5], place, status, at)
            accepted += [run_id] if status == "passed" else []
        if number == 0:
            self._ids |= {"project": project_id, "plan": plan_id}
        for film in range(2 if state in ("completed", "incomplete", "archived", "deleted") else 1):
            self._add_render(project_id, plan_id, accepted, at + timedelta(hours=1 + film), state, film)
        for edit in range(12):
            self._add(
                rows.EditRow, project_id=project_id, kind="order", label=f"Moved clip {edit}", made_by="Ann",
                before={"order": accepted}, after={"order": accepted[::-1]}, created_at=at + timedelta(minutes=edit),
            )  # fmt: skip
        if number % 4 == 0:
            self._add(rows.AnimaticRow, clip_plan_id=plan_id, created_at=at, updated_at=at)

    def add_singles(self) -> None:
        """In one project, each in a plan of its own; each fourth wish has four variations, each fifth was deleted."""
        project_id = self._add(
            rows.ProjectRow, name="Single clips", kind="single", settings=_SETTINGS, created_at=self._now,
            updated_at=self._now, archived_at=None, deleted_at=None,
        )  # fmt: skip
        brief_id, script_id = self._add_papers(project_id, self._now)
        wish_id = ""
        for number in range(self._extent.singles):
            at = self._now - timedelta(hours=1) * number
            is_open = 3 < number < 5 + self._extent.singles // 200
            plan_id = self._add(
                rows.PlanRow, **_plan(project_id, brief_id, script_id, "running" if is_open else "completed", at)
            )
            scene_id = self._add(rows.SceneRow, clip_plan_id=plan_id, position=1, title="", created_at=at)
            clip_id = new_id()
            wish_id = wish_id if number % 8 in (1, 2, 3) else clip_id
            is_deleted = number % 8 == 6
            self._add_clip(
                project_id, plan_id, scene_id, 1, "generating" if is_open else "passed", at,
                id=clip_id, variation_of=wish_id if number % 8 < 4 else "", removed_at=at if is_deleted else None,
            )  # fmt: skip
            if number == 0:
                self._ids["single"] = clip_id
            self._deleted += [clip_id] if is_deleted else []

    def _add_plan(self, number: int, at: datetime, *, state: str) -> tuple[str, str]:
        project_id = self._add(
            rows.ProjectRow, name=f"{_NAMES[number % len(_NAMES)]} {number}", kind="film", settings=_SETTINGS,
            created_at=at, updated_at=at, archived_at=at if state == "archived" else None,
            deleted_at=at if state == "deleted" else None,
        )  # fmt: skip
        brief_id, script_id = self._add_papers(project_id, at)
        status = state if state in ("incomplete", "running", "paused") else "completed"
        return project_id, self._add(rows.PlanRow, **_plan(project_id, brief_id, script_id, status, at))

    def _add_papers(self, project_id: str, at: datetime) -> tuple[str, str]:
        style_id = self._add(rows.StyleBibleRow, project_id=project_id, name="", body={}, created_at=at)
        brief_id = self._add(rows.BriefRow, project_id=project_id, style_bible_id=style_id, created_at=at)
        for place, name in enumerate(("Mara", "Ivo")):
            self._add(
                rows.CharacterBibleRow, project_id=project_id, content_brief_id=brief_id, position=place, name=name,
                body={"name": name}, created_at=at,
            )  # fmt: skip
        text = "\n\n".join([_LINE] * self._extent.clips)
        return brief_id, self._add(rows.ScriptRow, project_id=project_id, text=text, created_at=at)

    def _add_clip(
        self, project_id: str, plan_id: str, scene_id: str, place: int, status: str, at: datetime, **values: Any
    ) -> str:
        """A clip with its takes; the id of the last one, or of the first where that was accepted."""
        number = next(self._numbers)
        clip_id = values.pop("id", "") or new_id()
        run_ids = [new_id() for _ in range(self._extent.takes)]
        is_first_accepted = status == "passed" and number % 5 < 3
        shown = run_ids[0] if is_first_accepted else run_ids[-1]
        known = {"variation_of": "", "removed_at": None, **values}
        self._add(
            rows.ClipRow, id=clip_id, clip_plan_id=plan_id, scene_id=scene_id, position=place, order_key=place,
            text=_LINE, words=16, seconds=_CLIP_SECONDS, visual_intent="A harbour before dawn", acceptance=["A lamp"],
            status=status, accepted_run_id=shown if status == "passed" else None, reason="", speaker="Mara",
            created_at=at, updated_at=at + timedelta(minutes=place), **known,
        )  # fmt: skip
        is_begun = status != "pending"
        for attempt, run_id in enumerate(run_ids if is_begun else [], start=1):
            is_last = attempt == len(run_ids)
            verdict = Verdict.PASS if run_id == shown and status == "passed" else Verdict.FAIL
            verdict = Verdict.NEEDS_REVIEW if status == "needs_review" and is_last else verdict
            is_open, is_lost = is_last and status == "generating", is_last and status == "failed" and place % 2 == 0
            self._add_take(
                project_id, clip_id, run_id, attempt, number, at + timedelta(minutes=place + 5 * attempt),
                verdict=None if is_open or is_lost else verdict, is_open=is_open,
            )  # fmt: skip
        if status == "needs_review":
            self._ids.setdefault("clip", clip_id)
            self._ids.setdefault("run", run_ids[0])
        if number % 9 == 0 and len(run_ids) > 1 and is_begun:
            self._add(
                rows.PreferenceRow, chosen_run_id=run_ids[1], other_run_id=run_ids[0], is_blind=True, made_by="Ann",
                created_at=at,
            )  # fmt: skip
        return shown

    def _add_take(
        self, project_id: str, clip_id: str, run_id: str, attempt: int, number: int, at: datetime, *,
        verdict: Verdict | None, is_open: bool,
    ) -> None:  # fmt: skip
        """``verdict`` is None for a take that no provider delivered, or ``is_open``: not yet."""
        is_refused, is_looked_at = number % 97 == 0 and not verdict, verdict is not None and number % 5 == 0
        provider, model = _PROVIDERS[number % len(_PROVIDERS)]
        settled = None if is_open else at + timedelta(minutes=3)
        video_id = self._add_asset(project_id, "clip", at) if verdict else None
        poster_id = self._add_asset(project_id, "poster", at) if verdict else None
        request = CreateClipInput(key=run_id, prompt=_LINE * 4, model=model, seconds=_CLIP_SECONDS, size="320x180")
        self._add(
            rows.RunRow, id=run_id, clip_id=clip_id, attempt=attempt, status="generating" if is_open else "settled",
            provider=provider, model=model, request=request.model_dump(mode="json"), asset_id=video_id,
            poster_asset_id=poster_id, error_code="" if verdict or is_open else "needs_decision", created_at=at,
            cost_usd=(0.0 if is_refused else 0.8) + (0.01 if is_looked_at else 0.0),
            updated_at=at, settled_at=settled,
        )  # fmt: skip
        self._add(
            rows.ProviderCallRow, key=run_id, project_id=project_id, clip_run_id=run_id, provider=provider, model=model,
            endpoint="", request_hash="0" * 64, state="refused" if is_refused else "accepted",
            generation_id=new_id(), cost_usd=0.8, estimated_usd=0.8, owner="bench", sends=1, send_by=at, sent_at=at,
            accepted_at=at + timedelta(seconds=2), finished_at=settled, created_at=at,
        )  # fmt: skip
        if verdict is None:
            return
        self._ids.setdefault("video", video_id or "")
        check = _DEFECTS[number % len(_DEFECTS)]
        score = 0.9 - number % 7 / 20 if verdict is Verdict.PASS else 0.4 + number % 5 / 20
        self._add(
            rows.AssessmentRow, clip_run_id=run_id, verdict=verdict, score=score, weight_run=1.0,
            body=self._bodies[verdict, check], created_at=at + timedelta(minutes=3),
        )  # fmt: skip
        if is_looked_at:
            self._add(
                rows.PerceptionCallRow, key=new_id(), project_id=project_id, clip_run_id=run_id, model="gpt-4o",
                endpoint="", state="answered", asks=1, owner="bench", ask_by=at, cost_usd=0.01, estimated_usd=0.01,
                created_at=at,
            )  # fmt: skip
        if number < _CLIPS_DECIDED or (number + attempt) % 50 == 1:
            is_whole = attempt > 1
            self._add(
                rows.OverrideRow, clip_run_id=run_id, check_name="" if is_whole else check, old_value="fail",
                new_value="approved" if is_whole else "pass", reason="Fine", made_by="Ann",
                created_at=at + timedelta(hours=1),
            )  # fmt: skip

    def _add_render(
        self, project_id: str, plan_id: str, accepted: list[str], at: datetime, state: str, film: int
    ) -> None:
        is_open = state == "running"
        timeline = {"fps": 30, "width": 320, "height": 180}
        timeline |= {"clips": [{"source": run_id, "frames": 30 * _CLIP_SECONDS} for run_id in accepted]}
        joints = max(0, len(accepted) - 1)
        timeline |= {"overlap_frames": [0] * joints, "transitions": [{"kind": "cut", "seconds": 0}] * joints}
        asset_id = None if is_open else self._add_asset(project_id, "render", at)
        render_id = self._add(
            rows.RenderRow, clip_plan_id=plan_id, status="rendering" if is_open else "done", timeline=timeline,
            transition="cut", asset_id=asset_id, missing_clips=int(state == "incomplete" and film > 0),
            created_at=at, updated_at=at,
        )  # fmt: skip
        self._ids.setdefault("render", render_id)
        if not is_open:
            self._add(
                rows.RatingRow, final_render_id=render_id, stars=1 + len(self._rows[rows.RatingRow]) % 5, made_by="Ann",
                created_at=at,
            )  # fmt: skip

    def _add_asset(self, project_id: str, kind: str, at: datetime) -> str:
        asset_id = new_id()
        return self._add(
            rows.AssetRow, id=asset_id, project_id=project_id, kind=kind, storage_key=f"{asset_id}.mp4",
            sha256="0" * 64, size_bytes=2_000_000, mime="image/jpeg" if kind == "poster" else "video/mp4",
            duration_seconds=float(_CLIP_SECONDS), width=320, height=180, created_at=at,
        )  # fmt: skip

    def _add(self, kind: type[rows.Base], /, **values: Any) -> str:
        row = {"id": new_id(), **values}
        self._rows[kind].append(row)
        return row["id"]


_NAMES = ("Harbour at dawn", "The lamp", "Winter wool", "A boat comes in", "Über uns")


def _state(number: int) -> str:
    """Of the first six films one each; of the rest three in a hundred wait for people, and eight are put away."""
    if number < len(_STATES):
        return _STATES[number]
    kinds = {10: "incomplete", 30: "incomplete", 50: "incomplete", 20: "deleted", 40: "deleted"}
    kinds |= dict.fromkeys((60, 61, 62, 63, 64, 65), "archived")
    return "running" if number in (100, 200) else kinds.get(number % 100, "completed")


def _clip_status(state: str, place: int) -> str:
    """Of a film that waits for people: one to decide on, one lost and one given up in front of those that passed."""
    if state == "incomplete":
        return {1: "needs_review", 2: "failed", 3: "failed"}.get(place, "passed")
    if state in ("running", "paused"):
        return {1: "generating" if state == "running" else "passed", 2: "pending"}.get(place, "passed")
    return "passed"


def _plan(project_id: str, brief_id: str, script_id: str, status: str, at: datetime) -> dict[str, Any]:
    return {
        "project_id": project_id,
        "content_brief_id": brief_id,
        "script_id": script_id,
        "status": status,
        "settings": _SETTINGS,
        "plan": {"text": _LINE * 25},
        "words_per_minute": 140,
        "max_attempts": 3,
        "total_seconds": 200,
        "spoken_words": 400,
        "is_parked": status != "running",
        "started_at": at,
        "finished_at": at + timedelta(minutes=20) if status == "completed" else None,
        "created_at": at,
        "updated_at": at + timedelta(minutes=20),
    }


def _body(verdict: Verdict, defect: CheckName) -> dict[str, Any]:
    """What is kept of an assessment, as long as a real one: 3 kB, most of it the evidence."""
    checks = {name: _check(name, is_failed=name is defect and verdict is not Verdict.PASS) for name in CheckName}
    found = Assessment(verdict=verdict, score=0.7, weight_run=1.0, checks=checks, summary="Measured for the bench.")
    return json.loads(found.model_dump_json())


def _check(name: CheckName, *, is_failed: bool) -> CheckResult:
    words = [[word, round(0.4 * place, 2), round(0.4 * place + 0.3, 2)] for place, word in enumerate(_LINE.split())]
    frames = [{"at_seconds": round(0.37 * n, 3), "sharpness": 0.8123 + n / 1e4, "luma": 0.41} for n in range(8)]
    finding = Finding(code=f"{name}_bad", message="It does not look as it should.", start_seconds=1.0, end_seconds=2.0)
    return CheckResult(
        status=CheckStatus.FAIL if is_failed else CheckStatus.PASS,
        score=0.3 if is_failed else 0.95,
        findings=(finding,) if is_failed else (),
        evidence={"words": words} if name is CheckName.TRANSCRIPT_MATCH else {"frames": frames},
    )
