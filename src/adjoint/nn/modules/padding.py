"""Padding as layers."""

from __future__ import annotations

from typing import Any

from adjoint.core.tensor import Tensor
from adjoint.nn import functional as F
from adjoint.nn.modules.module import Module
from adjoint.nn.modules.utils import per_axis

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d",
    "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d",
    "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip


class _Pad(Module):
    """Padding on both ends of the last axes: one number for all, or two for each axis, the last first."""

    _axes = 0
    _mode = ""

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = per_axis(2 * self._axes)(padding)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ConstantPad1d(_ConstantPad):
    """One value on both ends of the last axis."""

    _axes = 1


class ConstantPad2d(_ConstantPad):
    """One value around the last two axes."""

    _axes = 2


class ConstantPad3d(_ConstantPad):
    """One value around the last three axes."""

    _axes = 3


class ZeroPad1d(_ZeroPad):
    """Zeros on both ends of the last axis."""

    _axes = 1


class ZeroPad2d(_ZeroPad):
    """Zeros around the last two axes."""

    _axes = 2


class ZeroPad3d(_ZeroPad):
    """Zeros around the last three axes."""

    _axes = 3


class ReflectionPad1d(_Pad):
    """What lies inside the border, mirrored, on both ends of the last axis."""

    _axes, _mode = 1, "reflect"


class ReflectionPad2d(_Pad):
    """What lies inside the border, mirrored, around the last two axes."""

    _axes, _mode = 2, "reflect"


class ReflectionPad3d(_Pad):
    """What lies inside the border, mirrored, around the last three axes."""

    _axes, _mode = 3, "reflect"


class ReplicationPad1d(_Pad):
    """The border's own elements on both ends of the last axis."""

    _axes, _mode = 1, "replicate"


class ReplicationPad2d(_Pad):
    """The border's own elements around the last two axes."""

    _axes, _mode = 2, "replicate"


class ReplicationPad3d(_Pad):
    """The border's own elements around the last three axes."""

    _axes, _mode = 3, "replicate"


class CircularPad1d(_Pad):
    """What lies inside the other border on both ends of the last axis."""

    _axes, _mode = 1, "circular"


class CircularPad2d(_Pad):
    """What lies inside the other border around the last two axes."""

    _axes, _mode = 2, "circular"


class CircularPad3d(_Pad):
    """What lies inside the other border around the last three axes."""

    _axes, _mode = 3, "circular"
