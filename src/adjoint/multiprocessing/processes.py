"""Groups of processes that run one function: `spawn`, and what becomes of them."""

from __future__ import annotations

import multiprocessing
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from multiprocessing import connection
from pathlib import Path
from typing import Any

__all__ = [
    "ProcessContext", "ProcessException", "ProcessExitedException", "ProcessRaisedException", "SpawnContext",
    "spawn", "start_processes",
]  # fmt: skip

#: how long processes have to end when they are asked to, in seconds
_PATIENCE = 30


class ProcessException(Exception):  # noqa: N818  (PyTorch's name)
    """A process of a group failed: which one it was, and its number in the system."""

    def __init__(self, msg: str, error_index: int, error_pid: int) -> None:
        super().__init__(msg)
        self.msg = msg
        self.error_index = error_index
        self.error_pid = error_pid


class ProcessRaisedException(ProcessException):
    """Its function raised an exception; the message has the traceback."""

    def __init__(self, msg: str, error_index: int, error_pid: int) -> None:
        super().__init__(msg, error_index, error_pid)


class ProcessExitedException(ProcessException):
    """It ended by a signal, or with an exit code that is not 0."""

    def __init__(
        self, msg: str, error_index: int, error_pid: int, exit_code: int, signal_name: str | None = None
    ) -> None:
        super().__init__(msg, error_index, error_pid)
        self.exit_code = exit_code
        self.signal_name = signal_name


class ProcessContext:
    """The processes of a group, which run."""

    def __init__(self, processes: Sequence[Any], error_files: Sequence[str]) -> None:
        self.processes = list(processes)
        self.error_files = list(error_files)
        self.sentinels = {process.sentinel: place for place, process in enumerate(processes)}

    def pids(self) -> list[int]:
        """Their numbers in the system."""
        return [process.pid for process in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Wait until some have ended, at most `timeout` seconds; return whether all have.

        When one has failed, the others are asked to end, after `grace_period` seconds if that is given, and an exception
        says why.
        """
        if not self.sentinels:
            return True
        ended = [self.sentinels.pop(each) for each in connection.wait(list(self.sentinels), timeout)]
        for place in ended:
            self.processes[place].join()
        failed = next((place for place in ended if self.processes[place].exitcode), None)
        if failed is not None:
            self._end(grace_period)
            raise self._failure(failed)
        if not self.sentinels:
            self._forget_files()
        return not self.sentinels

    def _end(self, grace_period: float | None) -> None:
        """End those that still run: kindly, then not."""
        if grace_period:
            self._wait(grace_period)
        for end in ("terminate", "kill"):
            for process in self.processes:
                if process.is_alive():
                    getattr(process, end)()
            self._wait(_PATIENCE)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        for process in self.processes:
            process.join(max(0, until - time.monotonic()))

    def _failure(self, place: int) -> ProcessException:
        process, report = self.processes[place], Path(self.error_files[place])
        said = report.read_text("utf-8") if report.exists() else ""
        self._forget_files()
        if said:
            text = f"\n\n-- Process {place} terminated with the following error:\n{said}"
            return ProcessRaisedException(text, place, process.pid)
        code = process.exitcode
        if code < 0:
            name = signal.Signals(-code).name
            return ProcessExitedException(
                f"process {place} terminated with signal {name}", place, process.pid, code, name
            )
        return ProcessExitedException(f"process {place} terminated with exit code {code}", place, process.pid, code)

    def _forget_files(self) -> None:
        for each in self.error_files:
            shutil.rmtree(Path(each).parent, ignore_errors=True)


class SpawnContext(ProcessContext):
    """The earlier name."""


def start_processes(
    fn: Callable[..., Any], args: tuple = (), nprocs: int = 1, join: bool = True, daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:  # fmt: skip
    """Run `fn(place, *args)` in `nprocs` processes, whose places count from 0.

    With `join` it returns when all have ended, and one that fails ends the others and is an exception here; else it
    returns the group.
    """
    context: Any = multiprocessing.get_context(start_method)
    processes, files = [], []
    for place in range(nprocs):
        report = Path(tempfile.mkdtemp(prefix="adjoint-")) / "error"
        process = context.Process(target=_run, args=(fn, place, args, str(report)), daemon=daemon)
        process.start()
        processes.append(process)
        files.append(str(report))
    group = ProcessContext(processes, files)
    if not join:
        return group
    while not group.join():
        pass
    return None


def spawn(
    fn: Callable[..., Any], args: tuple = (), nprocs: int = 1, join: bool = True, daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:  # fmt: skip
    """`start_processes` with new interpreters, which import the program anew: keep its start under `if __name__`."""
    return start_processes(fn, args, nprocs, join, daemon, start_method)


def _run(fn: Callable[..., Any], place: int, args: tuple, report: str) -> None:
    """The whole life of a process."""
    try:
        fn(place, *args)
    except KeyboardInterrupt:
        pass  # it reaches the parent too
    except Exception:
        Path(report).write_text(traceback.format_exc(), "utf-8")
        raise SystemExit(1) from None
