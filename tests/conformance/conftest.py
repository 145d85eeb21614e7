"""The table of results of the operator database, at the end of a run."""

import json

import pytest

from tests.conformance.operators import record


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    found: record.Results = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, value in getattr(report, "user_properties", []):
                if name == "operators":
                    found |= json.loads(value)
    if found:
        terminalreporter.section("PyTorch's operator database")
        for column, (agree, of) in record.totals(found, record.differentiable() & set(found)).items():
            terminalreporter.write_line(f"{column}: {agree} of {of}")
