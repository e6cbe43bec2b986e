"""Every adapter against everything that can go wrong: what becomes of the clip, of the money and of the key."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from providers.base import Generation, InvalidRequest, ProviderError, VideoProvider
from providers.mock import MockProvider
from tests.contracts.conftest import CELL
from tests.contracts.matrix import CELLS, EXPECTED, MEANING, Outcome, Row, Slip, document
from tests.contracts.rig import STANDS, Walk, a_request, count_frames, foreign_calls
from tests.fakes.wires.core import KEY, Fault, OtherHost, proof_of

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "providers.md"
FRAMES = 30  # of the clip that the servers hand out
MOCK_DEFECTS = {
    Fault.RATE_LIMITED_FOR: "rate_limit",
    Fault.REJECTED: "reject",
    Fault.ANSWER_LOST: "crash_after_accept",
    Fault.FAILED: "fail",
}

QUOTING = (Fault.QUOTED, Fault.FAILED_QUOTING)

Record = Callable[[str, object], None]


@pytest.mark.parametrize(
    ("column", "row"), [cell for cell in CELLS if cell[0] != "mock"], ids=lambda part: part.replace(" ", "_")
)
async def test_outcome_is_as_promised(
    column: str, row: Row, mp4: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, record_property: Record
) -> None:
    caplog.set_level(logging.DEBUG)
    stand, folder = STANDS[column], tmp_path / "clips"
    fault, slip = (row, None) if isinstance(row, Fault) else (Fault.NONE, row)
    with OtherHost(clip=mp4) as other, stand.server(mp4, fault) as server:
        try:
            provider = stand.provider(server, other, slip)
        except InvalidRequest as error:
            provider, walk, outcome = None, None, Outcome.INVALID
            errors: list[Exception] = [error]
        else:
            walk = Walk(provider, a_request(provider, tmp_path), folder)
            outcome = await walk.go()
            errors = walk.errors
            if walk.path and (resumed := [c for c in server.calls if "range" in c.headers]):
                assert len(resumed) == 1
                outcome = Outcome.RESUMED
            await provider.aclose()
    record_property(CELL, f"{column}|{row}|{outcome}")
    assert outcome is EXPECTED[row][column], errors

    # the money
    is_accepted = walk is not None and (walk.is_created or outcome is Outcome.DECISION)
    assert len(server.charges) == int(is_accepted)
    assert is_accepted != outcome.is_refusal or fault is Fault.FORGOTTEN
    creates = stand.creates(server)
    if slip in (Slip.BROKEN_KEY, Slip.PLAIN_HTTP, Slip.NO_URL):
        assert not server.calls
    elif walk is not None:
        assert walk.sends == (2 if outcome is Outcome.LATER else 1)
        # without a key that can be one, or a token for it, nothing is asked
        assert len(creates) == walk.sends or (slip in (Slip.OTHER_KEY, Slip.NO_KEY) and not creates)
    if fault is Fault.RATE_LIMITED_FOR:
        assert [getattr(error, "retry_after_seconds", None) for error in errors] == [7.0]

    # the file
    files = sorted(folder.rglob("*")) if folder.exists() else []
    assert files == ([walk.path] if walk is not None and walk.path else [])
    if outcome.has_take:
        assert count_frames(files[0]) == FRAMES
        assert files[0].read_bytes() == mp4.read_bytes()
    if walk is not None:
        assert walk.progress == sorted(walk.progress)
        assert not outcome.has_take or walk.progress[-1] == 1.0

    # the key
    told = [caplog.text, repr(provider), repr(walk and walk.seen)]
    told += [str(e) + repr(e) + "".join(traceback.format_exception(e)) for e in errors]
    hidden = {KEY, KEY[:8], *(proof_of(call) for call in server.calls if fault in QUOTING)} - {""}
    assert not [text for text in told if any(secret in text for secret in hidden)]
    for call in foreign_calls(server, other):
        assert KEY not in call.raw_path + repr(call.query) + repr(call.headers)
        assert not {"authorization", "x-goog-api-key", "cookie"} & set(call.headers)
    if fault in (Fault.REDIRECTED, Fault.INWARD):
        assert not other.calls
    if fault is Fault.OTHER_HOST and outcome is Outcome.TAKE:
        assert [call.path for call in other.calls] == ["/content/moved.mp4"]


@pytest.mark.parametrize("row", [row for column, row in CELLS if column == "mock"])
async def test_outcome_of_the_mock_is_as_promised(
    row: Row, tmp_path: Path, shared_clips: Path, record_property: Record
) -> None:
    assert isinstance(row, Fault)
    root = tmp_path / "mock"
    root.mkdir()
    (root / "cache").symlink_to(shared_clips, target_is_directory=True)
    defect = f"1={MOCK_DEFECTS[row]}" if row in MOCK_DEFECTS else ""
    provider = MockProvider(root=root, defects=defect, delay_seconds=5.0 if row is Fault.CANCELLED else 0.0)

    async def strike(generation: Generation) -> None:
        if row is Fault.CANCELLED:
            assert await provider.cancel(generation.id)
        if row is Fault.FORGOTTEN:
            (root / "generations" / f"{generation.id}.json").unlink()

    labels = {"position": "1", "attempt": "1"}
    request = a_request(provider, tmp_path, size="320x180", labels=labels)
    walk = Walk(provider, request, tmp_path / "clips", looks=600, pause_seconds=0.1, on_created=strike)
    outcome = await walk.go()
    await provider.aclose()
    record_property(CELL, f"mock|{row}|{outcome}")
    assert outcome is EXPECTED[row]["mock"], walk.errors
    jobs = len(list((root / "generations").glob("*.json")))
    assert jobs == (0 if outcome.is_refusal or row is Fault.FORGOTTEN else 1)
    files = sorted((tmp_path / "clips").rglob("*")) if (tmp_path / "clips").exists() else []
    assert files == ([walk.path] if walk.path else [])
    if outcome.has_take:
        assert count_frames(files[0]) == 30 * request.seconds


@pytest.fixture(scope="module")
def shared_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


# --- the account ---


@pytest.mark.parametrize("column", STANDS)
@pytest.mark.parametrize("slip", [None, Slip.OTHER_KEY, Slip.NO_KEY])
async def test_account_is_checked_without_charge(column: str, slip: Slip | None, mp4: Path) -> None:
    with OtherHost(clip=mp4) as other, STANDS[column].server(mp4) as server:
        provider = STANDS[column].provider(server, other, slip)
        code = await _account_error(provider)
        await provider.aclose()
    # where nothing free is asked, a key that looks like one cannot be told from a good one
    is_asked = bool(server.calls)
    assert code == ("auth_failed" if slip is Slip.NO_KEY or (slip and is_asked) else "")
    assert not server.charges
    assert not STANDS[column].creates(server)


async def _account_error(provider: VideoProvider) -> str:
    try:
        account = await provider.check_account()
    except ProviderError as error:
        assert KEY not in str(error)
        return error.code
    assert account.note or account.balance_usd is not None
    assert KEY not in repr(account)
    assert account.balance_usd is None or provider.profile.tells_balance
    return ""


# --- many at once ---


@pytest.mark.parametrize("column", STANDS)
async def test_clips_do_not_mix_when_many_are_made_at_once(column: str, mp4: Path, tmp_path: Path) -> None:
    with OtherHost(clip=mp4) as other, STANDS[column].server(mp4) as server:
        provider = STANDS[column].provider(server, other, None)
        walks = [Walk(provider, a_request(provider, tmp_path, key=f"run-{n}"), tmp_path / str(n)) for n in range(1, 6)]
        outcomes = await asyncio.gather(*(walk.go() for walk in walks))
        await provider.aclose()
    assert outcomes == [Outcome.TAKE] * 5
    assert len(server.charges) == 5
    assert all(made.looks == 3 for made in server.made.values())


# --- the table itself ---


def test_matrix_knows_every_fault_and_every_word() -> None:
    assert list(EXPECTED) == [*Fault, *Slip]
    assert set(MEANING) == set(Outcome)
    assert set(STANDS) == {column for column, _ in CELLS} - {"mock"}
    assert {outcome for row in EXPECTED.values() for outcome in row.values()} <= set(Outcome)


def test_document_shows_the_matrix() -> None:
    shown = DOCUMENT.read_text(encoding="utf-8").partition("<!-- matrix -->\n")[2].partition("<!-- end -->")[0]
    assert shown.strip() == document(), "Paste what this prints: python -m tests.contracts.matrix"
