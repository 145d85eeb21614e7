"""The verbs, recorded: every one becomes an operation of the program that is being traced.

A traced array has a shape and a type, and no elements. Code that asks for them (`if x > 0`, `float(x)`) cannot be
traced and gets `ControlFlowOnTracedValue`.

A traced array can be written to, and remembers of what array it is a view, so that a write to either shows in the
other: the program itself knows values only, and a write gives the array a new one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, NoReturn

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from adjoint.arrays import register_array_type
from adjoint.arrays.program import PICK, Operand, Program, Value, evaluate, numpy_verb
from adjoint.arrays.verbs import ARG_REDUCTIONS, ELEMENTWISE, OPERATORS, REDUCTIONS

__all__ = ["ControlFlowOnTracedValue", "TracedArray", "recording", "traced"]


class ControlFlowOnTracedValue(TypeError):  # noqa: N818  (it is caught, to run the function eagerly)
    """The elements of a traced array were asked for, or something that depends on them."""


class _Recorder(threading.local):
    program: Program | None = None
    adopt: Callable[[np.ndarray], TracedArray] | None = None


_recorder = _Recorder()


@contextmanager
def recording(program: Program, adopt: Callable[[np.ndarray], TracedArray] | None = None) -> Iterator[Program]:
    """Record into `program` the verbs that this thread applies in the block.

    `adopt` gives the traced array that stands for a NumPy array which the program writes to.
    """
    outer = _recorder.program, _recorder.adopt
    _recorder.program, _recorder.adopt = program, adopt
    try:
        yield program
    finally:
        _recorder.program, _recorder.adopt = outer


def _program() -> Program:
    if _recorder.program is None:
        raise RuntimeError(
            "a traced array is in use after its trace has ended\n"
            "A function that is compiled must not store its intermediate tensors outside of itself."
        )
    return _recorder.program


class TracedArray:
    """An array whose elements are not known yet."""

    __slots__ = ("_base", "_seen", "_step", "_value")
    __array_ufunc__ = None  # NumPy's arrays and scalars leave operators to us
    __hash__ = object.__hash__

    def __init__(self, value: Value) -> None:
        self._value = value
        self._base: TracedArray | None = None  # the array that this is a view of,
        self._step: tuple[str, dict[str, Any]]  # by this verb,
        self._seen: Value  # and what that array's value was when this one's was derived from it

    @classmethod
    def view(cls, base: TracedArray, verb: str, parameters: dict[str, Any], value: Value) -> TracedArray:
        """What a verb that rearranges `base`, or picks a part of it, gave; writes to either will show in the other."""
        array = cls(value)
        array._base, array._step, array._seen = base, (verb, parameters), base.value
        return array

    # --- what is known ---

    @property
    def shape(self) -> tuple[int, ...]:
        return self._value.shape

    @property
    def dtype(self) -> np.dtype:
        return self._value.dtype

    @property
    def ndim(self) -> int:
        return len(self._value.shape)

    @property
    def size(self) -> int:
        return self._value.size

    @property
    def itemsize(self) -> int:
        return self._value.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self._value.nbytes

    @property
    def strides(self) -> tuple[int, ...]:
        """Those of an array in C order."""
        step, strides = self.itemsize, []
        for length in reversed(self.shape):
            strides.append(step)
            step *= max(length, 1)
        return tuple(reversed(strides))

    @property
    def value(self) -> Value:
        """The value that this array has at this point of the program."""
        if self._base is not None and self._base.value is not self._seen:
            verb, parameters = self._step
            self._seen = self._base.value
            self._value = _program().add(verb, (self._seen,), parameters, self.shape, self.dtype)
        return self._value

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d array")
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<traced {self.dtype}{list(self.shape)}>"

    # --- what is not ---

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise ControlFlowOnTracedValue("the elements of an array are not known while a program is traced")

    __bool__ = __int__ = __float__ = __complex__ = __index__ = __array__ = _refuse
    item = tolist = tobytes = _refuse

    # --- verbs as methods, as NumPy's arrays have them ---

    def astype(self, dtype: Any, copy: bool = True) -> TracedArray:
        return self if not copy and self.dtype == dtype else traced.astype(self, dtype)

    def copy(self) -> TracedArray:
        return TracedArray(self.value)

    def reshape(self, *shape: Any) -> TracedArray:
        return traced.reshape(self, shape[0] if len(shape) == 1 and isinstance(shape[0], Sequence) else shape)

    def conjugate(self) -> TracedArray:
        return traced.conj(self)

    def __getitem__(self, index: Any) -> TracedArray:
        return traced.getitem(self, index)

    def __setitem__(self, index: Any, values: Any) -> None:
        whole = index is Ellipsis or index == () or (isinstance(index, slice) and index == slice(None))
        if whole:
            self._assign(traced.broadcast_to(traced.astype(values, self.dtype), self.shape).value)
        else:
            self._assign(traced.put(self, index, values).value)

    def _assign(self, value: Value) -> None:
        """Give this array a new value; the arrays that it is a view of follow."""
        self._value = value
        base = self._base
        if base is not None:
            verb, parameters = self._step
            base._assign(_replaced(base, verb, parameters, TracedArray(value)).value)
            self._seen = base.value  # which this array's own value agrees with


def _replaced(base: TracedArray, verb: str, parameters: dict[str, Any], part: TracedArray) -> TracedArray:
    """`base` after the view of it that `verb` gives was overwritten with `part`."""
    if verb == "getitem":
        return traced.put(base, parameters["index"], part)
    if verb == "permute_dims":
        return traced.permute_dims(part, np.argsort(parameters["axes"]).tolist())
    if verb == "broadcast_to":
        raise ValueError("assignment destination is read-only")
    return traced.reshape(part, base.shape)  # reshape, expand_dims, squeeze


def _operator(verb: str, reflected: bool) -> Callable[..., TracedArray]:
    def apply(self: TracedArray, *others: Any) -> TracedArray:
        operands = (*others, self) if reflected else (self, *others)
        return getattr(traced, verb)(*operands)

    return apply


for _method, _verb in OPERATORS.items():
    setattr(TracedArray, _method, _operator(_verb, reflected=False))
    setattr(TracedArray, _method.replace("__", "__r", 1), _operator(_verb, reflected=True))


# --- what a verb's result looks like -----------------------------------------------------------------------------


@cache
def _one(dtype: np.dtype) -> np.ndarray:
    return np.ones(1, dtype)


@cache
def _result_dtype(verb: str, types: tuple[Any, ...]) -> np.dtype:
    """The type that NumPy gives for arrays of these dtypes and Python numbers of these types, found by trying."""
    with np.errstate(all="ignore"):
        samples = [_one(each) if isinstance(each, np.dtype) else each(1) for each in types]
        return evaluate(_TYPED_LIKE.get(verb, verb), samples, {}).dtype


_TYPED_LIKE = {"erf": "exp"}  # SciPy has it, and need not be loaded for this


def _type(operand: Operand) -> Any:
    return operand.dtype if hasattr(operand, "dtype") else type(operand)


def _hollow(value: Value) -> np.ndarray:
    """An array of the value's shape that takes no memory."""
    return np.broadcast_to(_one(value.dtype)[0], value.shape)


