"""What the documents say is what the program has: settings, commands, routes, providers, links."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer

from orchestrator.__main__ import cli
from orchestrator.roster import read_roster
from orchestrator.settings import Settings
from providers.base import AudioSupport, GenerationStatus, PromptUnit, ProviderProfile
from providers.kling import PROFILE_V2
from providers.luma import DREAM_MACHINE_PROFILE
from providers.registry import NAMES, profile_of
from providers.states import STATES

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = [name.upper() for name in Settings.model_fields]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
COMMANDS: dict[str, Any] = typer.main.get_command(cli).commands  # pyright: ignore[reportAttributeAccessIssue]
FRESH = Settings(_env_file=None)  # pyright: ignore[reportCallIssue]


def code_of(document: str) -> str:
    """Everything written as code: blocks and passages between backticks."""
    blocks = re.findall(r"^```.*?^```", document, flags=re.M | re.S)
    passages = re.findall(r"`[^`\n]+`", re.sub(r"^```.*?^```", "", document, flags=re.M | re.S))
    return "\n".join([*blocks, *passages])


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))


def command_for_tests() -> str:
    """The one command of the README's section "Tests"."""
    found = re.search(r"^## Tests\n+```sh\n([^\n]+)\n```", README, flags=re.M)
    assert found, "the README has no section Tests that begins with its command"
    return found[1]


# --- settings ---


def test_env_example_names_every_setting_once_and_nothing_else() -> None:
    named = re.findall(r"^#?([A-Za-z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), flags=re.M)
    assert named == SETTINGS


def test_env_example_is_all_commented_out_and_explained() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("#") for line in lines if line)
    for before, line in pairwise(lines):
        if re.match(r"#[A-Z_]+=", line):
            assert re.match(r"# \w", before), f"{line} is not explained"


def test_settings_are_the_defaults_when_env_example_is_taken_as_it_is(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    taken = tmp_path / "env"
    taken.write_text(re.sub(r"^#(?=[A-Z_]+=)", "", text, flags=re.M), encoding="utf-8")
    assert Settings(_env_file=taken) == FRESH  # pyright: ignore[reportCallIssue]


def test_readme_lists_every_setting_with_its_default(tmp_path: Path) -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (?:`([^`]+)`)? ?\| \S.*\|$", README, flags=re.M)
    assert [name for name, _ in rows] == SETTINGS
    taken = tmp_path / "env"
    taken.write_text("".join(f"{name}={default}\n" for name, default in rows), encoding="utf-8")
    assert Settings(_env_file=taken) == FRESH  # pyright: ignore[reportCallIssue]


# --- commands ---


def test_every_make_command_in_documents_exists() -> None:
    named = set()
    for document in DOCUMENTS:
        code = code_of(document.read_text(encoding="utf-8"))
        named |= set(re.findall(r"(?:^|`)make (?:[A-Z]+=\S+ )*([a-z-]+)", code, flags=re.M))
    assert {"app", "demo", "test", "check"} <= named
    assert named <= make_targets()


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_readme_shows_every_command_with_its_options(command: str) -> None:
    assert f"python -m orchestrator {command}" in README
    options = {o for parameter in COMMANDS[command].params for o in parameter.opts if o.startswith("--")}
    missing = {option for option in options if not re.search(rf"{option}\b", code_of(README))}
    assert not missing


def test_every_command_in_documents_exists() -> None:
    for document in DOCUMENTS:
        named = re.findall(r"python -m orchestrator ([a-z]+)", document.read_text(encoding="utf-8"))
        assert set(named) <= set(COMMANDS), document.name


def test_ci_runs_the_test_command_of_the_readme() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert command_for_tests() in lines
    assert "make check" in lines
    assert any(line.startswith("set -e") and "pipefail" in line for line in lines)


# --- routes ---


@cache
def routes() -> frozenset[tuple[str, str]]:
    """(METHOD, path) of the REST API as it describes itself."""
    from api import create_api

    paths = create_api().openapi()["paths"]
    return frozenset((method.upper(), f"/api{path}") for path, methods in paths.items() for method in methods)


def test_readme_lists_every_route_and_no_other() -> None:
    listed = re.findall(r"^\| ([A-Z]+) \| `(/api/[^`]+)` \| \S", README, flags=re.M)
    assert frozenset(listed) == routes()
    assert len(listed) == len(set(listed))


# --- providers ---

# Two providers have a profile for each kind of key.
BY_KEY = {
    "kling": {"`kling`, access key": profile_of("kling"), "`kling`, API key": PROFILE_V2},
    "luma": {"`luma`, Agents key": profile_of("luma"), "`luma`, other key": DREAM_MACHINE_PROFILE},
}
PROFILES: dict[str, ProviderProfile] = {
    label: profile for name in NAMES for label, profile in BY_KEY.get(name, {f"`{name}`": profile_of(name)}).items()
}


def shown_between(mark: str) -> str:
    """What docs/providers.md has between ``<!-- mark -->`` and the next ``<!-- end -->``."""
    document = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
    return document.partition(f"<!-- {mark} -->\n")[2].partition("<!-- end -->")[0]


def rows_of(*rows: Iterable[object]) -> list[str]:
    header, *lines = (f"| {' | '.join(map(str, cells))} |" for cells in rows)
    return [header, re.sub(r"[^|]+", "---", header), *lines]


def yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def needs_of(name: str) -> str:
    ways = read_roster(FRESH, data_dir=ROOT).missing.get(name, ())
    return re.sub(r"[A-Z_]{2,}", r"`\g<0>`", ", or ".join(ways)) or "nothing"


