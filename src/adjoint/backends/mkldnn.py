"""`torch.backends.mkldnn`: the switches of Intel's library for networks, which Adjoint does without."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager

from adjoint.backends.switches import held

enabled = True
deterministic = False
allow_tf32 = True
fp32_precision = "none"


def is_available() -> bool:
    """No."""
    return False


def flags(
    enabled: bool = False, deterministic: bool = False, allow_tf32: bool = True, fp32_precision: str = "none"
) -> AbstractContextManager[None]:
    """Set the switches for the length of a `with` block."""
    return held(sys.modules[__name__], dict(locals()))
