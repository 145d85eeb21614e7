"""The driver: every task, its peers in turn, round after round."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import report
from benchmarks.machine import Bystanders, machine
from benchmarks.peers import PEERS
from benchmarks.report import LaneResult, TaskResult
from benchmarks.task import Lane, Task
from benchmarks.tasks import TASKS
from benchmarks.worker import Worker, WorkerError

RESULTS = Path(__file__).parent / "results" / "latest.json"

# Between turns the threads of the peer that just worked are let go to sleep: OpenBLAS's spin for 80 ms when done.
PAUSE = 0.12

# Libraries differ in the last digits of float32, and a few work in float64.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Effort:
    """How long to measure: rounds, and seconds for each peer in each round."""

    rounds: int
    seconds: float


FULL = Effort(rounds=9, seconds=0.25)
QUICK = Effort(rounds=3, seconds=0.05)


def race(task: Task, lanes: list[Lane], effort: Effort) -> TaskResult:
    """Time the lanes in turn: A B C, A B C, ..."""
    results = [LaneResult(lane) for lane in lanes]
    rounds = min(effort.rounds, task.max_rounds or effort.rounds)
    run = {"steady": _steady, "compile": _compile}[task.measure]
    with Bystanders() as bystanders:
        run(task, results, rounds, effort.seconds)
    if task.per == "node":
        for result in results:
            result.times = [seconds / result.lane.size for seconds in result.times]
    return TaskResult(task, results, bystanders.share)


def _steady(task: Task, results: list[LaneResult], rounds: int, seconds: float) -> None:
    """One process for each lane, which lives as long as the race."""
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(result.lane.peer)) for result in results]
        calls = [1] * len(results)
        for i, (worker, result) in enumerate(zip(workers, results, strict=True)):
            with result.catching(WorkerError):
                result.sample = worker.prepare(task.name, result.lane.size)
                calls[i] = worker.calibrate(seconds)
        if task.rival_size is None:
            _compare(results)
        for _ in range(rounds):
            for worker, result, n in zip(workers, results, calls, strict=True):
                _turn(result, partial(worker.time, n))


def _compile(task: Task, results: list[LaneResult], rounds: int, seconds: float) -> None:
    """A fresh process for each lane in each round."""

    def first_call_less_a_steady_one(lane: Lane) -> float:
        with Worker(lane.peer) as worker:
            worker.prepare(task.name, lane.size)
            return worker.compile_time(seconds)

    for _ in range(rounds):
        for result in results:
            _turn(result, partial(first_call_less_a_steady_one, result.lane))


def _turn(result: LaneResult, measure: Callable[[], float]) -> None:
    if result.error is None:
        time.sleep(PAUSE)
        with result.catching(WorkerError):
            result.times.append(measure())


def _compare(results: list[LaneResult]) -> None:
    """The same work gives the same numbers, or it is no race."""
    done = [result for result in results if result.error is None]
    for result in done[1:]:
        if not agree(done[0].sample, result.sample):
            result.error = f"its numbers differ from those of {done[0].lane.label}"


def agree(a: list[float], b: list[float]) -> bool:
    return len(a) == len(b) and np.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE * max(map(abs, a), default=0))


# ---- the command -----------------------------------------------------------------------------------------------------


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time the same work on Adjoint and on its peers, in turn, and print the ratios.",
        epilog="Tasks: " + ", ".join(TASKS) + ". Peers: " + ", ".join(PEERS) + ".",
    )
    parser.add_argument("--only", metavar="NAME", action="append", choices=TASKS, help="this task; may be repeated")
    parser.add_argument("--peers", metavar="A,B", type=_peers, default=tuple(PEERS), help="only these, beside Adjoint")
    parser.add_argument("--rounds", metavar="N", type=_positive, help=f"turns of each peer (default {FULL.rounds})")
    parser.add_argument("--quick", action="store_true", help="a few short rounds: a rough picture in a minute")
    parser.add_argument("--strict", action="store_true", help="exit with status 1 when a line fails")
    parser.add_argument("--output", metavar="FILE", type=Path, default=RESULTS, help="where the JSON goes")
    return parser.parse_args(arguments)


def _peers(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := [name for name in names if name not in PEERS]:
        raise argparse.ArgumentTypeError(f"no such peer: {', '.join(unknown)} (there are {', '.join(PEERS)})")
    return names


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def lanes_of(task: Task, peers: Iterable[str]) -> list[Lane]:
    """Ours, and those asked for that are installed."""
    ours, *rivals = task.lanes
    wanted = {*peers, ours.peer}
    return [lane for lane in (ours, *rivals) if lane.peer in wanted and PEERS[lane.peer].installed]


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks; the exit status."""
    options = parse(arguments)
    effort = QUICK if options.quick else FULL
    effort = Effort(options.rounds or effort.rounds, effort.seconds)
    here = machine()
    print(report.heading(here))
    results = []
    for task in TASKS.values():
        if options.only and task.name not in options.only:
            continue
        if lanes := lanes_of(task, options.peers):
            results.append(race(task, lanes, effort))
            print("\n" + report.table(results[-1]), flush=True)
    report.write(options.output, here, results, {"rounds": effort.rounds, "seconds": effort.seconds})
    print(f"\n{report.summary(results)}\nWritten to {os.path.relpath(options.output)}")
    return int(options.strict and any(result.failed for result in results))


if __name__ == "__main__":
    sys.exit(main())
