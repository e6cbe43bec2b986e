"""The matrix at the end of a run: what each adapter made of each fault, as it was seen."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.contracts.matrix import EXPECTED, Outcome, Row, render

CELL = "cell of the matrix"  # the property under which a test reports "column|row|outcome"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Reads the reports, which come from whichever process ran the tests. A cell that was not seen stays empty; one
    that is not as promised is marked."""
    seen: dict[str, dict[str, str]] = {row: {} for row in EXPECTED}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, value in report.user_properties:
                if name == CELL:
                    column, row, word = value.split("|")
                    seen[row][column] = word
    outcomes = {row: _line(row, seen[row]) for row in EXPECTED if seen[row]}
    if outcomes:
        terminalreporter.section("what each adapter makes of it")
        terminalreporter.write_line(render(outcomes))


def _line(row: Row, seen: Mapping[str, str]) -> dict[str, str]:
    absent = {column: str(word) for column, word in EXPECTED[row].items() if word is Outcome.ABSENT}
    return absent | {column: word + "!" * (word != EXPECTED[row][column]) for column, word in seen.items()}
