"""The Python array API standard, on tensors: its names, and its signatures, for the functions of Adjoint.

`tensor.__array_namespace__()` is this module. What the standard and PyTorch call alike, and take alike, is taken from the
face; the rest stands here. See https://data-apis.org/array-api/2023.12.
"""

from __future__ import annotations

from math import e, inf, nan, pi
from types import SimpleNamespace
from typing import Any, NamedTuple

from adjoint import fft, linalg
from adjoint.core import dtypes
from adjoint.core.device import CPU, check_device
from adjoint.core.dtypes import dtype as DType
from adjoint.core.limits import finfo, iinfo
from adjoint.core.tensor import Tensor
from adjoint.ops import later

__all__ = ["VERSIONS", "e", "fft", "finfo", "iinfo", "inf", "linalg", "nan", "newaxis", "pi"]

VERSIONS = ("2021.12", "2022.12", "2023.12")
__array_api_version__ = VERSIONS[-1]
newaxis = None

#: names of the standard that PyTorch has in the same meaning
_SAME = frozenset(
    [
        "abs",
        "acos",
        "acosh",
        "add",
        "arange",
        "asarray",
        "asin",
        "asinh",
        "atan",
        "atan2",
        "atanh",
        "bitwise_and",
        "bitwise_left_shift",
        "bitwise_or",
        "bitwise_right_shift",
        "bitwise_xor",
        "broadcast_to",
        "ceil",
        "conj",
        "copysign",
        "cos",
        "cosh",
        "divide",
        "empty",
        "empty_like",
        "equal",
        "exp",
        "expm1",
        "eye",
        "floor",
        "floor_divide",
        "from_dlpack",
        "full",
        "full_like",
        "greater",
        "greater_equal",
        "hypot",
        "imag",
        "isfinite",
        "isinf",
        "isnan",
        "less",
        "less_equal",
        "linspace",
        "log",
        "log10",
        "log1p",
        "log2",
        "logaddexp",
        "logical_and",
        "logical_not",
        "logical_or",
        "logical_xor",
        "matmul",
        "maximum",
        "minimum",
        "moveaxis",
        "multiply",
        "negative",
        "not_equal",
        "ones",
        "ones_like",
        "positive",
        "pow",
        "real",
        "remainder",
        "reshape",
        "round",
        "searchsorted",
        "sign",
        "signbit",
        "sin",
        "sinh",
        "sqrt",
        "square",
        "subtract",
        "tan",
        "tanh",
        "tensordot",
        "tile",
        "tril",
        "triu",
        "trunc",
        "where",
        "zeros",
        "zeros_like",
    ]
)
#: names that differ
_RENAMED = {
    "argsort": "argsort", "bitwise_invert": "bitwise_not", "clip": "clamp", "expand_dims": "unsqueeze", "stack": "stack",
    "unstack": "unbind",
}  # fmt: skip
#: types of the standard
_TYPES = {
    name: getattr(dtypes, name)
    for name in (
        "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64",
        "complex64", "complex128",
    )
}  # fmt: skip
_KINDS = {
    "bool": {"bool"}, "signed integer": {"int8", "int16", "int32", "int64"},
    "unsigned integer": {"uint8", "uint16", "uint32", "uint64"}, "real floating": {"float32", "float64"},
    "complex floating": {"complex64", "complex128"},
}  # fmt: skip
_KINDS["integral"] = _KINDS["signed integer"] | _KINDS["unsigned integer"]
_KINDS["numeric"] = _KINDS["integral"] | _KINDS["real floating"] | _KINDS["complex floating"]


def __getattr__(name: str) -> Any:
    if name in _TYPES:
        return _TYPES[name]
    found = later.function(_RENAMED.get(name, name)) if name in _SAME or name in _RENAMED else None
    if found is None:
        raise AttributeError(f"the array API standard, as Adjoint has it, has no '{name}'")
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_SAME, *_RENAMED, *_TYPES})


def _face(name: str) -> Any:
    function = later.function(name)
    assert function is not None, name
    return function


def _axes(x: Tensor, axis: Any) -> Any:
    """Dimensions as PyTorch's reductions take them: all of them for None."""
    return tuple(range(x.ndim)) if axis is None else axis


