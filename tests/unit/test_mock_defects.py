from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import InvalidRequest
from providers.mock.defects import Defect, defect_for, parse_defects


@pytest.mark.parametrize(
    ("script", "position", "attempt", "expected"),
    [
        ("2=wrong_words", 2, 1, Defect.WRONG_WORDS),
        ("2=wrong_words", 2, 2, None),
        ("2=wrong_words", 3, 1, None),
        ("4.1-2=silence", 4, 2, Defect.SILENCE),
        ("4.1-2=silence", 4, 3, None),
        ("5.*=black", 5, 9, Defect.BLACK),
        ("*=freeze", 7, 1, Defect.FREEZE),
        ("*=freeze", None, 1, Defect.FREEZE),
        ("*=freeze, 3=fail", 3, 1, Defect.FAIL),
        (" 1 . 2 = reject ,", 1, 2, Defect.REJECT),
        ("", 1, 1, None),
    ],
)
def test_defect_strikes_when_clip_and_take_are_named(
    script: str, position: int | None, attempt: int, expected: Defect | None
) -> None:
    assert defect_for(parse_defects(script), position=position, attempt=attempt) is expected


@pytest.mark.parametrize("script", ["2=sparkles", "two=black", "2", "2.3-1=black", "2.0=black", "2=black;3=fail"])
def test_script_is_refused_with_the_allowed_words_when_it_cannot_be_read(script: str) -> None:
    with pytest.raises(InvalidRequest, match=r"Cannot read the mock defect '2|Cannot read the mock defect 'two"):
        parse_defects(script)


def test_refusal_lists_every_defect() -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_defects("1=nonsense")
    assert all(word in str(raised.value) for word in Defect)


@given(st.integers(1, 300), st.integers(1, 9), st.integers(0, 9), st.sampled_from(Defect))
def test_range_strikes_exactly_its_takes(position: int, first: int, span: int, defect: Defect) -> None:
    script = parse_defects(f"{position}.{first}-{first + span}={defect}")
    struck = [n for n in range(1, 25) if defect_for(script, position=position, attempt=n) is defect]
    assert struck == list(range(first, first + span + 1))
