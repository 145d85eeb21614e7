"""What the operations that make views show, as copies; and tensors in which that part is replaced."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

import numpy as np

from adjoint.core.apply import require_tensors, write_out
from adjoint.core.exports import export, public
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.aliasing import alias
from adjoint.ops.broadcasting import expand
from adjoint.ops.conversion import clone, detach, to_dtype
from adjoint.ops.diagonals import diagonal
from adjoint.ops.dimensions import dimension
from adjoint.ops.indexing import getitem, select
from adjoint.ops.scattering import put
from adjoint.ops.shape import permute, squeeze, t, transpose, unsqueeze, view
from adjoint.ops.splitting import split, split_with_sizes, unbind
from adjoint.ops.strides import as_strided, windows_of
from adjoint.ops.writing import put_slices

# --- copies of views ---


def _aliased(input: Tensor) -> Tensor:
    return alias(input)


def _sliced(input: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Tensor:
    (input,) = require_tensors("slice", input)
    return getitem(input, _slice_index(input, dim, start, end, step))


def _slice_index(input: Tensor, dim: int, start: int | None, end: int | None, step: int) -> tuple[slice, ...]:
    return (*(slice(None),) * dimension(dim, input.ndim, "slice"), slice(start, end, step))


def _expanded(input: Tensor, size: Any, *, implicit: bool = False) -> Tensor:
    return expand(input, *size)


def _viewed(input: Tensor, size: Any) -> Tensor:
    return view(input, size)


def _permuted(input: Tensor, dims: Any) -> Tensor:
    return permute(input, dims)


def _unfolded(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    return windows_of(input, dimension, size, step)


#: for each operation that makes views: its function, and how many elements the copies below have along each dimension
_VIEWS: dict[str, tuple[Callable, str, str]] = {
    "alias": (_aliased, "", "[2, 3]"),
    "as_strided": (as_strided, "(2, 2), (1, 1)", "[2, 2]"),
    "detach": (detach, "", "[2, 3]"),
    "diagonal": (diagonal, "", "[2]"),
    "expand": (_expanded, "(4, 2, 3)", "[4, 2, 3]"),
    "permute": (_permuted, "(1, 0)", "[3, 2]"),
    "select": (select, "1, 0", "[2]"),
    "slice": (_sliced, "1, 0, 2", "[2, 2]"),
    "squeeze": (squeeze, "", "[2, 3]"),
    "t": (t, "", "[3, 2]"),
    "transpose": (transpose, "0, 1", "[3, 2]"),
    "unfold": (_unfolded, "1, 2, 1", "[2, 2, 2]"),
    "unsqueeze": (unsqueeze, "0", "[1, 2, 3]"),
    "view": (_viewed, "(3, 2)", "[3, 2]"),
}
#: those that make several at once
_SEVERAL_VIEWS: dict[str, tuple[Callable, str, str]] = {
    "split": (split, "2, 1", "[2, 2]"),
    "split_with_sizes": (split_with_sizes, "(1, 2), 1", "[2, 1]"),
    "unbind": (unbind, "1", "[2]"),
}


def _export_copy(name: str, function: Callable, arguments: str, shape: str, several: bool) -> None:
    given = signature(function)
    out_parameter = Parameter("out", Parameter.KEYWORD_ONLY, default=None, annotation=Any)

    def copied(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        result = tuple(map(clone, result)) if several else clone(result)
        return result if out is None else write_out(out, result)

    copied.__name__ = copied.__qualname__ = f"{name}_copy"
    copied.__signature__ = given.replace(parameters=[*given.parameters.values(), out_parameter])
    call = f"torch.{name}_copy(torch.zeros(2, 3){', ' * bool(arguments)}{arguments})"
    copied.__doc__ = (
        f"As `{name}`, but new memory in place of {'views' if several else 'a view'}.\n\n"
        f"    >>> import adjoint as torch\n    >>> {call}{'[0]' * several}.shape\n    torch.Size({shape})\n    "
    )
    export(copied, method=False)


for _several, _table in ((False, _VIEWS), (True, _SEVERAL_VIEWS)):
    for _name, (_function, _arguments, _shape) in _table.items():
        _export_copy(_name, _function, _arguments, _shape, _several)


# --- the part that a view shows, replaced ---


def _require_size(src: Tensor, shape: tuple[int, ...]) -> None:
    if src._data.shape != shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = {list(shape)}"
        )


def _replaced(input: Tensor, src: Tensor, template: tuple, shape: tuple[int, ...], out: Tensor | None) -> Tensor:
    _require_size(src, shape)
    result = put_slices(input, to_dtype(src, input.dtype), template)
    return result if out is None else write_out(out, result)


@public()
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int, *, out: Tensor | None = None) -> Tensor:
    """A copy of the tensor with `src` in place of what `select` shows.

    >>> import adjoint as torch
    >>> torch.select_scatter(torch.zeros(2, 2), torch.tensor([1., 2.]), 0, 1)
    tensor([[0., 0.],
            [1., 2.]])
    """
    input, src = require_tensors("select_scatter", input, src, names=("input", "src"))
    shape = select(input, dim, index)._data.shape
    axis = dimension(dim, input.ndim, "select_scatter")
    return _replaced(input, src, (*(slice(None),) * axis, index), shape, out)


@public()
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1,
    *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """A copy of the tensor with `src` in place of a slice along a dimension.

    >>> import adjoint as torch
    >>> torch.slice_scatter(torch.zeros(4), torch.tensor([1., 2.]), start=0, step=2)
    tensor([1., 0., 2., 0.])
    """
    input, src = require_tensors("slice_scatter", input, src, names=("input", "src"))
    index = _slice_index(input, dim, start, end, step)
    return _replaced(input, src, index, getitem(input, index)._data.shape, out)


def _put_through(input: Tensor, src: Tensor, view: Callable[[Tensor], Tensor], out: Tensor | None) -> Tensor:
    """The tensor with `src` where a view of it reaches, whatever view that is."""
    counted = np.arange(input.numel()).reshape(input.shape)
    if isinstance(input._data, np.ndarray):  # a view by strides goes by how the elements lie in memory
        laid_out = np.empty_like(input._data, np.int64)
        laid_out[...] = counted
        counted = laid_out
    places = view(wrap(counted))
    _require_size(src, places._data.shape)
    result = put(input, places, to_dtype(src, input.dtype))
    return result if out is None else write_out(out, result)


@public()
def diagonal_scatter(
    input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1, *, out: Tensor | None = None
) -> Tensor:
    """A copy of the tensor with `src` in place of what `diagonal` shows.

    >>> import adjoint as torch
    >>> torch.diagonal_scatter(torch.zeros(2, 2), torch.tensor([1., 2.]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    input, src = require_tensors("diagonal_scatter", input, src, names=("input", "src"))
    return _put_through(input, src, lambda x: diagonal(x, offset, dim1, dim2), out)


@public()
def as_strided_scatter(
    input: Tensor, src: Tensor, size: Any, stride: Any, storage_offset: int | None = None, *, out: Tensor | None = None
) -> Tensor:
    """A copy of the tensor with `src` in place of what `as_strided` shows.

    >>> import adjoint as torch
    >>> torch.as_strided_scatter(torch.zeros(4), torch.tensor([1., 2.]), (2,), (3,))
    tensor([1., 0., 0., 2.])
    """
    input, src = require_tensors("as_strided_scatter", input, src, names=("input", "src"))
    return _put_through(input, src, lambda x: as_strided(x, size, stride, storage_offset), out)
