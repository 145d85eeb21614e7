"""What was measured: ratios, the table, and the file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.task import Lane, Task


@dataclass(frozen=True)
class Ratio:
    """A rival's time over ours, round by round."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, theirs: list[float], ours: list[float]) -> Ratio | None:
        """Each round is divided by itself, so that what slows the machine down for a while slows both."""
        # A peer that failed in the middle has no time for the last rounds.
        rounds = [a / b for a, b in zip(theirs, ours, strict=False) if b > 0]
        return cls(median(rounds), min(rounds), max(rounds)) if rounds else None


@dataclass
class LaneResult:
    """What one lane measured: seconds, one for each round."""

    lane: Lane
    times: list[float] = field(default_factory=list)
    sample: list[float] = field(default_factory=list)
    error: str | None = None

    @contextmanager
    def catching(self, kind: type[Exception]) -> Iterator[None]:
        """An exception of that kind ends this lane, not the run."""
        try:
            yield
        except kind as error:
            self.error = str(error)


@dataclass
class Line:
    """A line of the table."""

    result: LaneResult
    ratio: Ratio | None
    bound: float | None
    passed: bool | None
    """None where nothing is promised, or nothing could be measured."""


@dataclass
class TaskResult:
    """What one race measured."""

    task: Task
    results: list[LaneResult]
    bystanders: float | None = None
    """The share of the machine that other programs took meanwhile."""

    @property
    def lines(self) -> list[Line]:
        ours = next((r for r in self.results if r.lane == self.task.lanes[0]), None)
        return [self._ours(r) if r is ours else self._rival(r, ours) for r in self.results]

    def _ours(self, result: LaneResult) -> Line:
        bound = self.task.at_most
        passed = median(result.times) <= bound if bound and result.times else None
        return Line(result, None, bound, passed)

    def _rival(self, result: LaneResult, ours: LaneResult | None) -> Line:
        ratio = Ratio.of(result.times, ours.times) if ours else None
        bound = self.task.bounds.get(result.lane.peer)
        return Line(result, ratio, bound, ratio.median >= bound if ratio and bound else None)

    @property
    def failed(self) -> bool:
        return any(line.passed is False or line.result.error for line in self.lines)


# ---- the table -------------------------------------------------------------------------------------------------------

COLUMNS = "  {:<26}{:>11}  {:>8}  {:>17}  {}"


def heading(here: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in here["versions"].items())
    return f"{here['processor']}, {here['cores']} cores, {here['system']}\n{versions}"


def table(result: TaskResult) -> str:
    """The race's name and its lanes; a ratio is the lane's time over ours: above 1, ours is faster."""
    task = result.task
    time = "compile time" if task.measure == "compile" else f"time/{task.per}"
    lines = [f"{task.name}: {task.about}", COLUMNS.format("", time, "ratio", "spread", "bound").rstrip()]
    lines += [_row(line) for line in result.lines]
    if result.bystanders and result.bystanders > 0.05:
        lines.append(f"  (other programs took {result.bystanders:.0%} of the machine meanwhile)")
    return "\n".join(lines)


def _row(line: Line) -> str:
    label = line.result.lane.label
    if line.result.error and not line.result.times:
        return f"  {label:<26}{line.result.error}"
    ratio = f"{line.ratio.median:.2f}" if line.ratio else ""
    spread = f"[{line.ratio.least:.2f}, {line.ratio.most:.2f}]" if line.ratio else ""
    row = COLUMNS.format(label, duration(median(line.result.times)), ratio, spread, _verdict(line)).rstrip()
    return f"{row}  {line.result.error}" if line.result.error else row


def _verdict(line: Line) -> str:
    if line.bound is None:
        return ""
    bound = f"at least {line.bound:g}" if line.ratio else f"at most {duration(line.bound)}"
    return f"{bound}: {'pass' if line.passed else 'FAIL'}" if line.passed is not None else ""


def duration(seconds: float) -> str:
    for scale, unit in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def summary(results: list[TaskResult]) -> str:
    lines = [(result.task.name, line) for result in results for line in result.lines]
    passed = sum(line.passed is True for _, line in lines)
    failed = [f"{name} ({line.result.lane.label})" for name, line in lines if line.passed is False or line.result.error]
    return f"{passed} passed, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}"


# ---- the file --------------------------------------------------------------------------------------------------------


def write(path: Path, here: dict[str, Any], results: list[TaskResult], options: dict[str, Any]) -> None:
    """Write the file whole or not at all: a run that is stopped leaves the last one as it was."""
    text = json.dumps(
        {
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": here,
            "options": options,
            "tasks": [_record(result) for result in results],
        },
        indent=2,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False) as file:
        file.write(text + "\n")
    Path(file.name).replace(path)


def _record(result: TaskResult) -> dict[str, Any]:
    task = result.task
    return {
        "name": task.name,
        "about": task.about,
        "ours": task.ours,
        "per": task.per,
        "measure": task.measure,
        "bystanders": result.bystanders,
        "lanes": [
            {
                "peer": line.result.lane.peer,
                "size": line.result.lane.size,
                "seconds": line.result.times,
                "ratio": vars(line.ratio) if line.ratio else None,
                "bound": line.bound,
                "passed": line.passed,
                "error": line.result.error,
            }
            for line in result.lines
        ],
    }
