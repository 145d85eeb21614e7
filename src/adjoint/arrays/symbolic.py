"""The verbs on formulas: a rule that runs here prints itself.

Shapes and types come out as NumPy gives them on hollow arrays, which have a shape and take no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from adjoint.arrays import register_array_type
from adjoint.arrays.formula import Formula, Part, Symbol, build, constant
from adjoint.arrays.program import PICK, evaluate
from adjoint.arrays.verbs import ARG_REDUCTIONS, ELEMENTWISE, JOINS, OPERATORS, REDUCTIONS

__all__ = ["SymbolicNamespace", "symbolic"]

_WRITTEN = 6  # how many elements of an array of numbers are written out in a formula


def _part(x: Any) -> Part:
    """What a verb is given, as an operand of a formula."""
    if isinstance(x, np.ndarray | np.generic):
        return symbolic.asarray(x)
    return x


def _stand_in(part: Part) -> Any:
    """One element of a formula's type, on which NumPy shows the type of a result; a number stands for itself."""
    return np.ones(1, part.dtype) if isinstance(part, Formula) else part


def _regular(part: Formula) -> np.ndarray:
    """An array of a formula's shape whose matrices have an inverse, as some verbs ask."""
    array = np.ones(part.shape, part.dtype)
    is_matrix = part.ndim > 1 and part.dtype.kind in "fc"
    return array + np.eye(*part.shape[-2:], dtype=part.dtype) if is_matrix else array


def _hollow(part: Part) -> Any:
    """An array of a formula's shape that takes no memory."""
    return np.broadcast_to(np.ones((), part.dtype), part.shape) if isinstance(part, Formula) else part


@cache
def _one_type(verb: str, kinds: tuple[Any, ...]) -> np.dtype:
    samples = [np.ones(1, kind) if isinstance(kind, np.dtype) else kind(1) for kind in kinds]
    return np.result_type(evaluate(verb, samples, {}))


def _elementwise(verb: str) -> Callable[..., Formula]:
    def apply(*operands: Any) -> Formula:
        parts = [_part(operand) for operand in operands]
        shapes = {part.shape for part in parts if isinstance(part, Formula)}
        shape = shapes.pop() if len(shapes) == 1 else np.broadcast_shapes(*shapes)
        dtype = _one_type(verb, tuple([part.dtype if isinstance(part, Formula) else type(part) for part in parts]))
        return build(verb, parts, shape, dtype)

    return apply


def _reduction(verb: str) -> Callable[..., Formula]:
    def apply(x: Any, axis: Any = None, keepdims: bool = False) -> Formula:
        part = _part(x)
        axes = tuple(range(part.ndim)) if axis is None else tuple(sorted(normalize_axis_tuple(axis, part.ndim)))
        sizes = enumerate(part.shape)
        shape = tuple(1 if place in axes else size for place, size in sizes if keepdims or place not in axes)
        dtype = evaluate(verb, [_stand_in(part)], {}).dtype
        return build(verb, (part,), shape, dtype, {"axis": axes, "keepdims": keepdims})

    return apply


def _arranged(verb: str, x: Any, parameters: dict[str, Any]) -> Formula:
    part = _part(x)
    return build(verb, (part,), evaluate(verb, [_hollow(part)], parameters).shape, part.dtype, parameters)


def _picked(index: Any) -> tuple[Any, list[Formula]]:
    """An index as a template, and the arrays that belong in its marked places."""
    arrays: list[Formula] = []

    def mark(part: Any) -> Any:
        if isinstance(part, Formula | np.ndarray | list):
            arrays.append(_part(np.asarray(part) if isinstance(part, list) else part))
            return PICK
        return part

    return (tuple(map(mark, index)) if isinstance(index, tuple) else mark(index)), arrays


def _sample_index(array: Formula) -> np.ndarray:
    """What an array that picks elements may hold: for a mask, how many it picks matters."""
    if isinstance(array, Symbol) and array.value is not None:
        return np.asarray(array.value)
    return np.zeros(array.shape, array.dtype)