def kept_for(hours: float | None) -> str:
    if hours is None:
        return "–"
    return f"{hours / 24:g} days" if hours > 48 else f"{hours:g} h"


def provider_rows() -> list[str]:
    header = "name; what it is; needs; remix; looks up a lost answer; cancel; tells credit; failed take; at once; kept"
    return rows_of(
        header.split("; "),
        *(
            (
                label,
                profile.title,
                needs_of(profile.name),
                yes(profile.supports_remix),
                yes(profile.supports_reconcile),
                "yes, paid back" if profile.cancel_refunds else yes(profile.supports_cancel),
                yes(profile.tells_balance),
                "counted as paid" if profile.charges_failures and not profile.is_free else "free",
                profile.max_concurrent,
                kept_for(profile.asset_lifetime_hours),
            )
            for label, profile in PROFILES.items()
        ),
    )


def lengths_of(profile: ProviderProfile) -> str:
    sold = profile.durations_seconds
    if len(sold) > 3 and sold == tuple(range(sold[0], sold[-1] + 1)):
        return f"{sold[0]} to {sold[-1]} s"
    return f"{', '.join(map(str, sold))} s"


def dollars(rate: float) -> str:
    return f"${rate:.2f}" if rate == round(rate, 2) else f"${rate:.3g}"


def prices_of(profile: ProviderProfile, model: str) -> str:
    """Dollars a second, with the shorter sides, and the lengths, that each price is for."""
    if profile.is_free:
        return "free"
    places: dict[float, dict[tuple[int, str], None]] = {}
    for size in profile.sizes:
        rates = {
            s: round(profile.cost_usd(model=model, seconds=s, size=size) / s, 5) for s in profile.durations_seconds
        }
        for seconds, rate in rates.items():
            length = f" in {seconds} s" if len(set(rates.values())) > 1 else ""
            places.setdefault(rate, {})[min(map(int, size.split("x"))), length] = None
    if len(places) == 1:
        return dollars(next(iter(places)))
    return ", ".join(
        f"{dollars(rate)} ({', '.join(f'{side}p{length}' for side, length in sorted(of))})"
        for rate, of in sorted(places.items())
    )


def model_rows() -> list[str]:
    sound = {
        AudioSupport.NATIVE: "always",
        AudioSupport.OPTIONAL: "asked for",
        AudioSupport.NONE: "silent",
    }
    unit = {PromptUnit.CHARACTERS: "", PromptUnit.UTF16_UNITS: " UTF-16 units"}
    header = (
        "provider; model; lengths; sizes; sound; reference picture; seed; field for what to avoid; prompt; a second"
    )
    rows: list[tuple[str, ...]] = []
    for label, usual in PROFILES.items():
        for model in usual.models:
            profile = usual.for_model(model)
            rows.append(
                (
                    label,
                    f"`{model}`",
                    lengths_of(profile),
                    ", ".join(profile.sizes),
                    sound[profile.audio],
                    "needed" if profile.needs_reference else yes(profile.supports_reference),
                    yes(profile.supports_seed),
                    yes(profile.supports_negative_prompt),
                    f"{profile.prompt_limit_characters:,}{unit[profile.prompt_unit]}",
                    prices_of(profile, model),
                )
            )
    return rows_of(header.split("; "), *rows)


def test_overview_of_providers_says_what_their_profiles_say() -> None:
    """Its last column, where the prices are from, is no fact of a profile: it only has to be there."""
    shown = re.findall(r"^(\|.*\|) ([^|\n]*\S) \|$", shown_between("providers"), flags=re.M)
    wanted = [row for row in provider_rows() if "---" not in row]
    assert [row for row, _ in shown] == wanted, "\n".join(wanted)


def test_table_of_models_says_what_their_profiles_say() -> None:
    wanted = "\n".join(model_rows())
    assert shown_between("models").strip() == wanted, wanted


def test_table_of_status_words_is_the_one_adapters_read_by() -> None:
    columns = [status for status in GenerationStatus if status is not GenerationStatus.UNKNOWN]
    header = ["wire", *(status.value.replace("_", " ") for status in columns)]
    words = (
        [
            f"`{wire}`",
            *(", ".join(f"`{w}`" for w, means in table.items() if means is status) or "–" for status in columns),
        ]
        for wire, table in STATES.items()
    )
    wanted = "\n".join(rows_of(header, *words))
    assert shown_between("states").strip() == wanted, wanted


# --- files ---


def slug_of(heading: str) -> str:
    """The anchor that a heading gets when markdown is shown on the web."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_local_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        linked = document.parent / name if name else document
        assert linked.exists(), f"{document.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), flags=re.M)
            assert anchor in map(slug_of, headings), f"{document.name} links to {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_paths_named_in_documents_exist(document: Path) -> None:
    rooms = "api|docs|examples|orchestrator|pages|providers|tests"
    for path in re.findall(rf"`((?:{rooms})/[\w./-]*)`", document.read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), f"{document.name} names {path}"


def test_licences_are_given_for_everything_that_is_installed() -> None:
    text = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    for name in ("requirements.txt", "requirements-observe.txt", "requirements-offline.txt"):
        pins = re.findall(r"^([\w.-]+)==", (ROOT / name).read_text(encoding="utf-8"), flags=re.M)
        assert pins
        assert not [pin for pin in pins if f"`{pin}`" not in text and f"| {pin} |" not in text]


def test_changelog_keeps_a_place_for_what_comes_next() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.M)
    assert headings[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", heading) for heading in headings[1:])
