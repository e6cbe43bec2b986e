"""The command line. ``--json`` prints one JSON object on stdout and nothing else; logs go to stderr.

Exit codes: 0 done, 1 failed with the reason, 2 bad input.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.arguments import (
    check_writable,
    project_settings,
    read_brief,
    read_on_failed,
    read_policy,
    read_script,
)
from orchestrator.console import Json, draw_items, draw_takes, finish, print_json, report_errors, say, write
from orchestrator.errors import (
    Away,
    BadInput,
    CannotWrite,
    FilmIncomplete,
    NotConfigured,
    UnreadableMedia,
    explain,
)
from orchestrator.transferring import transfer

if TYPE_CHECKING:
    from orchestrator.bootstrap import App
    from orchestrator.schema.calibration import Figures
    from orchestrator.schema.view import PlanView, RenderView

_TICK_SECONDS = 0.25

cli = typer.Typer(
    name="orchestrator",
    help="A script becomes a finished film: planned, generated, checked, repaired, assembled.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.command()(transfer)

Script = Annotated[Path, typer.Argument(help="The script, a UTF-8 text file; - reads stdin.")]
Brief = Annotated[Path | None, typer.Option("--brief", help="A YAML file with objective, audience, tone, style ...")]
Provider = Annotated[str, typer.Option(help="Who makes the clips; the configured default when left out.")]
Pace = Annotated[int, typer.Option("--wpm", help="Words spoken per minute, 90 to 200.")]


class Schema(StrEnum):
    CLIP_PLAN = "clip-plan"
    BRIEF = "brief"


@cli.command()
def film(
    script: Script,
    out: Annotated[Path, typer.Option(help="Where the finished MP4 goes.")],
    brief: Brief = None,
    provider: Provider = "",
    model: Annotated[str, typer.Option(help="One of the provider's models.")] = "",
    seed: Annotated[int, typer.Option(help="Same seed, same film (where the provider has seeds).")] = 0,
    size: Annotated[str, typer.Option(help="Width x height in pixels, one the provider makes.")] = "",
    wpm: Pace = 150,
    transition: Annotated[str, typer.Option(help="cut, crossfade:S, wipe:S or fade_black:S.")] = "cut",
    budget: Annotated[float | None, typer.Option(help="Most it may cost in US dollars.")] = None,
    max_attempts: Annotated[int | None, typer.Option(help="Takes per clip, 1 to 10; the first counts.")] = None,
    on_failed: Annotated[
        str, typer.Option(help="After a clip that failed: wait (make the others), halt, or skip (film without it).")
    ] = "",
    skip_failed: Annotated[bool, typer.Option("--skip-failed", help="The same as --on-failed skip.")] = False,
    is_partial: Annotated[
        bool, typer.Option("--partial", help="If clips stay missing, write what there is, with slates for them.")
    ] = False,
    new: Annotated[bool, typer.Option("--new", help="Start afresh instead of going on with the same film.")] = False,
    is_json: Json = False,
) -> None:
    """Make a film from a script. The same arguments again go on where an interrupted film stopped."""
    with report_errors(is_json=is_json):
        started = time.monotonic()
        text, content_brief = read_script(script), read_brief(brief)
        check_writable(out)
        settings = project_settings(
            provider=provider, model=model, seed=seed, size=size, wpm=wpm, transition=transition, budget=budget,
            max_attempts=max_attempts, on_failed=read_on_failed(on_failed, is_skipping=skip_failed),
        )  # fmt: skip
        with _app(is_engine_needed=False) as app:
            app.service.draft_plan(text, brief=content_brief, settings=settings)  # bad input is refused at once
            app.start()
            plan_id, how = app.service.open_film(
                script=text, brief=content_brief, settings=settings, name=content_brief.title or script.stem, is_new=new
            )
            say(_HOW[how])
            _say_cost(app.views.plan(plan_id))
            plan = _watch(app, plan_id, is_quiet=is_json)
            render_path = _collect(app, plan, out)
            is_wanted = is_partial and render_path is None
            partial_path = _make_partial(app, plan.id, out, is_quiet=is_json) if is_wanted else None
        report = _report(plan, render_path=render_path, wall_seconds=time.monotonic() - started, how=how)
        report["partial_path"] = str(partial_path) if partial_path else None
        if render_path is None:
            hint = _PAY if plan.pause_cause == "budget_exceeded" else _NEXT
            raise FilmIncomplete(_why_incomplete(plan), hint=hint).with_report(report)
        if plan.missing:
            say(plan.message)
        finish(report, f"{render_path}", is_json=is_json)


@cli.command()
def plan(script: Script, brief: Brief = None, provider: Provider = "", wpm: Pace = 150, is_json: Json = False) -> None:
    """Cut a script into clips and print the plan as JSON. Nothing is generated."""
    with report_errors(is_json=is_json):
        settings = project_settings(provider=provider, wpm=wpm)
        with _app(is_engine_needed=False) as app:
            clip_plan = app.service.draft_plan(read_script(script), brief=read_brief(brief), settings=settings)
        print_json(clip_plan.model_dump(mode="json"))


@cli.command()
def assess(
    video: Annotated[Path, typer.Argument(help="The clip to look at.")],
    target_seconds: Annotated[float, typer.Option(min=0.1, help="How long it should be.")],
    text: Annotated[str, typer.Option(help="What should be said in it; empty when nothing.")] = "",
    language: Annotated[str, typer.Option(help="Language of the text, as en, de, fr ...")] = "en",
    is_json: Json = False,
) -> None:
    """Check one clip: what is said, how it looks, how long it is. Exit code 0 whatever the verdict, 2 for no video."""
    import asyncio

    with report_errors(is_json=is_json), _app(is_engine_needed=False) as app:
        result = asyncio.run(app.files.assess(video, text=text, target_seconds=target_seconds, language=language))
        if "unreadable" in result.vetoes:
            raise UnreadableMedia(result.summary.split(" Not run:")[0]).with_report(result.model_dump(mode="json"))
        finish(result.model_dump(mode="json"), f"{result.verdict}: {result.summary}", is_json=is_json)


@cli.command()
def assemble(
    clips: Annotated[list[Path] | None, typer.Argument(help="Clips in playing order.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the finished MP4 goes.")] = None,
    transition: Annotated[str, typer.Option(help="cut, crossfade:S, wipe:S or fade_black:S.")] = "cut",
    is_json: Json = False,
) -> None:
    """Join clips into one MP4."""
    import asyncio

    from orchestrator.assembler import parse_transition

    with report_errors(is_json=is_json):
        if not clips:
            raise BadInput("Name at least one clip to assemble.")
        if out is None:
            raise BadInput("Say where the film goes: --out film.mp4")
        check_writable(out)
        with _app(is_engine_needed=False) as app:
            kind = parse_transition(transition)
            result = asyncio.run(app.files.assemble(clips, transition=kind, destination=out))
        finish({**result.model_dump(mode="json"), "render_path": str(out.resolve())}, str(out), is_json=is_json)


@cli.command()
def schema(name: Annotated[Schema, typer.Argument(help="Which JSON Schema to print.")], is_json: Json = False) -> None:
    """Print the JSON Schema of a clip plan or a brief."""
    del is_json  # it is JSON either way
    from orchestrator.schema.brief import ContentBrief
    from orchestrator.schema.clip_plan import ClipPlan

    values = {Schema.CLIP_PLAN: ClipPlan, Schema.BRIEF: ContentBrief}
    print_json(values[name].model_json_schema())


@cli.command()
def worker(is_json: Json = False) -> None:
    """Run the engine alone, without the app, until it is told to stop."""
    import threading

    with report_errors(is_json=is_json), _app(is_engine_needed=False, log_level="info") as app:
        if app.settings.role == "ui":
            raise NotConfigured(
                "ROLE=ui is for processes that serve the app and leave the work to others.",
                hint="Set ROLE to worker, or leave it out.",
            )
        app.start()
        if is_json:
            print_json({"status": "running", "is_executor": app.engine.is_executor})
        say("Worker is running. Stop it with Ctrl-C; unfinished work goes on at the next start.")
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


@cli.command()
def sample(
    out: Annotated[Path | None, typer.Option(help="Where a copy of the MP4 goes.")] = None, is_json: Json = False
) -> None:
    """Make the sample film: free, in less than a minute, with a take that goes wrong and is mended."""
    with report_errors(is_json=is_json):
        started = time.monotonic()
        if out is not None:
            check_writable(out)
        with _app() as app:
            plan_id = app.views.project(app.service.make_sample_film()).clip_plan_id
            plan = _watch(app, plan_id, is_quiet=is_json)
            render_path = _collect(app, plan, out) if out else None
        report = _report(plan, render_path=render_path, wall_seconds=time.monotonic() - started, how="sample")
        finish(report, f"{render_path or plan.message}", is_json=is_json)


@cli.command()
def export(
    plan_id: Annotated[str, typer.Argument(help="The plan: clip_plan_id of a film's report.")],
    out: Annotated[Path, typer.Option(help="Where the file goes.")],
    form: Annotated[
        str, typer.Option("--format", help="otio, fcpxml, fcp7xml, edl, srt, vtt, json, or package (a zip of all).")
    ] = "package",
    is_json: Json = False,
) -> None:
    """Write a plan for editing programs: its accepted takes, transitions and captions. Costs nothing."""
    with report_errors(is_json=is_json):
        check_writable(out)
        with _app(is_engine_needed=False) as app, _replacing(out) as partial:
            if form == "package":
                with partial.open("wb") as target:
                    app.views.export_package(plan_id, target)
            else:
                partial.write_bytes(app.views.export(plan_id, form).content)
        finish({"clip_plan_id": plan_id, "format": form, "path": str(out.resolve())}, str(out), is_json=is_json)


@cli.command()
def timeline(
    plan_id: Annotated[str, typer.Argument(help="The plan: clip_plan_id of a film's report.")], is_json: Json = False
) -> None:
    """What became of every take of a plan: how it was judged, why the next one was made, how long it took, its cost."""
    shown = {
        *("run_id", "position", "attempt", "provider", "model", "status_text", "cost_usd", "is_accepted", "phases"),
        *("verdict", "score", "weight_run", "repair_strategy", "repair_reason", "source_attempt", "edit", "is_best"),
    }
    with report_errors(is_json=is_json), _app(is_engine_needed=False) as app:
        clips = app.views.plan(plan_id).clips
        takes = app.views.takes_of_plan(plan_id)
        if is_json:
            told = [t.model_dump(mode="json", include=shown) for clip in clips for t in takes[clip.id]]
            print_json({"clip_plan_id": plan_id, "takes": told})
            return
        for clip in clips:
            for line in draw_takes(clip, takes[clip.id]):
                write(line)


@cli.command()
def policy(
    project_id: Annotated[str, typer.Argument(help="The project: project_id of a film's report.")],
    minimum: Annotated[list[str] | None, typer.Option(help="Least score of a check: CHECK=0..1; repeatable.")] = None,
    weight: Annotated[list[str] | None, typer.Option(help="Weight of a check: CHECK=percent; they sum to 100.")] = None,
    min_weight: Annotated[int | None, typer.Option(help="Percent of the weight that a pass takes.")] = None,
    file: Annotated[Path | None, typer.Option(help="A whole table as JSON, as this command prints it.")] = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="Start from this version's defaults.")] = False,
    use: Annotated[bool, typer.Option("--use", help="Judge the project's takes so from now on.")] = False,
    is_json: Json = False,
) -> None:
    """How strictly a project's takes are judged, and what other numbers would make of the stored ones. Runs nothing."""
    with report_errors(is_json=is_json), _app(is_engine_needed=False) as app:
        wanted = read_policy(
            app.views.policy(project_id).policy, file=file, minima=minimum or (), weights=weight or (),
            min_weight=min_weight, is_default=defaults,
        )  # fmt: skip
        outcome = app.views.what_if(project_id, wanted)
        if use:
            is_plain = defaults and not (minimum or weight or file or min_weight is not None)
            app.service.set_policy(project_id, None if is_plain else wanted)
        view = app.views.policy(project_id).model_copy(update={"policy": wanted})
        report = {**view.model_dump(mode="json"), "is_used": use, "what_if": outcome.model_dump(mode="json")}
        if is_json:
            print_json(report)
            return
        for name in wanted.minima:
            write(f"{name:20} minimum {wanted.minima[name]:.2f}, weight {wanted.weights_percent[name]}%")
        counts = (f"{outcome.before[v]} -> {outcome.after[v]} {v.replace('_', ' ')}" for v in outcome.after)
        write(f"{outcome.takes} stored takes: {', '.join(counts)}")
        for take in outcome.changed:
            write(f"    Clip {take.position}, take {take.attempt}: {take.old} -> {take.new}. {take.why}")