def __array_namespace_info__() -> SimpleNamespace:  # noqa: N807
    """What this namespace offers: its devices, its types, and what depends on neither."""
    return SimpleNamespace(
        capabilities=lambda: {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64},
        default_device=lambda: CPU,
        default_dtypes=lambda *, device=None: {
            "real floating": dtypes.get_default_dtype(), "complex floating": dtypes.get_default_dtype().to_complex(),
            "integral": dtypes.int64, "indexing": dtypes.int64,
        },
        devices=lambda: [CPU],
        dtypes=lambda *, device=None, kind=None: {
            name: each for name, each in _TYPES.items() if kind is None or isdtype(each, kind)
        },
    )  # fmt: skip


# --- types ---


def astype(x: Tensor, dtype: DType, /, *, copy: bool = True, device: Any = None) -> Tensor:
    """The array in another type."""
    check_device(device, "astype")
    return x.to(dtype=dtype, copy=copy)


def can_cast(from_: Any, to: DType, /) -> bool:
    """Whether every number of one type is one of another."""
    source = from_.dtype if isinstance(from_, Tensor) else from_
    try:
        return dtypes.promote(source, to) is to
    except RuntimeError:
        return False


def isdtype(dtype: DType, kind: Any) -> bool:
    """Whether a type is of a kind, such as "real floating", or is another type, or is so of one in a tuple."""
    if isinstance(kind, tuple):
        return any_of(isdtype(dtype, each) for each in kind)
    return dtype.name in _KINDS[kind] if isinstance(kind, str) else dtype is kind


any_of = any  # by its usual name, which is a function of arrays below


def result_type(*arrays_and_dtypes: Any) -> DType:
    """The type in which arrays and types meet."""
    found = [each.dtype if isinstance(each, Tensor) else each for each in arrays_and_dtypes]
    result = next(each for each in found if isinstance(each, DType))
    for each in found:
        other = each if isinstance(each, DType) else dtypes.of_number(each)
        if isinstance(each, DType) or other.rank > result.rank:
            result = dtypes.promote(result, other)
    return result


# --- arrangement ---


def concat(arrays: Any, /, *, axis: int | None = 0) -> Tensor:
    """Arrays one after the other along a dimension, or flat."""
    return _face("cat")([each.flatten() for each in arrays] if axis is None else list(arrays), axis or 0)


def flip(x: Tensor, /, *, axis: Any = None) -> Tensor:
    """The elements in reverse along some dimensions."""
    return x.flip(_several(x, axis))


def roll(x: Tensor, /, shift: Any, *, axis: Any = None) -> Tensor:
    """The elements moved on along some dimensions, from the end to the start."""
    return x.roll(shift, axis)


def permute_dims(x: Tensor, /, axes: tuple[int, ...]) -> Tensor:
    """The dimensions in another order."""
    return x.permute(axes)


def matrix_transpose(x: Tensor, /) -> Tensor:
    """The last two dimensions swapped."""
    return x.mT


def squeeze(x: Tensor, /, axis: Any) -> Tensor:
    """The array without dimensions of size 1, which are named."""
    for each in axis if isinstance(axis, tuple) else (axis,):
        if x.shape[each] != 1:
            raise ValueError(f"dimension {each} has size {x.shape[each]}, and not 1")
    return x.squeeze(axis)


def repeat(x: Tensor, repeats: Any, /, *, axis: int | None = None) -> Tensor:
    """Each element several times."""
    return _face("repeat_interleave")(x, repeats, axis)


def broadcast_arrays(*arrays: Tensor) -> list[Tensor]:
    """The arrays in their common shape."""
    return list(_face("broadcast_tensors")(*arrays))


def meshgrid(*arrays: Tensor, indexing: str = "xy") -> list[Tensor]:
    """Coordinates of a grid."""
    return list(_face("meshgrid")(*arrays, indexing=indexing))


# --- reductions ---


def sum(x: Tensor, /, *, axis: Any = None, dtype: DType | None = None, keepdims: bool = False) -> Tensor:
    """The sum along some dimensions."""
    return x.sum(_axes(x, axis), keepdim=keepdims, dtype=dtype) if x.ndim else x.to(dtype or x.dtype)