class SymbolicNamespace:
    """The verbs as attributes; each returns a formula."""

    __name__ = "symbolic"

    # --- types and creation ---

    @staticmethod
    def numpy_dtype(x: Any) -> np.dtype:
        return x.dtype

    @staticmethod
    def asarray(x: Any) -> Formula:
        """An array of numbers as a formula: the number itself, or a symbol with the array as its value."""
        if isinstance(x, Formula):
            return x
        array = np.asarray(x)
        if array.ndim:
            written = str(array.tolist()) if 0 < array.size <= _WRITTEN else f"array{list(array.shape)}"
            return Symbol(written, array.shape, array.dtype, array)
        return constant(array[()] if array.dtype.kind == "V" else array.item(), (), array.dtype)

    @staticmethod
    def copy(x: Formula) -> Formula:
        return x

    @staticmethod
    def astype(x: Any, dtype: Any) -> Formula:
        part = symbolic.asarray(x)
        return build("astype", (part,), part.shape, np.dtype(dtype), {"dtype": np.dtype(dtype)})

    @staticmethod
    def full(shape: Any, fill_value: Any, dtype: Any = None) -> Formula:
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if isinstance(fill_value, Formula):
            return symbolic.broadcast_to(fill_value if dtype is None else symbolic.astype(fill_value, dtype), shape)
        return constant(fill_value, shape, np.asarray(fill_value, dtype).dtype)

    def zeros(self, shape: Any, dtype: Any = np.float64) -> Formula:
        return self.full(shape, np.dtype(dtype).type(0).item(), dtype)

    def ones(self, shape: Any, dtype: Any = np.float64) -> Formula:
        return self.full(shape, np.dtype(dtype).type(1).item(), dtype)

    def zeros_like(self, x: Any) -> Formula:
        return self.zeros(x.shape, x.dtype)

    def ones_like(self, x: Any) -> Formula:
        return self.ones(x.shape, x.dtype)

    def full_like(self, x: Any, fill_value: Any) -> Formula:
        return self.full(x.shape, fill_value, x.dtype)

    # --- arrangements ---

    @staticmethod
    def reshape(x: Any, shape: Any) -> Formula:
        part = _part(x)
        sizes = (shape,) if isinstance(shape, int) else tuple(shape)
        if -1 in sizes:
            rest = -prod(sizes)
            sizes = tuple(prod(part.shape) // (rest or 1) if size == -1 else size for size in sizes)
        return build("reshape", (part,), sizes, part.dtype, {"shape": sizes})

    @staticmethod
    def permute_dims(x: Any, axes: Sequence[int]) -> Formula:
        return _arranged("permute_dims", x, {"axes": normalize_axis_tuple(tuple(axes), _part(x).ndim)})

    @staticmethod
    def expand_dims(x: Any, axis: Any) -> Formula:
        return _arranged("expand_dims", x, {"axis": axis})

    @staticmethod
    def squeeze(x: Any, axis: Any) -> Formula:
        return _arranged("squeeze", x, {"axis": axis})

    @staticmethod
    def broadcast_to(x: Any, shape: Any) -> Formula:
        return _arranged("broadcast_to", symbolic.asarray(x), {"shape": tuple(shape)})

    @staticmethod
    def flip(x: Any, axis: Any) -> Formula:
        return _arranged("flip", x, {"axis": axis})

    # --- parts of arrays ---

    @staticmethod
    def getitem(x: Any, index: Any) -> Formula:
        part = _part(x)
        template, arrays = _picked(index)
        sample = evaluate("getitem", [_hollow(part), *map(_sample_index, arrays)], {"index": template})
        return Formula("getitem", (part, *arrays), {"index": template}, sample.shape, part.dtype)

    @staticmethod
    def place(values: Any, index: Any, shape: Sequence[int]) -> Formula:
        template, arrays = _picked(index)
        part = _part(values)
        return Formula("place", (part, *arrays), {"index": template, "shape": tuple(shape)}, tuple(shape), part.dtype)

    @staticmethod
    def put(x: Any, index: Any, values: Any) -> Formula:
        template, arrays = _picked(index)
        part = _part(x)
        return Formula("put", (part, _part(values), *arrays), {"index": template}, part.shape, part.dtype)

    # --- several arrays at once ---

    @staticmethod
    def matmul(x: Any, y: Any) -> Formula:
        left, right = _part(x), _part(y)
        if not left.ndim or not right.ndim or left.shape[-1] != right.shape[-2 if right.ndim > 1 else 0]:
            raise ValueError(f"matmul: the shapes {list(left.shape)} and {list(right.shape)} do not fit")
        batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
        shape = (*batch, *left.shape[-2:-1], *(right.shape[-1:] if right.ndim > 1 else ()))
        return Formula("matmul", (left, right), {}, shape, np.result_type(left.dtype, right.dtype))

    # --- all others ---

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        """A verb that no family lists: its results are shaped as NumPy's are, on arrays that any verb takes."""
        if verb.startswith("_"):
            raise AttributeError(verb)

        def apply(*operands: Any, **parameters: Any) -> Any:
            parts = [_part(operand) for operand in operands]
            samples = [_regular(part) if isinstance(part, Formula) else part for part in parts]
            found = evaluate(verb, samples, parameters)
            if not isinstance(found, tuple):
                return Formula(verb, parts, parameters, found.shape, found.dtype)
            call = Formula(verb, parts, parameters, found[0].shape, found[0].dtype)
            return tuple(
                Formula("result", (call,), {"place": place}, each.shape, each.dtype) for place, each in enumerate(found)
            )

        return apply


symbolic: Any = SymbolicNamespace()


def _arg_reduction(verb: str) -> Callable[..., Formula]:
    def apply(x: Any, axis: int | None = None, keepdims: bool = False) -> Formula:
        hollow = symbolic.max(x, axis, keepdims)
        return Formula(verb, (_part(x),), {"axis": axis, "keepdims": keepdims}, hollow.shape, np.dtype(np.intp))

    return apply


def _join(verb: str) -> Callable[..., Formula]:
    def apply(arrays: Sequence[Any], axis: int = 0) -> Formula:
        parts = [symbolic.asarray(array) for array in arrays]
        hollow = [
            np.broadcast_to(True, part.shape) for part in parts
        ]  # of one byte per element, since joins are copies
        sample = evaluate(verb, hollow, {"axis": axis})
        return Formula(verb, parts, {"axis": axis}, sample.shape, np.result_type(*(part.dtype for part in parts)))

    return apply


_FAMILIES: tuple[tuple[Sequence[str], Callable[[str], Callable]], ...] = (
    (ELEMENTWISE, _elementwise), (REDUCTIONS, _reduction), (ARG_REDUCTIONS, _arg_reduction), (JOINS, _join),
)  # fmt: skip

for _verbs, _maker in _FAMILIES:
    for _verb in _verbs:
        if not hasattr(SymbolicNamespace, _verb):
            setattr(symbolic, _verb, _maker(_verb))


# --- formulas as arrays: operators, and the methods that NumPy's arrays have ---------------------------------------


def _operator(verb: str, reflected: bool) -> Callable[..., Formula]:
    def apply(self: Formula, *others: Any) -> Formula:
        operands = (*others, self) if reflected else (self, *others)
        return getattr(symbolic, verb)(*operands)

    return apply


_COMPARISONS = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}  # Python mirrors these itself

for _method, _verb in OPERATORS.items():
    setattr(Formula, _method, _operator(_verb, reflected=False))
    if _verb not in _COMPARISONS:
        setattr(Formula, _method.replace("__", "__r", 1), _operator(_verb, reflected=True))

_METHODS = {
    "astype": lambda self, dtype, copy=True: symbolic.astype(self, dtype),
    "copy": lambda self: self,
    "conjugate": symbolic.conj,
    "reshape": lambda self, *shape: symbolic.reshape(self, shape[0] if isinstance(shape[0], tuple | list) else shape),
    "__getitem__": symbolic.getitem,
}
for _method, _function in _METHODS.items():
    setattr(Formula, _method, _function)

for _type in (Formula, Symbol):
    register_array_type(_type, symbolic, 10)
