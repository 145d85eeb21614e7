"""`torch.nn.parallel`: modules on several devices; Adjoint has one."""

from __future__ import annotations

from typing import Any

from adjoint.nn.modules.module import Module

__all__ = ["DataParallel", "data_parallel"]


def data_parallel(
    module: Module, inputs: Any, device_ids: Any = None, output_device: Any = None, dim: int = 0,
    module_kwargs: Any = None,
) -> Any:  # fmt: skip
    """Refused, as PyTorch refuses it on a machine without GPUs; `DataParallel` calls its module there."""
    raise RuntimeError("device type could not be determined\nCall the module itself.")


class DataParallel(Module):
    """Calls its module: on a machine without GPUs PyTorch's does the same.

    >>> import adjoint as torch
    >>> torch.nn.DataParallel(torch.nn.ReLU())(torch.tensor([-1.0, 1.0]))
    tensor([0., 1.])
    """

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[int] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)
