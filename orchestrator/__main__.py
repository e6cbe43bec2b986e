"""The command line. ``--json`` prints one JSON object on stdout and nothing else; logs go to stderr.

Exit codes: 0 done, 1 failed with the reason, 2 bad input.
"""

from __future__ import annotations

import json
import logging
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from orchestrator.errors import BadInput, CannotWrite, FilmIncomplete, OrchestratorError, UnreadableMedia, explain

if TYPE_CHECKING:
    from orchestrator.bootstrap import App
    from orchestrator.schema.brief import ContentBrief
    from orchestrator.schema.view import PlanView

SCRIPT_BYTES_MAX = 1_000_000
_TICK_SECONDS = 0.25

cli = typer.Typer(
    name="orchestrator",
    help="A script becomes a finished film: planned, generated, checked, repaired, assembled.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
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
    skip_failed: Annotated[
        bool, typer.Option("--skip-failed", help="Make the film without clips that failed.")
    ] = False,
    new: Annotated[bool, typer.Option("--new", help="Start afresh instead of going on with the same film.")] = False,
    is_json: Json = False,
) -> None:
    """Make a film from a script. The same arguments again go on where an interrupted film stopped."""
    with _errors(is_json=is_json):
        started = time.monotonic()
        text, content_brief = _read_script(script), _read_brief(brief)
        _check_writable(out)
        settings = _project_settings(
            provider=provider, model=model, seed=seed, size=size, wpm=wpm, transition=transition, budget=budget,
            max_attempts=max_attempts, skip_failed=skip_failed,
        )  # fmt: skip
        with _app(is_engine_needed=False) as app:
            app.service.draft_plan(text, brief=content_brief, settings=settings)  # bad input is refused at once
            app.start()
            plan_id, how = app.service.open_film(
                script=text, brief=content_brief, settings=settings, name=content_brief.title or script.stem, is_new=new
            )
            _say(_HOW[how])
            _say_cost(app.views.plan(plan_id))
            plan = _watch(app, plan_id, is_quiet=is_json)
            render_path = _collect(app, plan, out)
        report = _report(plan, render_path=render_path, wall_seconds=time.monotonic() - started, how=how)
        if render_path is None:
            raise FilmIncomplete(_why_incomplete(plan), hint=_PAY if plan.reason else _NEXT).with_report(report)
        _done(report, f"{render_path}", is_json=is_json)


@cli.command()
def plan(script: Script, brief: Brief = None, provider: Provider = "", wpm: Pace = 150, is_json: Json = False) -> None:
    """Cut a script into clips and print the plan as JSON. Nothing is generated."""
    with _errors(is_json=is_json):
        settings = _project_settings(provider=provider, wpm=wpm)
        with _app(is_engine_needed=False) as app:
            clip_plan = app.service.draft_plan(_read_script(script), brief=_read_brief(brief), settings=settings)
        _print(clip_plan.model_dump(mode="json"))


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

    with _errors(is_json=is_json), _app(is_engine_needed=False) as app:
        result = asyncio.run(app.files.assess(video, text=text, target_seconds=target_seconds, language=language))
        if "unreadable" in result.vetoes:
            raise UnreadableMedia(result.summary.split(" Not run:")[0]).with_report(result.model_dump(mode="json"))
        _done(result.model_dump(mode="json"), f"{result.verdict}: {result.summary}", is_json=is_json)


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

    with _errors(is_json=is_json):
        if not clips:
            raise BadInput("Name at least one clip to assemble.")
        if out is None:
            raise BadInput("Say where the film goes: --out film.mp4")
        _check_writable(out)
        with _app(is_engine_needed=False) as app:
            kind = parse_transition(transition)
            result = asyncio.run(app.files.assemble(clips, transition=kind, destination=out))
        _done({**result.model_dump(mode="json"), "render_path": str(out.resolve())}, str(out), is_json=is_json)