def _shape_of(operand: Operand) -> tuple[int, ...]:
    return operand.shape if isinstance(operand, Value) else ()


def _operand(x: Any) -> Operand:
    """What a verb is given, as an operand of an operation."""
    if isinstance(x, TracedArray):
        return x.value
    if isinstance(x, np.ndarray):
        return _program().capture(x)
    return x


def _record(
    verb: str, operands: Sequence[Operand], parameters: dict, shape: tuple[int, ...], dtype: np.dtype
) -> TracedArray:
    return TracedArray(_program().add(verb, operands, parameters, shape, dtype))


def _elementwise(verb: str) -> Callable[..., TracedArray]:
    def record(*xs: Any) -> TracedArray:
        operands = [_operand(x) for x in xs]
        shape = np.broadcast_shapes(*map(_shape_of, operands))
        return _record(verb, operands, {}, shape, _result_dtype(verb, tuple(map(_type, operands))))

    return record


def _reduced_shape(shape: tuple[int, ...], axes: Sequence[int], keepdims: bool) -> tuple[int, ...]:
    if keepdims:
        return tuple(1 if axis in axes else length for axis, length in enumerate(shape))
    return tuple(length for axis, length in enumerate(shape) if axis not in axes)


def _reduction(verb: str) -> Callable[..., TracedArray]:
    def record(x: Any, axis: Any = None, keepdims: bool = False) -> TracedArray:
        value = _operand(x)
        ndim = len(value.shape)
        axes = tuple(range(ndim)) if axis is None else tuple(sorted(normalize_axis_tuple(axis, ndim)))
        parameters = {"axis": axes, "keepdims": keepdims}
        dtype = _result_dtype(verb, (value.dtype,))
        return _record(verb, [value], parameters, _reduced_shape(value.shape, axes, keepdims), dtype)

    return record


