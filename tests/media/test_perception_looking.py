"""The vision viewer against a server that speaks the real wire."""

from __future__ import annotations

import base64
import threading
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from orchestrator.assessor import Expectation, Neighbour, Side, assess_take
from orchestrator.errors import PerceptionFailed
from orchestrator.media.frames import grab_frames
from orchestrator.perception.base import Answer, Frame, Question, SeenAnswer, Senses
from orchestrator.perception.vision import OpenAIViewer
from orchestrator.perception.whisper import WhisperListener
from orchestrator.schema.assessment import Assessment, CheckName, CheckStatus, Verdict
from tests.fakes.vision_server import KEY, VisionServer

FRAMES = [Frame(jpeg=b"\xff\xd8 first", label="at 1.0 s"), Frame(jpeg=b"\xff\xd8 second", label="at 3.0 s")]
QUESTIONS = [Question(key="lamp", text="Is the lamp on?"), Question(key="sea", text="Is the sea calm?")]


def connect(server: VisionServer, *, key: str = KEY, timeout_seconds: float = 5) -> OpenAIViewer:
    return OpenAIViewer(
        base_url=server.base_url,
        api_key=SecretStr(key),
        model="some-vision-model",
        timeout_seconds=timeout_seconds,
        retry_seconds=0.01,
    )


async def test_every_question_is_answered_with_its_evidence() -> None:
    with VisionServer(lambda text: ("yes", "bright") if "lamp" in text else ("unsure", "out of view")) as server:
        seen = await connect(server).judge(FRAMES, questions=QUESTIONS, context="a lighthouse")
    assert (seen.answers["lamp"].answer, seen.answers["lamp"].evidence) == (Answer.YES, "bright")
    assert seen.answers["sea"].answer is Answer.UNSURE
    assert (seen.model, seen.input_tokens, seen.output_tokens) == ("some-vision-model", 900, 40)


async def test_stills_are_sent_in_order_with_their_labels() -> None:
    with VisionServer() as server:
        await connect(server).judge(FRAMES, questions=QUESTIONS)
    content = server.requests[0]["messages"][-1]["content"]
    assert [part["type"] for part in content] == ["text", "image_url", "text", "image_url", "text"]
    assert content[2]["text"] == "Still 2, at 3.0 s:"
    head, data = content[3]["image_url"]["url"].split(",")
    assert (head, base64.b64decode(data)) == ("data:image/jpeg;base64", FRAMES[1].jpeg)


@pytest.mark.parametrize(("key", "what"), [("", "is not set"), ("sk-ключ", "has letters that no key has")])
async def test_viewer_is_missing_when_there_is_no_key(key: str, what: str) -> None:
    with VisionServer() as server:
        viewer = connect(server, key=key)
        assert viewer.missing == f"OPENAI_API_KEY {what}, so nobody looked at the picture"
        with pytest.raises(PerceptionFailed):
            await viewer.judge(FRAMES, questions=QUESTIONS)
    assert server.requests == []


async def test_look_is_tried_again_when_the_service_is_busy_and_charged_nothing() -> None:
    with VisionServer(failures=[(429, "slow down"), (429, "slow down")]) as server:
        seen = await connect(server).judge(FRAMES, questions=QUESTIONS)
    assert seen.answers["lamp"].answer is Answer.YES
    assert (len(server.requests), server.answered) == (3, 1)


async def test_form_of_answer_that_an_endpoint_knows_is_remembered() -> None:
    with VisionServer(modes=("text",), mode_status=422) as server:
        viewer = connect(server)
        for _ in range(2):
            await viewer.judge(FRAMES, questions=QUESTIONS)
    forms = [body.get("response_format", {}).get("type", "text") for body in server.requests]
    assert forms == ["json_schema", "json_object", "text", "text"]


@pytest.mark.parametrize(
    "wrap", ["```json\n{}\n```", "<think>{q1} or {not}?</think>Sure: {}. Anything else?", '{"answers": {}}']
)
async def test_answer_is_found_in_whatever_stands_around_it(wrap: str) -> None:
    with VisionServer(modes=("text",), wrap=wrap) as server:
        seen = await connect(server).judge(FRAMES, questions=QUESTIONS)
    assert {answer.answer for answer in seen.answers.values()} == {Answer.YES}


@pytest.mark.parametrize("answer", ['"No"', '{"answer": "NO", "evidence": null, "still": 9, "why": 1}'])
async def test_answer_is_understood_when_it_is_loosely_written(answer: str) -> None:
    with VisionServer(content=f'{{"q1": {answer}, "q2": 7, "q3": "yes"}}') as server:
        seen = await connect(server).judge(FRAMES, questions=QUESTIONS)
    assert seen.answers["lamp"] == SeenAnswer(answer=Answer.NO)
    assert seen.answers["sea"].answer is Answer.UNSURE