@cli.command()
def schema(name: Annotated[Schema, typer.Argument(help="Which JSON Schema to print.")], is_json: Json = False) -> None:
    """Print the JSON Schema of a clip plan or a brief."""
    del is_json  # it is JSON either way
    from orchestrator.schema.brief import ContentBrief
    from orchestrator.schema.clip_plan import ClipPlan

    values = {Schema.CLIP_PLAN: ClipPlan, Schema.BRIEF: ContentBrief}
    _print(values[name].model_json_schema())


@cli.command()
def worker(is_json: Json = False) -> None:
    """Run the engine alone, without the app, until it is told to stop."""
    import signal
    import threading

    with _errors(is_json=is_json), _app() as app:
        if is_json:
            _print({"status": "running", "is_executor": app.engine.is_executor})
        if not app.engine.is_executor:
            _say("Another process does the work at present; this one stands by to take its place.")
        _say("Worker is running. Stop it with Ctrl-C; unfinished work goes on at the next start.")
        stopped = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: stopped.set())
        stopped.wait()


@cli.command()
def doctor(
    check: Annotated[bool, typer.Option("--check", help="Also ask each provider, at no cost, if it answers.")] = False,
    is_json: Json = False,
) -> None:
    """What is configured, what is missing and what that turns off."""
    with _errors(is_json=is_json), _app(is_engine_needed=False) as app:
        items = (*app.views.doctor(), *(app.check_providers() if check else ()))
        if is_json:
            _print({"items": [item.model_dump() for item in items]})
            return
        for item in items:
            _write(f"{_MARKS[item.state]} {item.name}: {item.detail}")
            if item.consequence:
                _write(f"    {item.consequence}")


# --- input ---


def _read_script(path: Path) -> str:
    try:
        raw = sys.stdin.buffer.read(SCRIPT_BYTES_MAX + 1) if str(path) == "-" else _read_bytes(path)
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not a UTF-8 text file.") from None


def _read_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > SCRIPT_BYTES_MAX:
            raise BadInput(f"{path} has {path.stat().st_size / 1e6:.1f} MB. A script of 300 s has about 5 kB.")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from None


def _read_brief(path: Path | None) -> ContentBrief:
    from pydantic import ValidationError

    from orchestrator.schema.brief import ContentBrief

    if path is None:
        return ContentBrief()
    import yaml

    try:
        return ContentBrief.model_validate(yaml.safe_load(_read_bytes(path)) or {})
    except yaml.YAMLError as error:
        raise BadInput(f"{path} is not YAML: {error}") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors())
        raise BadInput(f"{path} is not a brief. {wrong}") from None


def _project_settings(*, transition: str = "cut", max_attempts: int | None = None, wpm: int, **given: Any) -> Any:
    from pydantic import ValidationError

    from orchestrator.assembler import parse_transition
    from orchestrator.schema.clip_run import RetryPolicy
    from orchestrator.schema.project import ProjectSettings

    try:
        if max_attempts is not None:
            given["retry_policy"] = RetryPolicy(max_attempts=max_attempts)
        given["budget_usd"] = given.pop("budget", None)
        return ProjectSettings(transition=parse_transition(transition), words_per_minute=wpm, **given)
    except ValidationError as error:
        wrong = "; ".join(f"{_OPTIONS.get(str(e['loc'][-1]), e['loc'][-1])}: {e['msg']}" for e in error.errors())
        raise BadInput(f"The arguments cannot be used. {wrong}") from None


_OPTIONS = {
    "words_per_minute": "--wpm",
    "seed": "--seed",
    "budget_usd": "--budget",
    "size": "--size",
    "max_attempts": "--max-attempts",
}


def _check_writable(out: Path) -> None:
    """Find out before anything is generated, not after."""
    if out.is_dir():
        raise CannotWrite(f"{out} is a folder. Name a file, such as {out / 'film.mp4'}.")
    probe = out.with_name(f".{out.name}.probe")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CannotWrite(f"{out} cannot be written: {error.strerror}.") from None


# --- the film while it is made ---


