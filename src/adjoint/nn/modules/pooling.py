"""Pooling as layers."""

from __future__ import annotations

from typing import Any

from adjoint.core.tensor import Tensor
from adjoint.nn import functional as F
from adjoint.nn.modules.module import Module
from adjoint.nn.modules.utils import per_axis

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "FractionalMaxPool2d", "FractionalMaxPool3d", "LPPool1d",
    "LPPool2d", "LPPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d",
]  # fmt: skip


class _Pool(Module):
    _axes = 0
    _kind = ""

    def _pool(self, *args: Any, **kwargs: Any) -> Any:
        return getattr(F, f"{self._kind}{self._axes}d")(*args, **kwargs)


class _MaxPool(_Pool):
    """The largest element of each window, and with `return_indices` where it stands."""

    _kind = "max_pool"

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        return self._pool(
            input, self.kernel_size, self.stride, self.padding, self.dilation, ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest element of each window of (N, C, L)."""

    _axes = 1


class MaxPool2d(_MaxPool):
    """The largest element of each window of (N, C, H, W)."""

    _axes = 2


class MaxPool3d(_MaxPool):
    """The largest element of each window of (N, C, D, H, W)."""

    _axes = 3


class _MaxUnpool(_Pool):
    """Elements put back where `MaxPool` took them from, among zeros."""

    _kind = "max_unpool"

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        each = per_axis(self._axes)
        self.kernel_size = each(kernel_size)
        self.stride = each(stride if stride is not None else kernel_size)
        self.padding = each(padding)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        return self._pool(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """The inverse of `MaxPool1d`, with zeros for what it dropped."""

    _axes = 1


class MaxUnpool2d(_MaxUnpool):
    """The inverse of `MaxPool2d`, with zeros for what it dropped."""

    _axes = 2


class MaxUnpool3d(_MaxUnpool):
    """The inverse of `MaxPool3d`, with zeros for what it dropped."""

    _axes = 3


class AvgPool1d(Module):
    """The mean of each window of (N, C, L)."""

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        each = per_axis(1)
        self.kernel_size = each(kernel_size)
        self.stride = each(stride if stride is not None else kernel_size)
        self.padding = each(padding)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPool(_Pool):
    _kind = "avg_pool"

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return self._pool(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
            self.divisor_override,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPool):
    """The mean of each window of (N, C, H, W)."""

    _axes = 2


class AvgPool3d(_AvgPool):
    """The mean of each window of (N, C, D, H, W)."""

    _axes = 3


class _FractionalMaxPool(_Pool):
    """The largest element of windows of uneven, randomly drawn places (Graham, 2014)."""

    _kind = "fractional_max_pool"

    def __init__(
        self, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        each = per_axis(self._axes)
        if (isinstance(kernel_size, int) and kernel_size <= 0) or (
            isinstance(kernel_size, tuple | list) and not all(size > 0 for size in kernel_size)
        ):
            raise ValueError(f"kernel_size must greater than zero, but got {kernel_size}")
        self.kernel_size = each(kernel_size)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = each(output_size) if output_size is not None else None
        self.output_ratio = each(output_ratio) if output_ratio is not None else None
        name = type(self).__name__
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < ratio < 1 for ratio in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: Tensor) -> Any:
        return self._pool(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices,
            _random_samples=self._random_samples,
        )  # fmt: skip


class FractionalMaxPool2d(_FractionalMaxPool):
    """`FractionalMaxPool` of (N, C, H, W)."""

    _axes = 2


class FractionalMaxPool3d(_FractionalMaxPool):
    """`FractionalMaxPool` of (N, C, D, H, W)."""

    _axes = 3


class _LPPool(_Pool):
    """The norm of each window: the p-th root of the sum of p-th powers."""

    _kind = "lp_pool"

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        return self._pool(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        return f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, ceil_mode={self.ceil_mode}"


class LPPool1d(_LPPool):
    """The norm of each window of (N, C, L)."""

    _axes = 1


class LPPool2d(_LPPool):
    """The norm of each window of (N, C, H, W)."""

    _axes = 2


class LPPool3d(_LPPool):
    """The norm of each window of (N, C, D, H, W)."""

    _axes = 3


class _Adaptive(_Pool):
    """Pooling whose windows divide the input into so many parts."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Any:
        return self._pool(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class _AdaptiveMaxPool(_Adaptive):
    _kind = "adaptive_max_pool"

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        return self._pool(input, self.output_size, self.return_indices)


class _AdaptiveAvgPool(_Adaptive):
    _kind = "adaptive_avg_pool"


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest element of each of so many parts of (N, C, L)."""

    _axes = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest element of each of so many parts of (N, C, H, W)."""

    _axes = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest element of each of so many parts of (N, C, D, H, W)."""

    _axes = 3


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The mean of each of so many parts of (N, C, L)."""

    _axes = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The mean of each of so many parts of (N, C, H, W)."""

    _axes = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """The mean of each of so many parts of (N, C, D, H, W)."""

    _axes = 3