def _arg_reduction(verb: str) -> Callable[..., TracedArray]:
    def record(x: Any, axis: int | None = None, keepdims: bool = False) -> TracedArray:
        value = _operand(x)
        axes = range(len(value.shape)) if axis is None else (normalize_axis_index(axis, len(value.shape)),)
        shape = _reduced_shape(value.shape, axes, keepdims)
        return _record(verb, [value], {"axis": axis, "keepdims": keepdims}, shape, np.dtype(np.intp))

    return record


def _template(index: Any) -> tuple[Any, list[Any]]:
    """An index as a template and the arrays that it holds."""
    arrays: list[Any] = []

    def part_of(part: Any) -> Any:
        if isinstance(part, list):
            part = np.asarray(part)
        if isinstance(part, (np.ndarray, TracedArray)):
            if part.dtype.kind == "b":
                raise ControlFlowOnTracedValue("how many elements a mask picks is not known while a program is traced")
            arrays.append(part)
            return PICK
        return part

    return (tuple(part_of(part) for part in index) if isinstance(index, tuple) else part_of(index)), arrays


class TracedNamespace:
    """The verbs as attributes. Those of NumPy that are not treated here are recorded as they are: see `__getattr__`."""

    __name__ = "traced"

    # --- types and creation ---

    @staticmethod
    def numpy_dtype(x: Any) -> np.dtype:
        return x.dtype

    @staticmethod
    def asarray(x: Any) -> TracedArray:
        return x if isinstance(x, TracedArray) else TracedArray(_program().capture(np.asarray(x)))

    @staticmethod
    def copy(x: TracedArray) -> TracedArray:
        return x.copy()

    @staticmethod
    def astype(x: Any, dtype: Any) -> TracedArray:
        operand, dtype = _operand(x), np.dtype(dtype)
        if isinstance(operand, Value) and operand.dtype == dtype:
            return TracedArray(operand)
        return _record("astype", [operand], {"dtype": dtype}, _shape_of(operand), dtype)

    @staticmethod
    def full(shape: Any, fill_value: Any, dtype: Any = None) -> TracedArray:
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if isinstance(fill_value, TracedArray):
            return traced.broadcast_to(traced.astype(fill_value, dtype or fill_value.dtype), shape)
        scalar = np.asarray(fill_value, dtype)[()]
        return _record("full", [], {"shape": shape, "fill_value": scalar, "dtype": scalar.dtype}, shape, scalar.dtype)

    def zeros(self, shape: Any, dtype: Any = np.float64) -> TracedArray:
        return self.full(shape, 0, dtype)

    def ones(self, shape: Any, dtype: Any = np.float64) -> TracedArray:
        return self.full(shape, 1, dtype)

    def zeros_like(self, x: Any) -> TracedArray:
        return self.full(x.shape, 0, x.dtype)

    def ones_like(self, x: Any) -> TracedArray:
        return self.full(x.shape, 1, x.dtype)

    def full_like(self, x: Any, fill_value: Any) -> TracedArray:
        return self.full(x.shape, fill_value, x.dtype)

    def conj(self, x: Any) -> TracedArray:
        return self._elementwise("conj")(x) if x.dtype.kind == "c" else TracedArray(_operand(x))

    def real(self, x: Any) -> TracedArray:
        return self._elementwise("real")(x) if x.dtype.kind == "c" else TracedArray(_operand(x))

    _elementwise = staticmethod(_elementwise)

    @staticmethod
    def write(target: Any, values: Any) -> None:
        """Set the elements of an array, in its own memory."""
        if not isinstance(target, TracedArray):
            if _recorder.adopt is None:
                raise ControlFlowOnTracedValue("the program writes to an array that is not traced")
            target = _recorder.adopt(target)
        target[...] = values

    # --- arrangements ---

    @staticmethod
    def _arrange(verb: str, x: Any, parameters: dict[str, Any]) -> TracedArray:
        value = _operand(x)
        shape = evaluate(verb, [_hollow(value)], parameters).shape
        result = _program().add(verb, [value], parameters, shape, value.dtype)
        return TracedArray.view(x, verb, parameters, result) if isinstance(x, TracedArray) else TracedArray(result)

    def reshape(self, x: Any, shape: Any) -> TracedArray:
        return self._arrange("reshape", x, {"shape": evaluate("reshape", [_hollow(_operand(x)), shape], {}).shape})

    def permute_dims(self, x: Any, axes: Sequence[int]) -> TracedArray:
        return self._arrange("permute_dims", x, {"axes": normalize_axis_tuple(axes, len(x.shape))})

    def expand_dims(self, x: Any, axis: Any) -> TracedArray:
        return self._arrange("expand_dims", x, {"axis": axis})

    def squeeze(self, x: Any, axis: Any = None) -> TracedArray:
        return self._arrange("squeeze", x, {"axis": axis})

    def broadcast_to(self, x: Any, shape: Any) -> TracedArray:
        if not hasattr(x, "shape"):
            return self.full(shape, x)
        return self._arrange("broadcast_to", x, {"shape": tuple(shape)})

    @staticmethod
    def flip(x: Any, axis: Any = None) -> TracedArray:
        value = _operand(x)
        axes = normalize_axis_tuple(range(len(value.shape)) if axis is None else axis, len(value.shape))
        return _record("flip", [value], {"axis": axes}, value.shape, value.dtype)

    # --- parts of arrays ---

    @staticmethod
    def getitem(x: Any, index: Any) -> TracedArray:
        value = _operand(x)
        template, arrays = _template(index)
        operands = [value, *map(_operand, arrays)]
        picks = [np.zeros(array.shape, np.intp) for array in arrays]
        shape = evaluate("getitem", [_hollow(value), *picks], {"index": template}).shape
        result = _program().add("getitem", operands, {"index": template}, shape, value.dtype)
        if arrays or not isinstance(x, TracedArray):
            return TracedArray(result)
        return TracedArray.view(x, "getitem", {"index": template}, result)

    @staticmethod
    def place(values: Any, index: Any, shape: Sequence[int]) -> TracedArray:
        template, arrays = _template(index)
        operands = [_operand(values), *map(_operand, arrays)]
        return _record("place", operands, {"index": template, "shape": tuple(shape)}, tuple(shape), values.dtype)

    @staticmethod
    def put(x: Any, index: Any, values: Any) -> TracedArray:
        template, arrays = _template(index)
        operands = [_operand(x), _operand(values), *map(_operand, arrays)]
        return _record("put", operands, {"index": template}, x.shape, x.dtype)

    # --- several arrays at once ---

    @staticmethod
    def concat(arrays: Sequence[Any], axis: int = 0) -> TracedArray:
        operands = [_operand(x) for x in arrays]
        shape = list(operands[0].shape)
        axis = normalize_axis_index(axis, len(shape))
        shape[axis] = sum(x.shape[axis] for x in operands)
        dtype = np.result_type(*(x.dtype for x in operands))
        return _record("concat", operands, {"axis": axis}, tuple(shape), dtype)

    @staticmethod
    def stack(arrays: Sequence[Any], axis: int = 0) -> TracedArray:
        operands = [_operand(x) for x in arrays]
        shape = _shape_of(operands[0])
        axis = normalize_axis_index(axis, len(shape) + 1)
        dtype = np.result_type(*(x if _type(x) is type(x) else x.dtype for x in operands))
        return _record("stack", operands, {"axis": axis}, (*shape[:axis], len(operands), *shape[axis:]), dtype)

    @staticmethod
    def matmul(x: Any, y: Any) -> TracedArray:
        operands = [_operand(x), _operand(y)]
        left, right = operands[0].shape, operands[1].shape
        if not left or not right or left[-1] != right[-2 if len(right) > 1 else 0]:
            raise ValueError(f"matmul: the shapes {list(left)} and {list(right)} do not fit")
        shape = (*np.broadcast_shapes(left[:-2], right[:-2]), *left[-2:-1], *(right[-1:] if len(right) > 1 else ()))
        return _record("matmul", operands, {}, shape, np.result_type(*(x.dtype for x in operands)))

    # --- all others ---

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        """A verb that is not listed by family: its result is shaped like NumPy's on arrays of ones."""
        if verb.startswith("_"):
            raise AttributeError(verb)
        numpy_verb(verb)  # an AttributeError where NumPy has no such verb

        def record(*operands: Any, **parameters: Any) -> TracedArray:
            values = [_operand(x) for x in operands]
            sample = evaluate(
                verb, [np.ones(x.shape, x.dtype) if isinstance(x, Value) else x for x in values], parameters
            )
            if not hasattr(sample, "dtype"):
                raise ControlFlowOnTracedValue(f"{verb} gives no array")
            return _record(verb, values, parameters, sample.shape, sample.dtype)

        return record


traced: Any = TracedNamespace()

for _verbs, _recorder_of in ((ELEMENTWISE, _elementwise), (REDUCTIONS, _reduction), (ARG_REDUCTIONS, _arg_reduction)):
    for _verb in _verbs:
        if not hasattr(TracedNamespace, _verb):
            setattr(traced, _verb, _recorder_of(_verb))

register_array_type(TracedArray, traced, 1)