@cli.command()
def calibrate(
    project: Annotated[str, typer.Option(help="One project's id; all projects when left out.")] = "",
    labels: Annotated[Path | None, typer.Option(help="A folder to make a labelled set in, of takes and words.")] = None,
    is_json: Json = False,
) -> None:
    """How far people agree with the assessor: every approval, rejection and corrected check is a label."""
    with report_errors(is_json=is_json), _app(is_engine_needed=False) as app:
        found = app.views.calibration(project)
        if labels is not None:
            check_writable(labels / "labels.jsonl")
            lines = app.views.labels(project)
            for line, path in lines:
                shutil.copyfile(path, labels / line["file"])
            told = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line, _ in lines)
            (labels / "labels.jsonl").write_text(told, "utf-8")
            say(f"{len(lines)} labelled takes: {labels}")
        if is_json:
            print_json(found.model_dump(mode="json"))
            return
        for title, figures in (("whole takes", found.overall), *((c.check, c.figures) for c in found.checks)):
            shares = (f"{n} {'-' if s is None else f'{s:.2f}'}" for n, s in _shares(figures))
            write(f"{title:20} {figures.labels} labels, {', '.join(shares)}")
        for check in found.checks:
            if check.proposal:
                write(f"{check.check}: minimum {check.proposal.minimum:.2f} instead of {check.minimum:.2f}")


