"""Data types, and PyTorch's rules for which type a result has.

A `dtype` is one object per type, so types are compared with `is`. Each knows its NumPy counterpart; arrays are only ever
handed to NumPy after `promote` has settled the type, since NumPy's own rules differ from PyTorch's.
"""

from __future__ import annotations

import builtins
from typing import Any

import ml_dtypes
import numpy as np

__all__ = ["dtype", "DTYPES", "from_numpy_dtype", "get_default_dtype", "promote", "result_dtype", "set_default_dtype"]


class dtype:  # noqa: N801  (PyTorch's name)
    """The type of a tensor's elements, such as `adjoint.float32`.

    >>> import adjoint as torch
    >>> torch.float32, torch.float32.itemsize, torch.int64.is_floating_point
    (torch.float32, 4, False)
    """

    __slots__ = ("aliases", "is_complex", "is_floating_point", "is_signed", "itemsize", "name", "numpy", "rank")

    def __init__(self, name: str, numpy_type: type, rank: int, aliases: tuple[str, ...] = ()) -> None:
        self.name = name
        self.numpy: Any = np.dtype(numpy_type)
        self.rank = rank  # bool < integers < floats < complex: the category of a Python number decides by this
        self.aliases = aliases
        self.itemsize = self.numpy.itemsize
        self.is_floating_point = rank == FLOAT
        self.is_complex = rank == COMPLEX
        self.is_signed = name not in ("bool", "uint8", "uint16", "uint32", "uint64", "float8_e8m0fnu")

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str | tuple:
        return (_named, (self.name,))

    def to_real(self) -> dtype:
        """The type of the real part: float32 for complex64."""
        return _REAL_OF.get(self, self)

    def to_complex(self) -> dtype:
        """The complex type that holds this one."""
        if self.is_complex:
            return self
        if self not in _COMPLEX_OF:
            raise RuntimeError(f"Unknown Complex ScalarType for {scalar_type_name(self)}")
        return _COMPLEX_OF[self]


BOOL, INTEGER, FLOAT, COMPLEX = range(4)

bool = dtype("bool", np.bool_, BOOL)
uint8 = dtype("uint8", np.uint8, INTEGER)
int8 = dtype("int8", np.int8, INTEGER)
int16 = dtype("int16", np.int16, INTEGER, ("short",))
int32 = dtype("int32", np.int32, INTEGER, ("int",))
int64 = dtype("int64", np.int64, INTEGER, ("long",))
uint16 = dtype("uint16", np.uint16, INTEGER)
uint32 = dtype("uint32", np.uint32, INTEGER)
uint64 = dtype("uint64", np.uint64, INTEGER)
float16 = dtype("float16", np.float16, FLOAT, ("half",))
bfloat16 = dtype("bfloat16", ml_dtypes.bfloat16, FLOAT)
float32 = dtype("float32", np.float32, FLOAT, ("float",))
float64 = dtype("float64", np.float64, FLOAT, ("double",))
float8_e4m3fn = dtype("float8_e4m3fn", ml_dtypes.float8_e4m3fn, FLOAT)
float8_e5m2 = dtype("float8_e5m2", ml_dtypes.float8_e5m2, FLOAT)
float8_e4m3fnuz = dtype("float8_e4m3fnuz", ml_dtypes.float8_e4m3fnuz, FLOAT)
float8_e5m2fnuz = dtype("float8_e5m2fnuz", ml_dtypes.float8_e5m2fnuz, FLOAT)
float8_e8m0fnu = dtype("float8_e8m0fnu", ml_dtypes.float8_e8m0fnu, FLOAT)
complex64 = dtype("complex64", np.complex64, COMPLEX, ("cfloat",))
complex128 = dtype("complex128", np.complex128, COMPLEX, ("cdouble",))

DTYPES: tuple[dtype, ...] = tuple(value for value in list(globals().values()) if isinstance(value, dtype))

_BY_NAME = {d.name: d for d in DTYPES}
_BY_NUMPY = {d.numpy: d for d in DTYPES}
_REAL_OF = {complex64: float32, complex128: float64}
_COMPLEX_OF = {
    float16: complex64,  # NumPy has no complex32
    bfloat16: complex64,
    float32: complex64,
    float64: complex128,
}
_FLOAT8 = frozenset(d for d in DTYPES if d.name.startswith("float8"))
_UNSIGNED_WIDE = frozenset((uint16, uint32, uint64))

#: the dtype of each kind of Python number; that of float follows `set_default_dtype`
_default = float32


def _named(name: str) -> dtype:
    return _BY_NAME[name]


