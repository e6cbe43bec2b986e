"""Real networks on real stills: text is read, stills are compared, and nothing that is broken gets out as an error."""

from __future__ import annotations

import io
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image, ImageDraw, ImageFont
from pydantic import SecretStr

from orchestrator.assessor.continuity import check_continuity
from orchestrator.assessor.expectation import Expectation, Neighbour, Side
from orchestrator.assessor.writing import find_garbled, read_writing
from orchestrator.errors import NotConfigured, PerceptionFailed
from orchestrator.media import ffmpeg
from orchestrator.media.edges import grab_edge
from orchestrator.perception.base import Frame, Nobody, Senses
from orchestrator.perception.eyes import LocalEyes
from orchestrator.perception.networks import LIKENESS, TEXT_FINDER, Network, explain_absent, read_network
from orchestrator.perception.vision import OpenAIViewer
from orchestrator.perception.whisper import WhisperListener
from orchestrator.schema.assessment import CheckResult, CheckStatus
from orchestrator.schema.policy import AssessmentPolicy

POLICY = AssessmentPolicy()
NOBODY = OpenAIViewer(base_url="http://127.0.0.1:9/v1", api_key=SecretStr(""), model="any")
FONT = Path(__file__).parents[2] / "orchestrator" / "media" / "fonts" / "inter-latin-medium.ttf"

pytestmark = pytest.mark.skipif(bool(explain_absent(LIKENESS, TEXT_FINDER)), reason="the networks are not installed")


@pytest.fixture(scope="module")
def eyes() -> Iterator[LocalEyes]:
    eyes = LocalEyes()
    yield eyes
    eyes.close()


@pytest.fixture(scope="module")
def senses(eyes: LocalEyes, tmp_path_factory: pytest.TempPathFactory) -> Senses:
    deaf = WhisperListener(model="base", cache_dir=tmp_path_factory.mktemp("cache"))
    return Senses(listener=deaf, viewer=NOBODY, reader=eyes.reader, likeness=eyes)


def still(text: str = "", *, colour: str = "#305070", size: int = 40) -> Frame:
    picture = Image.effect_noise((640, 360), 30).convert("RGB")
    picture = Image.blend(picture, Image.new("RGB", picture.size, colour), 0.7)
    ImageDraw.Draw(picture).text((60, 150), text, fill="white", font=ImageFont.truetype(str(FONT), size))
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG")
    return Frame(jpeg=buffer.getvalue(), label=f"of {text}")