def _say_cost(plan: PlanView) -> None:
    """What is still to be paid, before it is."""
    cost = plan.estimate
    if cost is None or cost.high_usd == 0:
        return
    basis = "as in this workspace so far" if cost.is_from_history else "a guess"
    budget = f" The budget is ${plan.budget_usd:.2f}." if plan.budget_usd is not None else ""
    _say(
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
            plan = app.views.plan(plan_id)
            left = f" · about {plan.eta_seconds:.0f} s left" if plan.eta_seconds else ""
            progress.update(bar, completed=plan.progress, description=f"{plan.message}{left}")
            if not plan.is_active:
                return plan
            time.sleep(_TICK_SECONDS)


def _collect(app: App, plan: PlanView, out: Path) -> Path | None:
    """Copy the finished film to where it was wanted; None when there is none."""
    if plan.status != "completed" or plan.render is None or not plan.render.video_url:
        return None
    source = app.views.asset_file(plan.render.video_url.rsplit("/", 1)[-1]).path
    partial = out.with_name(f".{out.name}.partial")
    try:
        shutil.copyfile(source, partial)
        partial.replace(out)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise explain(error) or CannotWrite(f"{out} cannot be written: {error.strerror}.") from None
    return out.resolve()


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
        "render_path": str(render_path) if render_path else None,
        "wall_seconds": round(wall_seconds, 2),
    }


def _why_incomplete(plan: PlanView) -> str:
    if plan.render and plan.render.error:
        return f"The film could not be made: {plan.render.error}"
    open_clips = [c for c in plan.clips if c.status != "passed"]
    reasons = "; ".join(f"clip {c.position}: {c.reason or c.status_text}" for c in open_clips[:5])
    more = f" and {len(open_clips) - 5} more" if len(open_clips) > 5 else ""
    if plan.reason:  # money ran out: the clips themselves are well
        return f"Paused with {plan.passed} of {len(plan.clips)} clips passed. {plan.reason}"
    return f"{plan.passed} of {len(plan.clips)} clips passed. {reasons}{more}"


_NEXT = "Passed clips were kept. The same command again retries what failed; the app is where you approve takes."
_PAY = "The same command with a higher --budget goes on; what is paid is kept."
_HOW = {
    "new": "Making a new film.",
    "resumed": "Going on with the film you started before; finished clips are kept. Use --new to start afresh.",
    "finished": "This film was finished before; nothing is paid again. Use --new to make it afresh.",
}
_MARKS = {"ok": "[ok]     ", "missing": "[missing]", "broken": "[broken] "}


# --- output ---


@contextmanager
def _app(*, is_engine_needed: bool = True) -> Iterator[App]:
    from orchestrator.bootstrap import build

    app = build()
    try:
        if is_engine_needed:
            app.start()
        yield app
    finally:
        app.stop()


@contextmanager
def _errors(*, is_json: bool) -> Iterator[None]:
    """Whatever goes wrong ends in one clear message and the right exit code, never a traceback."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        yield
    except OrchestratorError as error:
        _fail(error, is_json=is_json)
    except KeyboardInterrupt:
        _fail(OrchestratorError("Stopped. The same command again goes on from here."), is_json=is_json)
    except OSError as error:
        _fail(explain(error) or OrchestratorError(str(error)), is_json=is_json)
    except typer.Exit:
        raise
    except Exception as error:
        logging.getLogger(__name__).debug("Unforeseen", exc_info=True)
        _fail(OrchestratorError(f"Something unexpected went wrong: {type(error).__name__}."), is_json=is_json)


def _fail(error: OrchestratorError, *, is_json: bool) -> NoReturn:
    if is_json:
        _print({**error.report, "error": {"code": error.code, "message": error.message, "hint": error.hint}})
    _say(f"Error: {error.message}")
    if error.hint:
        _say(error.hint)
    raise typer.Exit(error.exit_code) from None


def _done(report: dict[str, Any], line: str, *, is_json: bool) -> None:
    if is_json:
        _print(report)
    else:
        _write(line)


def _print(value: dict[str, Any]) -> None:
    _write(json.dumps(value, ensure_ascii=False, indent=2))


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    cli()
