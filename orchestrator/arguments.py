"""What the command line is given: scripts, briefs and settings, checked before anything is made of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import BadInput, CannotWrite

if TYPE_CHECKING:
    from orchestrator.schema.brief import ContentBrief
    from orchestrator.schema.policy import AssessmentPolicy

SCRIPT_BYTES_MAX = 1_000_000


def read_script(path: Path) -> str:
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


def read_brief(path: Path | None) -> ContentBrief:
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


def project_settings(*, transition: str = "cut", max_attempts: int | None = None, wpm: int, **given: Any) -> Any:
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
    "on_failed": "--on-failed",
}


def read_on_failed(given: str, *, is_skipping: bool) -> str:
    """``--on-failed``, for which ``--skip-failed`` is a short form."""
    if is_skipping and given not in ("", "skip"):
        raise BadInput(f"--skip-failed and --on-failed {given} ask for two things. Give one of them.")
    return "skip" if is_skipping else given or "wait"


def read_policy(
    current: AssessmentPolicy,
    *,
    file: Path | None = None,
    minima: Sequence[str] = (),
    weights: Sequence[str] = (),
    min_weight: int | None = None,
    is_default: bool = False,
) -> AssessmentPolicy:
    """``current``, or the defaults, or the table in ``file``, with what is given besides (``CHECK=NUMBER``). Raises
    ``BadInput`` that names the field."""
    import json

    from pydantic import ValidationError

    from orchestrator.schema.policy import AssessmentPolicy

    try:
        base = json.loads(_read_bytes(file)) if file else {} if is_default else current.model_dump(mode="json")
        base = base.get("policy", base) if isinstance(base, dict) else base  # as the command prints it, or bare
        table = AssessmentPolicy.model_validate(base).model_dump(mode="json")
        table["minima"].update(map(_read_number, minima))
        table["weights_percent"].update(map(_read_number, weights))
        table["min_weight_percent"] = table["min_weight_percent"] if min_weight is None else min_weight
        return AssessmentPolicy.model_validate(table)
    except ValueError as error:
        if not isinstance(error, ValidationError):
            raise BadInput(f"{file} is not JSON: {error}") from None
        wrong = "; ".join(f"{'.'.join(str(p) for p in e['loc']) or 'policy'}: {e['msg']}" for e in error.errors())
        raise BadInput(f"The policy cannot be used. {wrong}") from None


def _read_number(given: str) -> tuple[str, str]:
    name, _, number = given.partition("=")
    if not number:
        raise BadInput(f"{given!r} is not CHECK=NUMBER, such as transcript_match=0.8.")
    return name.strip(), number.strip()


def check_writable(out: Path) -> None:
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
