"""Where and with what something is measured, and who else is at work there."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.peers import PEERS

CPUINFO, STAT = Path("/proc/cpuinfo"), Path("/proc/stat")


def machine() -> dict[str, Any]:
    libraries = {peer.module: peer.version for peer in PEERS.values() if peer.installed}
    return {
        "processor": _processor(),
        "cores": _cores(),
        "system": platform.platform(terse=True),
        "versions": {"python": platform.python_version()} | libraries,
    }


def _processor() -> str:
    lines = CPUINFO.read_text().splitlines() if CPUINFO.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _cores() -> int:
    return os.cpu_count() or 1


class Bystanders:
    """The share of the machine that other programs took during a `with` block; None where the system does not tell.

    The block's own processes must have ended with it, for only then is their time known.
    """

    share: float | None = None

    def __enter__(self) -> Bystanders:
        self._begin = perf_counter()
        self._all, self._own = _busy(), _own()
        return self

    def __exit__(self, *_: object) -> None:
        if self._all is not None:
            others = (_busy() or 0.0) - self._all - (_own() - self._own)
            self.share = max(0.0, others) / ((perf_counter() - self._begin) * _cores())


def _busy() -> float | None:
    """Seconds that the processors have worked, for all programs together."""
    if not STAT.exists():
        return None
    user, nice, system, _idle, _iowait, *rest = map(int, STAT.read_text().split()[1:9])
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    """Seconds that this process and its ended children have worked."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