@cli.command()
def doctor(
    check: Annotated[bool, typer.Option("--check", help="Also ask each provider, at no cost, if it answers.")] = False,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="First create the database's tables, or update them.")
    ] = False,
    sweep: Annotated[bool, typer.Option("--sweep", help="Also look for stored files that no row names.")] = False,
    is_sure: Annotated[bool, typer.Option("--yes", help="With --sweep: delete them.")] = False,
    hand_over: Annotated[
        str, typer.Option("--hand-over", help="Also give the local owner's projects to the user with this id.")
    ] = "",
    is_json: Json = False,
) -> None:
    """What is configured, what is missing and what that turns off."""
    from orchestrator import bootstrap

    with report_errors(is_json=is_json):
        done = (bootstrap.migrate(),) if migrate else ()
        with _app(is_engine_needed=False) as app:
            items = (*done, *app.views.doctor(), *app.check_store(), *app.check_sign_in())
            items += app.check_providers() if check else ()
            items += (app.sweep(is_sure=is_sure),) if sweep else ()
            items += (app.hand_over(hand_over),) if hand_over else ()
        draw_items(items, is_json=is_json)


def _shares(figures: Figures) -> tuple[tuple[str, float | None], ...]:
    return ("precision", figures.precision), ("recall", figures.recall)


