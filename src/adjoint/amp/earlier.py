"""The earlier names of `torch.amp`, one module for each kind of device: `torch.cuda.amp`, `torch.cpu.amp`."""

from __future__ import annotations

import warnings

from adjoint.amp import autocast_mode, grad_scaler
from adjoint.core.dtypes import dtype as DType


def earlier(kind: str, fast: DType) -> tuple[type[autocast_mode.autocast], type[grad_scaler.GradScaler]]:
    """`autocast` and `GradScaler` for one kind of device, whose type to compute in is `fast`."""

    def warn(name: str) -> None:
        warnings.warn(
            f"`torch.{kind}.amp.{name}(args...)` is deprecated. Please use `torch.amp.{name}('{kind}', args...)` instead.",
            FutureWarning,
            stacklevel=3,
        )

    class autocast(autocast_mode.autocast):  # noqa: N801  (PyTorch's name)
        __doc__ = f'`torch.amp.autocast("{kind}", ...)`.'

        def __init__(self, enabled: bool = True, dtype: DType = fast, cache_enabled: bool = True) -> None:
            warn("autocast")
            super().__init__(kind, enabled=enabled, dtype=dtype, cache_enabled=cache_enabled)

    class GradScaler(grad_scaler.GradScaler):
        __doc__ = f'`torch.amp.GradScaler("{kind}", ...)`.'

        def __init__(
            self, init_scale: float = 65536.0, growth_factor: float = 2.0, backoff_factor: float = 0.5,
            growth_interval: int = 2000, enabled: bool = True,
        ) -> None:  # fmt: skip
            warn("GradScaler")
            super().__init__(kind, init_scale, growth_factor, backoff_factor, growth_interval, enabled)

    for each in (autocast, GradScaler):
        each.__module__, each.__qualname__ = f"adjoint.{kind}.amp", each.__name__
    return autocast, GradScaler