async def test_answer_is_read_when_it_comes_in_parts() -> None:
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": '{"q1": {"answer": "yes"}}'}]
    choice = {"index": 0, "message": {"role": "assistant", "content": parts}, "finish_reason": "stop"}
    with VisionServer(changes={"choices": [choice]}) as server:
        seen = await connect(server).judge(FRAMES, questions=QUESTIONS)
    assert seen.answers["lamp"].answer is Answer.YES


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": 7}, {"prompt_tokens": -1, "completion_tokens": "x"}, [1]])
async def test_usage_is_unknown_when_the_service_does_not_tell(usage: Any) -> None:
    with VisionServer(changes={"usage": usage, "model": None, "id": None}) as server:
        seen = await connect(server).judge(FRAMES, questions=QUESTIONS)
    assert (seen.model, seen.input_tokens, seen.output_tokens) == ("some-vision-model", None, None)


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ({"failures": [(429, "slow down")] * 3}, "HTTP 429"),
        ({"failures": [(400, f"bad request with {KEY}")]}, "HTTP 400"),
        ({"failures": [(0, "")]}, "cannot be reached"),
        ({"finish_reason": "content_filter"}, "declined to look"),
        ({"content": ""}, "it is empty"),
        ({"content": "[" * 9000}, "cannot be read"),
        ({"content": '{"a":' * 900}, "cannot be read"),
        ({"content": '{"q1": {"answer": "maybe", "evidence": ""}}'}, "cannot be read"),
        ({"content": '{"q9": {"answer": "yes", "evidence": ""}}'}, "cannot be read"),
        ({"changes": {"choices": []}}, "without content"),
        ({"changes": {"choices": None}}, "without content"),
        ({"raw": "<html>Sign in</html>"}, "OPENAI_BASE_URL"),
        ({"raw": '{"choices": "none"}'}, "OPENAI_BASE_URL"),
    ],
)
async def test_failure_is_told_without_the_key(behaviour: dict[str, Any], message: str) -> None:
    with VisionServer(**behaviour) as server, pytest.raises(PerceptionFailed, match=message) as failure:
        await connect(server).judge(FRAMES, questions=QUESTIONS)
    assert KEY not in str(failure.value)


async def test_refused_key_is_named_by_its_setting_and_never_shown() -> None:
    with VisionServer() as server, pytest.raises(PerceptionFailed, match="OPENAI_API_KEY") as failure:
        await connect(server, key="sk-wrong-key").judge(FRAMES, questions=QUESTIONS)
    assert "sk-wrong-key" not in str(failure.value)


async def test_unreachable_service_is_a_failure_in_words() -> None:
    with VisionServer() as server:
        viewer = connect(server)
    with pytest.raises(PerceptionFailed, match="cannot be reached"):
        await viewer.judge(FRAMES, questions=QUESTIONS)


async def test_slow_service_is_given_up() -> None:
    gate = threading.Event()
    with VisionServer(gate=gate) as server:
        viewer = connect(server, timeout_seconds=0.2)
        with pytest.raises(PerceptionFailed, match=r"no answer within 0\.2 s"):
            await viewer.judge(FRAMES, questions=QUESTIONS)
        gate.set()
        assert len(server.requests) == 1


async def test_left_out_question_is_unsure() -> None:
    with VisionServer(content='{"q1": {"answer": "no", "evidence": "dark"}}') as server:
        seen = await connect(server).judge(FRAMES, questions=QUESTIONS)
    assert (seen.answers["lamp"].answer, seen.answers["sea"].answer) == (Answer.NO, Answer.UNSURE)


# --- takes ---


async def look(path: Path, server: VisionServer, *, tmp_path: Path, previous: bytes | None = None) -> Assessment:
    listener = WhisperListener(model="base", cache_dir=tmp_path)
    neighbours = (Neighbour(side=Side.BEFORE, frame=previous),) if previous else ()
    expectation = Expectation(
        target_seconds=3, visual_intent="a test picture", acceptance=("a counter",), neighbours=neighbours
    )
    assessment = await assess_take(
        path, expectation=expectation, senses=Senses(listener=listener, viewer=connect(server))
    )
    assert listener.child_pid is None  # no line was due, so nobody listened
    listener.close()
    return assessment


async def test_take_passes_without_a_line_when_the_picture_shows_what_it_should(shelf: Path, tmp_path: Path) -> None:
    [previous] = grab_frames(shelf / "one.mp4", count=1, max_side=320)
    with VisionServer() as server:
        assessment = await look(shelf / "one.mp4", server, tmp_path=tmp_path, previous=previous)
    assert (assessment.verdict, assessment.weight_run) == (Verdict.PASS, 0.75)
    assert len(server.requests) == 1  # one look answers for the picture and for continuity
    images = [part for part in server.requests[0]["messages"][-1]["content"] if part["type"] == "image_url"]
    assert len(images) == 5


async def test_take_fails_with_the_reason_when_the_picture_lacks_something(shelf: Path, tmp_path: Path) -> None:
    with VisionServer(lambda text: ("no", "only bars") if "counter" in text else ("yes", "bars")) as server:
        assessment = await look(shelf / "one.mp4", server, tmp_path=tmp_path)
    assert assessment.verdict is Verdict.FAIL
    assert "The stills do not show: a counter (only bars)" in assessment.summary
    assert assessment.checks[CheckName.CONTINUITY].reason == "there is no accepted take beside it yet"


async def test_look_does_not_count_when_the_service_failed(shelf: Path, tmp_path: Path) -> None:
    with VisionServer(failures=[(400, "no such model")]) as server:
        assessment = await look(shelf / "one.mp4", server, tmp_path=tmp_path)
    visual = assessment.checks[CheckName.VISUAL_REQUIREMENTS]
    assert (visual.status, assessment.verdict) == (CheckStatus.NOT_RUN, Verdict.NEEDS_REVIEW)
    assert "no such model" in visual.reason
