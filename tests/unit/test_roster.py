"""Which providers are set up, what the others need in words, and what an installed package may do."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from orchestrator.bootstrap import App, build, load_settings
from orchestrator.choices import Choices
from orchestrator.errors import BadInput, UnknownProvider
from orchestrator.roster import Roster, make_providers, read_roster
from orchestrator.schema.project import ProjectSettings
from orchestrator.settings import Settings
from providers.base import AudioSupport, VideoProvider
from providers.registry import NAMES
from tests.conftest import make_settings

SECRET = "hunter2-hunter2"
# What has to be set for each provider that is not usable on a fresh machine.
KEYS: dict[str, dict[str, str]] = {
    "sora": {"sora_api_key": SECRET},
    "runway": {"runway_api_key": SECRET},
    "kling": {"kling_api_key": SECRET},
    "gemini": {"gemini_api_key": SECRET},
    "veo": {"google_cloud_project": "film-1"},
    "luma": {"luma_api_key": SECRET},
    "minimax": {"minimax_api_key": SECRET},
}


def roster_of(folder: Path, **values: Any) -> Roster:
    return read_roster(make_settings(folder, **values), data_dir=folder)


def made_of(folder: Path, **values: Any) -> tuple[dict[str, VideoProvider], Roster]:
    settings = make_settings(folder, **values)
    return make_providers(read_roster(settings, data_dir=folder), settings)


# --- what is needed ---


def test_a_fresh_machine_has_the_mock_and_names_what_the_others_need(tmp_path: Path) -> None:
    roster = roster_of(tmp_path)
    assert set(roster.makers) == {"mock"}
    assert roster.missing == {
        "sora": ("SORA_BASE_URL", "SORA_API_KEY"),
        "runway": ("RUNWAY_API_KEY",),
        "kling": ("KLING_API_KEY", "KLING_ACCESS_KEY and KLING_SECRET_KEY"),
        "gemini": ("GEMINI_API_KEY",),
        "veo": ("GOOGLE_CLOUD_PROJECT",),
        "luma": ("LUMA_API_KEY",),
        "minimax": ("MINIMAX_API_KEY",),
    }
    assert set(roster.titles) == set(NAMES)


@pytest.mark.parametrize("name", KEYS)
async def test_a_provider_is_made_when_what_it_needs_is_set(name: str, tmp_path: Path) -> None:
    made, roster = made_of(tmp_path, **KEYS[name])
    assert set(made) == set(roster.makers) == {"mock", name}
    assert name not in roster.missing
    assert made[name].profile.name == name
    assert SECRET not in repr(made[name]) + repr(roster)
    for provider in made.values():
        await provider.aclose()


@pytest.mark.parametrize(
    ("values", "is_usable", "model"),
    [
        ({"kling_access_key": "a"}, False, ""),
        ({"kling_secret_key": "s"}, False, ""),
        ({"kling_api_key": "   "}, False, ""),
        ({"kling_access_key": "a", "kling_secret_key": "s"}, True, "kling-v3"),
        ({"kling_api_key": "k", "kling_access_key": "a"}, True, "kling-3.0"),
    ],
)
def test_kling_needs_a_key_or_both_halves_of_the_older_one(
    values: dict[str, str], is_usable: bool, model: str, tmp_path: Path
) -> None:
    made, roster = made_of(tmp_path, **values)
    assert ("kling" in made) is is_usable
    assert ("kling" in roster.missing) is not is_usable
    if is_usable:
        assert made["kling"].profile.models[0] == model


def test_what_is_needed_is_said_when_a_provider_that_is_not_set_up_is_asked_for(tmp_path: Path) -> None:
    choices = Choices(settings=make_settings(tmp_path), profiles={}, missing=roster_of(tmp_path).missing)
    with pytest.raises(UnknownProvider, match="needs KLING_API_KEY, or KLING_ACCESS_KEY and KLING_SECRET_KEY"):
        choices.profile("kling")


# --- a server of one's own ---


def test_a_server_of_ones_own_needs_no_key_and_sells_what_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {
        "SORA_BASE_URL": "http://127.0.0.1:9/v1",
        "SORA_MODEL": "wan-2",
        "SORA_DURATIONS": "10, 5,5",
        "SORA_SIZES": "832x480, 480x832",
        "SORA_HAS_SOUND": "false",
        "SORA_COST_USD_PER_SECOND": "0",
    }
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    settings = Settings(_env_file=None)  # pyright: ignore[reportCallIssue]
    made, _ = make_providers(read_roster(settings, data_dir=tmp_path), settings)
    profile = made["sora"].profile
    assert profile.models[0] == "wan-2"
    assert profile.durations_seconds == (5, 10)
    assert profile.sizes == ("832x480", "480x832")
    assert profile.audio is AudioSupport.NONE
    assert profile.is_free and profile.cost_usd(model="wan-2", seconds=10) == 0
    assert profile.retired_on is None


def test_a_server_of_ones_own_sells_what_the_protocol_does_when_nothing_is_said(tmp_path: Path) -> None:
    made, _ = made_of(tmp_path, sora_base_url="http://127.0.0.1:9/v1")
    profile = made["sora"].profile
    assert (profile.durations_seconds, profile.sizes[0]) == ((4, 8, 12), "1280x720")
    assert profile.audio is AudioSupport.NATIVE
    assert not profile.is_free and profile.cost_usd(model="sora-2", seconds=4) == pytest.approx(0.4)


def test_every_model_of_a_server_of_ones_own_costs_its_price(tmp_path: Path) -> None:
    made, _ = made_of(tmp_path, sora_base_url="http://127.0.0.1:9/v1", sora_cost_usd_per_second=0.02)
    profile = made["sora"].profile
    assert not profile.is_free
    assert {profile.cost_usd(model=model, seconds=10) for model in (*profile.models, "another")} == {0.2}


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("url", [f"https://ada:{SECRET}@example.org", "ftp://example.org", "http://example.org", "no"])
def test_an_address_that_cannot_be_used_names_the_provider_and_quotes_no_secret(
    name: str, url: str, tmp_path: Path
) -> None:
    made, roster = made_of(tmp_path, **KEYS[name] | {f"{name}_base_url": url})
    assert set(made) == {"mock"}, "the others go on working"
    assert f"{name.upper()}_BASE_URL" in roster.broken[name] and SECRET not in roster.broken[name]
    app = build(make_settings(tmp_path, **KEYS[name] | {f"{name}_base_url": url}), is_durable=False)
    try:
        assert [item.state for item in app.views.doctor() if item.name == f"Provider {name}"] == ["broken"]
        assert app.views.providers()[1].problem == roster.broken[name]
        with pytest.raises(UnknownProvider, match="cannot be used"):
            app.service.create_project(settings=ProjectSettings(provider=name))
    finally:
        app.stop()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SORA_SIZES", "1280x720,wide"),
        ("SORA_SIZES", "0x720"),
        ("SORA_DURATIONS", "4,-8"),
        ("SORA_COST_USD_PER_SECOND", "-1"),
        ("PROVIDER_OPTIONS", f'{{"acme": "{SECRET}"}}'),
        ("PROVIDER_OPTIONS", f'{{"acme": {{"api_key": "{SECRET}"'),
    ],
)
def test_a_setting_that_makes_no_sense_is_named_and_not_quoted(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    with pytest.raises(BadInput, match=f"(?i){name}") as refusal:
        load_settings()
    assert SECRET not in str(refusal.value)


# --- installed packages ---

ACME = """
    import shutil
    from pathlib import Path
    from providers.base import AudioSupport, Generation, GenerationStatus, ProviderProfile, VideoProvider


    class AcmeProvider(VideoProvider):
        profile = ProviderProfile(
            name="acme", title="Acme Clips", models=("acme-1",), durations_seconds=(1, 2), sizes=("320x180",),
            prompt_limit_characters=500, audio=AudioSupport.NATIVE, cost_usd_per_second={"acme-1": 0.25},
        )
        endpoint = "acme"

        def __init__(self, *, api_key: str, clip: str) -> None:
            if not api_key.startswith("acme-"):
                raise ValueError(f"{api_key!r} is no key of ours")
            self.clip = Path(clip)

        async def create_clip(self, request):
            return await self.get_generation(f"acme-{request.seconds}")

        async def get_generation(self, generation_id):
            return Generation(id=generation_id, status=GenerationStatus.COMPLETED, cost_usd=0.2)

        async def download_content(self, generation, destination):
            return Path(shutil.copyfile(self.clip, destination))
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a package as pip would lay it out: a module, and a dist-info folder that offers its provider."""
    modules: list[str] = []

    def install(source: str, *, name: str = "acme", made: str = "AcmeProvider") -> None:
        module = f"acme_clips_{len(modules)}"
        modules.append(module)
        site = tmp_path / f"site-{module}"
        info = site / f"{module}-1.0.dist-info"
        info.mkdir(parents=True)
        (site / f"{module}.py").write_text(dedent(source), encoding="utf-8")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
        point = f"[sora_orchestrator.providers]\n{name} = {module}:{made}\n"
        (info / "entry_points.txt").write_text(point, encoding="utf-8")
        monkeypatch.syspath_prepend(site)

    yield install
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def open_app(tmp_path: Path) -> Iterator[Callable[..., App]]:
    apps: list[App] = []

    def open_with(**values: Any) -> App:
        app = build(make_settings(tmp_path / "data", **values), is_durable=False)
        apps.append(app)
        app.start()
        return app

    yield open_with
    for app in apps:
        app.stop()


def test_the_provider_of_an_installed_package_makes_a_clip_with_its_options(
    install: Install, open_app: Callable[..., App], mp4: Path
) -> None:
    install(ACME)
    app = open_app(provider_options={"acme": {"api_key": "acme-1", "clip": str(mp4)}}, video_provider="acme")
    offered = next(provider for provider in app.views.providers() if provider.name == "acme")
    assert (offered.title, offered.is_default, offered.missing) == ("Acme Clips", True, ())
    clip_id = app.service.generate_single(prompt="Waves at night", seconds=1, size="320x180")
    deadline = time.monotonic() + 90
    while (take := app.views.single(clip_id)).status != "settled":
        assert time.monotonic() < deadline, take
        time.sleep(0.05)
    assert (take.provider, take.model, take.error_message) == ("acme", "acme-1", "")
    assert (take.cost_usd, take.is_cost_final) == (0.2, True)
    assert app.views.asset_file(take.video_url.rsplit("/", 1)[-1]).path.read_bytes() == mp4.read_bytes()


BROKEN = {
    "not there": ("import no_such_module_anywhere", "No module named 'no_such_module_anywhere'"),
    "no Python": ("class AcmeProvider(", "SyntaxError"),
    "fails": ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
    "no class": ("AcmeProvider = 3", "is no VideoProvider class"),
    "another class": ("class AcmeProvider: ...", "is no VideoProvider class"),
    "no name": ("x = 1", "has no attribute 'AcmeProvider'"),
    "no profile": (
        "from providers.base import VideoProvider\nclass AcmeProvider(VideoProvider): ...",
        "has no ProviderProfile",
    ),
    "other name": (ACME.replace('name="acme"', 'name="zenith"'), "calls itself 'zenith', its package calls it 'acme'"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_the_app_starts_and_says_why_when_an_installed_package_is_broken(
    fault: str, install: Install, open_app: Callable[..., App]
) -> None:
    source, reason = BROKEN[fault]
    install(source)
    app = open_app(video_provider="acme")
    problem = app.roster.broken["acme"]
    assert problem.startswith("Its package is at fault: acme_clips_0:AcmeProvider") and reason in problem
    with pytest.raises(UnknownProvider, match="'acme' cannot be used"):
        app.service.generate_single(prompt="Waves at night")
    with pytest.raises(UnknownProvider):
        app.check_provider("acme")
    (item,) = (item for item in app.views.doctor() if item.name == "Provider acme")
    assert item.state == "broken" and reason in item.detail


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "missing 2 required keyword-only arguments: 'api_key' and 'clip'"),
        ({"api_key": "acme-1", "clip": "c", "clips": "d"}, "unexpected keyword argument 'clips'"),
        ({"api_key": SECRET, "clip": "c"}, "ValueError: '…' is no key of ours"),
    ],
)
def test_the_app_starts_and_says_why_when_an_installed_provider_refuses_its_options(
    options: dict[str, str], reason: str, install: Install, open_app: Callable[..., App]
) -> None:
    install(ACME)
    app = open_app(provider_options={"acme": options})
    problem = app.roster.broken["acme"]
    assert problem.startswith("Its options (PROVIDER_OPTIONS) cannot be used. ") and reason in problem
    assert SECRET not in problem
    with pytest.raises(UnknownProvider):
        app.check_provider("acme")
    assert app.check_provider("mock") is not None


def test_an_installed_package_does_not_take_the_name_of_a_built_in_provider(install: Install, tmp_path: Path) -> None:
    install(ACME.replace('name="acme"', 'name="mock"'), name="mock")
    made, roster = made_of(tmp_path)
    assert type(made["mock"]).__name__ == "MockProvider"
    assert roster.titles["mock"] != "Acme Clips"