def from_numpy_dtype(numpy_dtype: np.dtype) -> dtype:
    """The `dtype` that stands for a NumPy dtype; TypeError where PyTorch has none."""
    found = _BY_NUMPY.get(numpy_dtype) or _BY_NUMPY.get(numpy_dtype.newbyteorder("="))
    if found is None:
        raise TypeError(
            f"can't convert np.ndarray of type {numpy_dtype.type.__module__}.{numpy_dtype.type.__name__}. The only supported types are: float64, float32, float16, "
            "complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool."
        )
    return found


def get_default_dtype() -> dtype:
    """The type given to Python floats: float32 unless `set_default_dtype` changed it."""
    return _default


def set_default_dtype(d: dtype, /) -> None:
    """Make `d` the type of Python floats from now on; only floating-point types are allowed."""
    global _default  # noqa: PLW0603
    if not isinstance(d, dtype):
        raise TypeError("invalid dtype object: only floating-point types are supported as the default type")
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    if d in _FLOAT8:
        raise TypeError(f"couldn't find storage object {scalar_type_name(d)}Storage")
    _default = d


def of_number(value: complex) -> dtype:
    """The type that a tensor made from this Python number has."""
    if isinstance(value, float):
        return _default
    if isinstance(value, _python_bool):
        return bool
    if isinstance(value, int):
        return int64
    return _default.to_complex()


_python_bool = builtins.bool


def promote(a: dtype, b: dtype) -> dtype:
    """The smallest type of PyTorch's lattice that holds both.

    >>> import adjoint as torch
    >>> torch.promote_types(torch.int64, torch.float16)
    torch.float16
    """
    if a is b:
        return a
    for kinds, title in ((_FLOAT8, "Float8 Types"), (_UNSIGNED_WIDE, "uint16, uint32, uint64 types")):
        if (a in kinds or b in kinds) and not (kinds is _UNSIGNED_WIDE and FLOAT in (a.rank, b.rank)):
            names = f"{scalar_type_name(a)} and {scalar_type_name(b)}"
            raise RuntimeError(f"Promotion for {title} is not supported, attempted to promote {names}")
    if a.rank < b.rank:
        a, b = b, a
    if a.rank == COMPLEX:
        return complex128 if complex128 in (a, b) or b is float64 else complex64
    if a.rank != b.rank:
        return a
    if a.itemsize == b.itemsize:  # the two pairs that neither type holds: float16 with bfloat16, uint8 with int8
        return float32 if a.rank == FLOAT else int16
    return a if a.itemsize > b.itemsize else b


_SCALAR_TYPE_NAMES = {
    "bool": "Bool", "uint8": "Byte", "int8": "Char", "int16": "Short", "int32": "Int", "int64": "Long",
    "float16": "Half", "float32": "Float", "float64": "Double", "bfloat16": "BFloat16",
    "complex64": "ComplexFloat", "complex128": "ComplexDouble",
    "uint16": "UInt16", "uint32": "UInt32", "uint64": "UInt64",
}  # fmt: skip


def scalar_type_name(d: dtype) -> str:
    """The name by which PyTorch's error messages call a type: Float, Long, Bool."""
    return _SCALAR_TYPE_NAMES.get(d.name, d.name.capitalize())


def c_type_name(d: dtype) -> str:
    """The name by which a few of PyTorch's error messages call a type: that of its C++ type."""
    return _C_TYPE_NAMES.get(d.name, d.name)


_C_TYPE_NAMES = {
    "float32": "float", "float64": "double", "float16": "c10::Half", "bfloat16": "c10::BFloat16", "int64": "long int",
    "int32": "int", "int16": "short int", "int8": "signed char", "uint8": "unsigned char",
    "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
}  # fmt: skip


def result_dtype(dimensioned: list[dtype], zero_dim: list[dtype], numbers: list[complex]) -> dtype:
    """PyTorch's result type of operands in three tiers: tensors with dimensions, 0-d tensors, Python numbers.

    A lower tier changes the result only when its category (bool, integer, float, complex) is higher.
    """
    result = None
    for tier in (dimensioned, zero_dim, [of_number(n) for n in numbers]):
        merged = None
        for d in tier:
            merged = d if merged is None else promote(merged, d)
        if merged is None:
            continue
        if result is None:
            result = merged
        elif merged.rank > result.rank:
            if merged.rank != COMPLEX:
                result = promote(result, merged)
            else:  # a float64 tensor with a complex number stays in double precision
                result = result.to_complex() if result.rank == FLOAT else merged
    assert result is not None, "result_dtype needs an operand"
    return result