def prod(x: Tensor, /, *, axis: Any = None, dtype: DType | None = None, keepdims: bool = False) -> Tensor:
    """The product along some dimensions."""
    x = x.to(dtype) if dtype is not None else x
    for each in sorted((a % x.ndim for a in _several(x, axis)), reverse=True):
        x = x.prod(each, keepdim=keepdims)
    return x


def _several(x: Tensor, axis: Any) -> tuple[int, ...]:
    return axis if isinstance(axis, tuple) else _axes(x, None) if axis is None else (axis,)


def max(x: Tensor, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The largest element along some dimensions."""
    return x.amax(_axes(x, axis), keepdim=keepdims)


def min(x: Tensor, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The smallest element along some dimensions."""
    return x.amin(_axes(x, axis), keepdim=keepdims)


def mean(x: Tensor, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The mean along some dimensions."""
    return x.mean(_axes(x, axis), keepdim=keepdims)


def var(x: Tensor, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """The variance along some dimensions."""
    return _face("var")(x, _axes(x, axis), correction=correction, keepdim=keepdims)


def std(x: Tensor, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """The standard deviation along some dimensions."""
    return _face("std")(x, _axes(x, axis), correction=correction, keepdim=keepdims)


def all(x: Tensor, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Whether all elements along some dimensions are true."""
    return x.to(dtypes.bool).all(_axes(x, axis), keepdim=keepdims)


def any(x: Tensor, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Whether any element along some dimensions is true."""
    return x.to(dtypes.bool).any(_axes(x, axis), keepdim=keepdims)


def argmax(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The place of the largest element."""
    return x.argmax(axis, keepdim=keepdims)


def argmin(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The place of the smallest element."""
    return x.argmin(axis, keepdim=keepdims)


def cumulative_sum(
    x: Tensor, /, *, axis: int | None = None, dtype: DType | None = None, include_initial: bool = False
) -> Tensor:
    """The sums of the elements up to each along a dimension; with `include_initial` a 0 comes first."""
    axis = 0 if axis is None else axis
    sums = x.cumsum(axis, dtype=dtype)
    return _face("cat")([_face("zeros_like")(sums.narrow(axis, 0, 1)), sums], axis) if include_initial else sums


# --- order, choice and sets ---


def sort(x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """The elements in order along a dimension."""
    return _face("sort")(x, dim=axis, descending=descending, stable=stable)[0]


def nonzero(x: Tensor, /) -> tuple[Tensor, ...]:
    """The places of the elements that are not 0, an array per dimension."""
    return _face("nonzero")(x, as_tuple=True)


def take(x: Tensor, indices: Tensor, /, *, axis: int | None = None) -> Tensor:
    """The slices of an array at some places of a dimension."""
    return x.index_select(0 if axis is None else axis, indices)


def take_along_axis(x: Tensor, indices: Tensor, /, *, axis: int = -1) -> Tensor:
    """For each slice along a dimension its elements at places of its own."""
    return x.gather(axis, indices)


class UniqueAll(NamedTuple):
    """What `unique_all` returns."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """What `unique_counts` returns."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """What `unique_inverse` returns."""

    values: Tensor
    inverse_indices: Tensor


def unique_all(x: Tensor, /) -> UniqueAll:
    """The different elements, where each first stands, which of them each element is, and how many there are of each."""
    values, inverse, counts = _face("unique")(x, return_inverse=True, return_counts=True)
    first = _face("argsort")(inverse.reshape(-1), stable=True)[counts.cumsum(0) - counts]
    return UniqueAll(values, first, inverse, counts)


def unique_counts(x: Tensor, /) -> UniqueCounts:
    """The different elements, and how many there are of each."""
    return UniqueCounts(*_face("unique")(x, return_counts=True))


def unique_inverse(x: Tensor, /) -> UniqueInverse:
    """The different elements, and which of them each element is."""
    return UniqueInverse(*_face("unique")(x, return_inverse=True))


def unique_values(x: Tensor, /) -> Tensor:
    """The different elements."""
    return _face("unique")(x)


# --- products ---


def vecdot(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """The dot products of vectors along a dimension."""
    return (x1.conj() * x2).sum(axis)