# --- the film while it is made ---


def _say_cost(plan: PlanView) -> None:
    """What is still to be paid, before it is."""
    cost = plan.estimate
    if cost is None or cost.high_usd == 0:
        return
    basis = "as in this workspace so far" if cost.is_from_history else "a guess"
    budget = f" The budget is ${plan.budget_usd:.2f}." if plan.budget_usd is not None else ""
    say(
        f"About ${cost.likely_usd:.2f}, between ${cost.low_usd:.2f} and ${cost.high_usd:.2f} "
        f"({cost.takes_per_clip:g} takes a clip, {basis}).{budget}"
    )


def _watch(app: App, plan_id: str, *, is_quiet: bool) -> PlanView:
    """Show progress until nothing is at work on the plan any more."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=is_quiet) as progress:
        bar = progress.add_task("Starting", total=1.0)
        while True:
            try:
                plan = app.views.plan(plan_id)
            except Away as error:  # the engine waits for it too
                progress.update(bar, description=error.message)
                time.sleep(error.retry_after_seconds)
                continue
            left = f" · about {plan.eta_seconds:.0f} s left" if plan.eta_seconds else ""
            progress.update(bar, completed=plan.progress, description=f"{plan.message}{left}")
            if not plan.is_active:
                return plan
            time.sleep(_TICK_SECONDS)


def _collect(app: App, plan: PlanView, out: Path) -> Path | None:
    """Copy the finished film to where it was wanted; None when there is none."""
    if plan.status != "completed" or plan.render is None or not plan.render.video_url:
        return None
    return _copy_film(app, plan.render, out)


def _make_partial(app: App, plan_id: str, out: Path, *, is_quiet: bool) -> Path | None:
    """Write a film of what there is; None when that fails."""
    render_id = app.service.render_plan(plan_id, has_slates=True)
    _watch(app, plan_id, is_quiet=is_quiet)
    render = app.views.render(render_id)
    if not render.video_url:
        say(f"The partial film could not be made: {render.error}")
        return None
    path = _copy_film(app, render, out)
    say(f"Partial film, with slates for {render.missing_clips} missing clips: {path}")
    return path


def _copy_film(app: App, render: RenderView, out: Path) -> Path:
    source = app.views.asset_file(render.video_url.rsplit("/", 1)[-1]).path
    with _replacing(out) as partial:
        shutil.copyfile(source, partial)
    return out.resolve()


@contextlib.contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """A file beside ``out`` that takes its place once it is whole."""
    partial = out.with_name(f".{out.name}.partial")
    try:
        yield partial
        partial.replace(out)
    except OSError as error:
        raise explain(error) or CannotWrite(f"{out} cannot be written: {error.strerror}.") from None
    finally:
        partial.unlink(missing_ok=True)


def _report(plan: PlanView, *, render_path: Path | None, wall_seconds: float, how: str) -> dict[str, Any]:
    wanted = {"id", "position", "text", "seconds", "attempts", "provider", "verdict", "score", "cost_usd", "status"}
    return {
        "project_id": plan.project_id,
        "clip_plan_id": plan.id,
        "status": plan.status,
        "opened": how,
        "clips": [clip.model_dump(mode="json", include=wanted | {"reason"}) for clip in plan.clips],
        "planned_seconds": plan.total_seconds,
        "duration_seconds": plan.render.duration_seconds if plan.render else None,
        "creates": plan.creates,
        "cost_usd": plan.cost_usd,
        "estimate": plan.estimate.model_dump(mode="json") if plan.estimate else None,
        "missing": [clip.model_dump() for clip in plan.missing],
        "render_path": str(render_path) if render_path else None,
        "wall_seconds": round(wall_seconds, 2),
    }


def _why_incomplete(plan: PlanView) -> str:
    if plan.render and plan.render.error:
        return f"The film could not be made: {plan.render.error}"
    reasons = "; ".join(f"clip {clip.position}: {clip.reason}" for clip in plan.missing[:5])
    more = f" and {len(plan.missing) - 5} more" if len(plan.missing) > 5 else ""
    if plan.reason:
        return f"Paused with {plan.passed} of {len(plan.clips)} clips passed. {plan.reason}"
    return f"{plan.passed} of {len(plan.clips)} clips passed. {reasons}{more}"


_NEXT = "Passed clips were kept. The same command again retries what failed; the app is where you approve takes."
_PAY = "The same command with a higher --budget goes on; what is paid is kept."
_HOW = {
    "new": "Making a new film.",
    "resumed": "Going on with the film you started before; finished clips are kept. Use --new to start afresh.",
    "finished": "This film was finished before; nothing is paid again. Use --new to make it afresh.",
}


@contextlib.contextmanager
def _app(*, is_engine_needed: bool = True, log_level: str = "warning") -> Iterator[App]:
    from orchestrator import logs
    from orchestrator.bootstrap import build, load_settings

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: stopping hears what is on its way
    settings = load_settings()
    logs.configure(settings, usual_level=log_level)
    app = build(settings)
    try:
        if is_engine_needed:
            app.start()
        yield app
    finally:
        app.stop()


if __name__ == "__main__":
    cli()