def film(path: Path, source: str, filters: str = "null", *, seconds: float = 1.5) -> Path:
    command = [ffmpeg.binary(), "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", source, "-vf", filters]
    coding = ["-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    subprocess.run([*command, *coding, str(path)], check=True)
    return path


@pytest.fixture(scope="module")
def meadow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A moving picture in green and brown, 160x90. Not to be changed."""
    return film(tmp_path_factory.mktemp("meadow") / "meadow.mp4", MEADOW)


MEADOW = "gradients=size=160x90:rate=12:c0=#3a5f2a:c1=#8a7a4a:x0=0:y0=0:x1=160:y1=90:speed=0.02:seed=7"


async def join(path: Path, before: Path, senses: Senses) -> CheckResult:
    edge = grab_edge(before, is_last=True)
    neighbour = Neighbour(side=Side.BEFORE, run_id="run", frame=edge.jpeg, at_seconds=edge.at_seconds)
    expectation = Expectation(target_seconds=1.5, neighbours=(neighbour,))
    return await check_continuity(path, expectation=expectation, signals=None, senses=senses, policy=POLICY)


async def test_clean_text_is_read_and_small_print_left_alone(eyes: LocalEyes) -> None:
    frames = [still("Fresh bread every morning"), still(), still("too small to be read", size=5)]
    (line,) = await eyes.reader.read(frames, language="en")
    assert (line.text, line.label, line.strange) == ("Fresh bread every morning", frames[0].label, ())
    assert line.confidence > POLICY.max_garbled_confidence


async def test_a_take_with_nonsense_on_its_signs_is_found_out(eyes: LocalEyes, tmp_path: Path) -> None:
    street = "gradients=size=640x360:rate=12:c0=#204060:c1=#503020:seed=7"
    sign = f"drawtext=fontfile={FONT}:text='Xqzkwv fjvtrq bnwk':fontsize=44:fontcolor=white:x=60:y=150"
    take = film(tmp_path / "sign.mp4", street, sign, seconds=1)
    expectation = Expectation(target_seconds=1, prompt="A street")
    writing = await read_writing(take, expectation=expectation, reader=eyes.reader, policy=POLICY)
    found = find_garbled(writing, expectation=expectation, policy=POLICY)
    assert [finding.code for finding in found] == ["garbled_text"]
    assert (
        find_garbled(writing, expectation=Expectation(target_seconds=1, text="Xqzkwv fjvtrq bnwk"), policy=POLICY) == ()
    )


async def test_stills_are_alike_by_what_they_show(eyes: LocalEyes) -> None:
    same, again, other = await eyes.describe([still(), still(), still("STOP", colour="#ffffff", size=200)])
    assert np.linalg.norm(same) == pytest.approx(1.0, abs=1e-4)
    assert same @ again > 0.95 > same @ other


async def test_good_joint_passes_and_another_colour_fails(meadow: Path, senses: Senses, tmp_path: Path) -> None:
    good = await join(film(tmp_path / "good.mp4", MEADOW, "hflip,fade=in:d=0.4"), meadow, senses)
    assert (good.status, good.score) == (CheckStatus.PASS, 1.0), good
    assert good.evidence["by"] == "local features and measured levels"
    assert good.evidence["joints"][0]["seconds"] > 0.2, "not a frame of the fade"
    tinted = await join(film(tmp_path / "tinted.mp4", MEADOW, "hue=h=150"), meadow, senses)
    assert tinted.status is CheckStatus.FAIL
    assert "palette_jump" in [finding.code for finding in tinted.findings]


async def test_joint_is_judged_by_levels_when_the_network_is_absent(meadow: Path, senses: Senses) -> None:
    bare = Senses(listener=senses.listener, viewer=senses.viewer, likeness=Nobody("it is off"))
    result = await join(meadow, meadow, bare)
    assert (result.status, result.evidence["by"]) == (CheckStatus.PASS, "measured levels")
    assert "what the stills show (it is off)" in result.evidence["not_compared"]


async def test_pictures_without_anything_in_them_are_not_compared(meadow: Path, senses: Senses, tmp_path: Path) -> None:
    black = film(tmp_path / "black.mp4", "color=black:size=160x90:rate=12", seconds=0.5)
    for one, other in ((black, meadow), (meadow, black)):
        assert (await join(one, other, senses)).status is CheckStatus.NOT_RUN
    (tmp_path / "junk.mp4").write_bytes(b"0" * 500)
    assert (await join(tmp_path / "junk.mp4", meadow, senses)).status is CheckStatus.NOT_RUN
    single = film(tmp_path / "single.mp4", MEADOW, seconds=0.05)
    assert (await join(single, meadow, senses)).status is CheckStatus.PASS


async def test_killed_child_is_replaced_and_a_damaged_still_costs_no_child(eyes: LocalEyes) -> None:
    await eyes.describe([still()])
    first = eyes.child_pid
    assert first
    with pytest.raises(PerceptionFailed, match="cannot identify image"):
        await eyes.describe([Frame(jpeg=b"junk", label="")])
    assert eyes.child_pid == first
    os.kill(first, signal.SIGKILL)
    assert (await eyes.describe([still()])).shape == (1, 1024)
    assert eyes.child_pid != first


async def test_child_ends_when_it_is_closed() -> None:
    eyes = LocalEyes()
    await eyes.describe([still()])
    child = psutil.Process(eyes.child_pid)
    eyes.close()
    assert not child.is_running()


def test_absent_and_damaged_networks_say_what_to_install() -> None:
    with pytest.raises(NotConfigured, match=r"not installed .*requirements-offline\.txt"):
        read_network(Network(package="no_such_package", file="a.onnx", sha256=""))
    with pytest.raises(NotConfigured, match="damaged"):
        read_network(Network(package=LIKENESS.package, file=LIKENESS.file, sha256="0" * 64))
