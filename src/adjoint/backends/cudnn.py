"""`torch.backends.cudnn`: the switches of NVIDIA's library for networks."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import Any

from adjoint.backends.switches import held

enabled = True
benchmark = False
benchmark_limit: int | None = None
deterministic = False
allow_tf32 = True
fp32_precision = "none"


def is_available() -> bool:
    """No."""
    return False


def version() -> None:
    """None."""


def is_acceptable(tensor: Any) -> bool:
    """No: the tensor is on the CPU."""
    return False


def flags(
    enabled: bool = False, benchmark: bool = False, benchmark_limit: int = 10, deterministic: bool = False,
    allow_tf32: bool = True, fp32_precision: str = "none",
) -> AbstractContextManager[None]:  # fmt: skip
    """Set the switches for the length of a `with` block."""
    return held(sys.modules[__name__], dict(locals()))
