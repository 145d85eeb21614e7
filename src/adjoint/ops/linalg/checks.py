"""What the functions on matrices ask of their operands, in PyTorch's words."""

from __future__ import annotations

from typing import Any

from adjoint.core.apply import require_tensors, write_out
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.tensor import Tensor
from adjoint.ops.broadcasting import broadcast_shapes


def matrices(function: str, x: Any, name: str = "A") -> Tensor:
    """A tensor of matrices, in the last two dimensions."""
    called = function.removeprefix("torch.").replace(".", "_")
    (x,) = require_tensors(called, x, names=(name if "linalg" in called else "input",))
    if x.ndim < 2:
        raise RuntimeError(f"{function}: The input tensor {name} must have at least 2 dimensions.")
    return x


def of_floats(function: str, x: Tensor, low_precision: bool = False) -> Tensor:
    """A tensor of floating-point or complex numbers, of 32 bits or more."""
    if x._data.dtype.kind in "biu":
        raise RuntimeError(
            f"{function}: Expected a floating point or complex tensor as input. Got {scalar_type_name(x.dtype)}\n"
            "Cast it first, as in x.float()."
        )
    if not low_precision and x.dtype.itemsize == 2:
        raise RuntimeError(
            f"{function}: Low precision dtypes not supported. Got {scalar_type_name(x.dtype)}\nCast it first, as in x.float()."
        )
    return x


def square(function: str, x: Any, name: str = "A") -> Tensor:
    """A tensor of square matrices of floating-point or complex numbers."""
    x = matrices(function, x, name)
    rows, columns = x._data.shape[-2:]
    if rows != columns:
        raise RuntimeError(
            f"{function}: {name} must be batches of square matrices, but they are {rows} by {columns} matrices"
        )
    return x


def same_type(function: str, a: Tensor, b: Tensor, names: tuple[str, str] = ("A", "B")) -> None:
    if a._data.dtype != b._data.dtype:
        first, second = names
        raise RuntimeError(
            f"{function}: Expected {first} and {second} to have the same dtype, but found {first} of type "
            f"{scalar_type_name(a.dtype)} and {second} of type {scalar_type_name(b.dtype)} instead"
        )


def fitting(function: str, a: Tensor, b: Tensor, left: bool = True) -> None:
    """Matrices for an equation AX = B, or XA = B: of sizes that fit, with batch dimensions that broadcast."""
    rows, columns = a._data.shape[-2:]
    if (rows if left else columns) != b._data.shape[-2 if left else -1]:
        equation = "AX = B" if left else "XA = B"
        raise RuntimeError(
            f"{function}: Incompatible shapes of A and B for the equation {equation} ({rows}x{columns} and "
            f"{b.shape[-2]}x{b.shape[-1]})"
        )
    broadcast_shapes(a._data.shape[:-2], b._data.shape[:-2])


def given(out: Any, result: Any) -> Any:
    """A result, written to `out` where that is asked for."""
    return result if out is None else write_out(out, result)
