"""The arguments `dim` and `keepdim`: which dimensions of a tensor are meant."""

from __future__ import annotations

from operator import index
from typing import Any

from adjoint.core.apply import invalid_combination
from adjoint.core.tensor import dimension_out_of_range


def dimension(dim: Any, ndim: int, function: str = "dim") -> int:
    """One dimension, counted from the front; a 0-d tensor allows 0 and -1."""
    size = max(ndim, 1)
    if dim.__class__ is not int:
        if not hasattr(dim, "__index__") or isinstance(dim, bool):
            raise TypeError(f"{function}(): argument 'dim' must be int, not {type(dim).__name__}")
        dim = index(dim)
    if not -size <= dim < size:
        raise IndexError(dimension_out_of_range(dim, size))
    return dim % size


def dimensions(dim: Any, ndim: int, function: str = "sum") -> tuple[int, ...]:
    """The dimensions that an argument `dim` names, counted from the front, in order; all of them for None or ()."""
    if dim is None:
        return tuple(range(ndim))
    several = isinstance(dim, tuple | list)
    if not (several or hasattr(dim, "__index__")):
        raise invalid_combination(function, (dim,))
    if several and not dim:
        return tuple(range(ndim))
    named = tuple(dimension(each, ndim, function) for each in (dim if several else (dim,)))
    for each in named:
        if named.count(each) > 1:
            raise RuntimeError(f"dim {each} appears multiple times in the list of dims")
    return named if ndim else ()


def restore(xp: Any, g: Any, axis: Any, keepdims: bool) -> Any:
    """A reduced array with its reduced axes back, of size 1."""
    return g if keepdims or axis is None or axis == () else xp.expand_dims(g, axis)


def flag(function: str, keepdim: Any) -> bool:
    """The argument `keepdim`, which must be a truth value."""
    if keepdim.__class__ is not bool:
        raise TypeError(f"{function}(): argument 'keepdim' (position 2) must be bool, not {type(keepdim).__name__}")
    return keepdim
