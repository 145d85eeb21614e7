"""`finfo` and `iinfo`: the limits of the types of numbers."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np

from adjoint.core import dtypes
from adjoint.core.dtypes import dtype as DType

#: where PyTorch says another number than the distance from 1 to the next
_EPS = {"float8_e5m2fnuz": 0.125}


class finfo:  # noqa: N801  (PyTorch's name)
    """The limits of a floating-point type; of a complex one, those of its parts.

    >>> import adjoint as torch
    >>> torch.finfo(torch.float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, type: DType | None = None) -> None:
        given = type or dtypes.get_default_dtype()
        if not (given.is_floating_point or given.is_complex):
            raise TypeError(
                "torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'"
            )
        found: Any = ml_dtypes.finfo(given.to_real().numpy)
        self.dtype = given.to_real().name
        self.bits = int(found.bits)
        self.eps = _EPS.get(self.dtype, float(found.eps))
        self.max = float(found.max)
        self.min = float(found.min)
        self.tiny = self.smallest_normal = float(found.smallest_normal)
        self.resolution = float(f"1e-{int(found.nmant * math.log10(2))}")  # by the decimal digits that surely hold

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:  # noqa: N801
    """The limits of a type of integers.

    >>> import adjoint as torch
    >>> torch.iinfo(torch.int8).max
    127
    """

    def __init__(self, type: DType) -> None:
        if type is dtypes.bool:
            raise TypeError("torch.bool is not supported by torch.iinfo")
        if type.is_floating_point or type.is_complex:
            raise TypeError("torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'")
        found = np.iinfo(type.numpy)
        self.dtype = type.name
        self.bits = int(found.bits)
        self.max = int(found.max)
        self.min = int(found.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
