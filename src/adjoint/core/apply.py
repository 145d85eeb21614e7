"""Applying a primitive to tensors: settle the types, compute, and record the step in the graph.

`apply` does it for every primitive and every mode. `unary` and `binary` make functions for elementwise records of one
and two operands, with a short path for the common case: no mode is on, and types need no promotion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.arrays import is_foreign, namespace_of, numpy
from adjoint.core import dtypes, modes
from adjoint.core.graph import LEAF_MARK, Meta, Node, Port, log_write, next_sequence, node_of, public_name
from adjoint.core.primitive import OUT, SHAPE, VALUE, Plan, Primitive
from adjoint.core.states import check_inference, make_inference
from adjoint.core.tangents import tangents_of
from adjoint.core.tensor import Tensor, buffer, edge_of, wrap, writes_of
from adjoint.core.views import link, mark_stale

Array = Any
_new = Tensor.__new__

#: called by `apply` when forward mode is on; set by `core.forward`
forward_rule: Callable | None = None
#: called by `apply` inside `vmap`: lets in the operands that come from outside of it; set by `ops.batching`
apply_inside_vmap: Callable | None = None


def apply(
    primitive: Primitive, operands: Sequence[Any], params: dict[str, Any] | None = None, *, let_in: bool = False
) -> Any:
    """The value of a primitive on tensors and Python numbers, as a tensor, or a tuple of them, with its history.

    Inside `vmap`, `let_in` says that operands from outside of it have been let in.
    """
    if modes.special:
        if modes.state.observers:
            return _observed(primitive, operands, params)
        if modes.state.batch_levels and not let_in:
            return apply_inside_vmap(primitive, operands, params)  # type: ignore[misc]
    arrays: list[Any] = []
    edges: list[Any] = []
    mask = 0
    foreign = False
    for index, operand in enumerate(operands):
        edge = None
        if isinstance(operand, Tensor):
            array = buffer(operand) if primitive.view else operand._data
            foreign = foreign or is_foreign(array)
            arrays.append(array)
            if operand._node is not None:
                edge = edge_of(operand)
                mask |= 1 << index
        else:
            arrays.append(operand)
        edges.append(edge)
    cast, narrow = promote(primitive, arrays) if primitive.promotes else (arrays, None)
    xp = namespace_of(cast) if foreign else numpy
    try:
        result = primitive.forward(xp, *cast, **params) if params else primitive.forward(xp, *cast)
    except ValueError:
        raise shapes_differ(*(array.shape for array in cast if hasattr(array, "shape"))) from None
    several = len(primitive.outputs) > 1 or primitive.many_outputs
    results = result if several else (result,)
    if narrow is not None:
        results = [xp.astype(each, narrow) if each.dtype == _WIDE else each for each in results]
    tensors = [wrap(data) for data in results]
    if mask and primitive.rules and modes.recording():
        # a cotangent may be of another kind than the operands: inside vmap it may have a batch axis where they have none
        meta_xp = xp if foreign else modes.state.namespace if modes.special else None
        _record(primitive, operands, edges, mask, arrays, cast, tensors, params, meta_xp)
    if primitive.view:
        link(operands[0], tensors, primitive, params or {})
    if modes.special:
        if modes.state.inference and not primitive.view:
            for tensor in tensors:
                make_inference(tensor)
        if modes.state.forward_level and forward_rule is not None:
            forward_rule(primitive, operands, cast, tensors, params)
    return tuple(tensors) if several else tensors[0]


def _observed(primitive: Primitive, operands: Sequence[Any], params: dict[str, Any] | None) -> Any:
    """Apply a primitive under the eyes of whoever observes this thread's operations."""
    observers = modes.set_mode("observers", ())
    try:
        return observers[-1].operation(primitive, operands, params, lambda: apply(primitive, operands, params))
    finally:
        modes.set_mode("observers", observers)


def _record(
    primitive: Primitive,
    operands: Sequence[Any],
    edges: list[Any],
    mask: int,
    arrays: list[Any],
    cast: list[Any],
    tensors: list[Tensor],
    params: dict[str, Any] | None,
    xp: Any,
) -> None:
    """Give the results their place in the graph."""
    usable = primitive.usable_mask(mask)
    if not usable:
        return
    if usable != mask:
        edges = [edge if usable >> index & 1 else None for index, edge in enumerate(edges)]
    plan = primitive.plan(usable)
    node = primitive.new_node()
    node.edges = tuple(edges)
    node.plan = plan
    node.params = params
    node.annex = None
    node.sequence = next_sequence()
    node.meta = _meta(primitive, arrays, cast, tensors, xp)
    differentiable = tensors if primitive.many_outputs else tensors[: primitive.differentiable_outputs]
    for index, tensor in enumerate(differentiable):
        if tensor._data.dtype.kind not in "biu":
            tensor._node = node if len(differentiable) == 1 and not primitive.many_outputs else Port(node, index)
    node.saved, node.writes = save(primitive, plan, operands, cast, tensors)
    if modes.special and (modes.state.saved_tensors_hooks or modes.state.anomaly):
        for observer in on_record:
            observer(node, operands, tensors)


#: called with each new node, its operands and results, while anomaly detection or saved-tensor hooks are on
on_record: list[Callable] = []


def _meta(primitive: Primitive, arrays: list, cast: list, tensors: list[Tensor], xp: Any) -> Meta | None:
    operands = outputs = None
    if primitive.promotes:
        shape = tensors[0]._data.shape
        if any(a is not b or getattr(a, "shape", shape) != shape for a, b in zip(arrays, cast, strict=True)):
            operands = tuple((a.shape, a.dtype) if hasattr(a, "dtype") else ((), None) for a in arrays)
    if primitive.many_outputs or primitive.differentiable_outputs > 1:
        differentiable = tensors if primitive.many_outputs else tensors[: primitive.differentiable_outputs]
        outputs = tuple((t._data.shape, t._data.dtype) for t in differentiable)
    if operands is None and outputs is None and xp is None:
        return None
    return Meta(operands, outputs, xp)


def save(
    primitive: Primitive, plan: Plan, operands: Sequence[Any], arrays: Sequence[Any], tensors: Sequence[Tensor]
) -> tuple[tuple, list]:
    """The values that a plan's rules name, and the write logs of those that are arrays."""
    saved: list[Any] = []
    writes: list[list] = []
    fixed = len(primitive.operands) - 1 if primitive.variadic else len(primitive.operands)
    for kind, index in plan.sources:
        if kind == OUT:
            saved.append(tensors[index]._data)
            writes.append(writes_of(tensors[index]))
        elif index >= fixed:  # the variadic operand: all of its values, shapes or types
            saved.append(tuple(_facet(kind, array) for array in arrays[fixed:]))
            if kind == VALUE:
                writes += [writes_of(t) for t in operands[fixed:] if isinstance(t, Tensor)]
        else:
            saved.append(_facet(kind, arrays[index]))
            if kind == VALUE and isinstance(operands[index], Tensor):
                writes.append(writes_of(operands[index]))
    return tuple(saved), writes


def _facet(kind: int, array: Any) -> Any:
    if kind == VALUE:
        return array
    return array.shape if kind == SHAPE else array.dtype


# --- types -------------------------------------------------------------------------------------------------------


_WIDE = np.dtype(np.float32)


def promote(primitive: Primitive, arrays: list[Any]) -> tuple[list[Any], np.dtype | None]:
    """The operands in the type in which PyTorch would compute; the list itself where nothing changes.

    16-bit floating-point numbers are computed with in 32 bits, as PyTorch does; the second value is then the type that
    the results are rounded to, else None.
    """
    fixed = primitive.fixed_operands
    if not primitive.refuses and _agree(arrays, fixed):
        return arrays, None
    several: list[dtypes.dtype] = []
    single: list[dtypes.dtype] = []
    numbers: list[Any] = []
    for index, array in enumerate(arrays):
        if index in fixed:
            continue
        if hasattr(array, "dtype"):
            (several if array.shape else single).append(dtypes.from_numpy_dtype(array.dtype))
        else:
            numbers.append(array)
    target = dtypes.result_dtype(several, single, numbers)
    if primitive.promotes == "float" and target.rank < dtypes.FLOAT:
        target = dtypes.get_default_dtype()
    numpy_type: np.dtype = target.numpy
    if numpy_type.kind in primitive.refuses:
        raise NotImplementedError(
            f"\"{primitive.name}_cpu\" not implemented for '{dtypes.scalar_type_name(target)}'\n"
            "Cast the operands to a type that it is defined on, as in x.float()."
        )
    if numpy_type in numpy.EIGHT_BITS and not primitive.eight_bits:
        raise NotImplementedError(
            f"\"{primitive.name}_cpu\" not implemented for '{dtypes.scalar_type_name(target)}'\n"
            "Numbers of 8 bits are for storage: cast them, as in x.float()."
        )
    narrow = numpy_type if target.itemsize == 2 and target.rank == dtypes.FLOAT and primitive.rules else None
    if narrow is not None:
        numpy_type = _WIDE
    weak = numpy_type.kind != "V" and (several or single)
    changed = list(arrays)
    for index, array in enumerate(arrays):
        if index in fixed:
            continue
        if hasattr(array, "dtype"):
            if array.dtype != numpy_type:
                changed[index] = namespace_of((array,)).astype(array, numpy_type)
        elif target.rank == dtypes.INTEGER and type(array) is int:
            changed[index] = wrapped(array, numpy_type)
        elif not weak or (type(array) is bool and numpy_type.kind != "b"):
            changed[index] = numpy_type.type(array)
    return (changed if any(a is not b for a, b in zip(changed, arrays, strict=True)) else arrays), narrow


def _agree(arrays: list[Any], fixed: frozenset[int]) -> bool:
    """Whether all have one type in which NumPy computes, beside Python numbers that do not change it."""
    dtype = None
    for index, array in enumerate(arrays):
        if array.__class__ is float or array.__class__ is int or index in fixed:
            continue
        found = getattr(array, "dtype", None)
        if found is None or (dtype is not None and found != dtype):
            return False
        dtype = found
    return dtype is not None and dtype.char in _COMPUTED


def wrapped(number: int, dtype: np.dtype) -> Any:
    """A Python integer as an integer of this type, wrapped around where it is too large for it."""
    if not -(1 << 63) <= number < 1 << 64:
        raise OverflowError("int too big to convert")
    size = 8 * dtype.itemsize
    number &= (1 << size) - 1
    return dtype.type(number - (1 << size) if dtype.kind == "i" and number >> (size - 1) else number)


# --- short paths -------------------------------------------------------------------------------------------------

_FLOAT_SCALARS = frozenset({np.float32, np.float64})
_COMPUTED = "fdFD"  # the types in which NumPy computes as PyTorch does, by their characters
_INTEGERS = "?bBhHiIlLqQ"


def unary(primitive: Primitive) -> Callable:
    """A function of one tensor that applies a record without parameters."""
    compute = primitive.on_numpy
    plan: Any = primitive.plan(1) if primitive.rules else None
    kinds = [kind for kind, _ in plan.sources] if plan is not None else []
    saves_operand, saves_result, saves_shape = kinds == [VALUE], kinds == [OUT], kinds == [SHAPE]
    short = plan is not None and (not kinds or saves_operand or saves_result or saves_shape)
    floats = "fd" if "c" in primitive.refuses else _COMPUTED
    types = floats if primitive.promotes == "float" or "b" in primitive.refuses else floats + _INTEGERS
    name = primitive.name

    def function(input: Tensor, *, out: Tensor | None = None) -> Tensor:
        if out is not None:
            return write_out(out, function(input), name)
        try:
            data = input._data
            edge = input._node
        except AttributeError:
            raise not_a_tensor(name, "input", 1, input) from None
        if modes.special or not short or not (data.__class__ in _FLOAT_SCALARS or data.dtype.char in types):
            return apply(primitive, (input,))
        tensor = _new(Tensor)
        tensor._data = result = compute(data)
        if edge is None:
            tensor._node = tensor._writes = None
            return tensor
        tensor._node = node = Node()
        node.edges = (input if edge is LEAF_MARK else edge,)
        node.plan = plan
        node.params = node.meta = node.annex = None
        node.sequence = next_sequence()
        if saves_operand:
            tensor._writes = None
            writes = input._writes
            if writes is None:
                writes = input._writes = []
            node.saved = (data,)
            node.writes = (writes,)
        elif saves_result:
            tensor._writes = writes = []
            node.saved = (result,)
            node.writes = (writes,)
        else:
            tensor._writes = None
            node.saved = (data.shape,) if saves_shape else ()
            node.writes = ()
        return tensor

    function.__name__ = function.__qualname__ = name
    return function


def single(primitive: Primitive) -> Callable:
    """A function of one tensor, and of a record's static parameters by keyword."""
    compute = primitive.on_numpy
    plan: Any = primitive.plan(1) if primitive.rules else None
    kinds = [kind for kind, _ in plan.sources] if plan is not None else []
    saves_operand, saves_shape = kinds == [VALUE], kinds == [SHAPE]
    name = primitive.name
    short = plan is not None and len(primitive.outputs) == 1 and not primitive.many_outputs
    any_type = primitive.promotes is None

    def function(input: Tensor, *, out: Tensor | None = None, **params: Any) -> Any:
        if out is not None:
            return write_out(out, function(input, **params))
        try:
            data = input._data
            edge = input._node
        except AttributeError:
            raise not_a_tensor(name, "input", 1, input) from None
        if modes.special or not short or not (any_type or data.dtype.char in _COMPUTED):
            return apply(primitive, (input,), params)
        tensor = wrap(compute(data, **params))
        if edge is not None and tensor._data.dtype.kind not in "biu":
            tensor._node = node = Node()
            node.edges = (input if edge is LEAF_MARK else edge,)
            node.plan = plan
            node.params = params
            node.meta = node.annex = None
            node.sequence = next_sequence()
            if saves_operand:
                writes = input._writes
                if writes is None:
                    writes = input._writes = []
                node.saved = (data,)
                node.writes = (writes,)
            elif saves_shape:
                node.saved = (data.shape,)
                node.writes = ()
            else:
                node.saved, node.writes = save(primitive, plan, (input,), (data,), (tensor,))
        return tensor

    def viewing(input: Tensor, **params: Any) -> Any:
        if modes.special or not short or not isinstance(input, Tensor) or buffer(input).__class__ is not np.ndarray:
            return apply(primitive, (input,), params)
        tensor = function(input, **params)
        link(input, (tensor,), primitive, params)
        return tensor

    function.__name__ = function.__qualname__ = viewing.__name__ = viewing.__qualname__ = name
    return viewing if primitive.view else function


def binary(primitive: Primitive, *, operator: bool = False, arrays: bool = False) -> Callable:
    """A function of two tensors, or a tensor and a number, that applies an elementwise record.

    The one made for an `operator` returns NotImplemented where the second operand is neither; NumPy's `arrays` it may take.
    """
    compute = primitive.on_numpy
    plans: list[Any] = (
        [None, primitive.plan(1), primitive.plan(2), primitive.plan(3)] if primitive.rules else [None] * 4
    )
    sources = [plan.sources if plan is not None else [] for plan in plans]
    # the short path saves operands only
    short = primitive.promotes is not None and all(kind == VALUE for each in sources for kind, _ in each)
    saves_a = [(VALUE, 0) in each for each in sources]
    saves_b = [(VALUE, 1) in each for each in sources]
    usable = [primitive.usable_mask(mask) for mask in range(4)]
    types = "fd" if "c" in primitive.refuses else _COMPUTED
    name = primitive.name

    def function(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
        if out is not None:
            return write_out(out, function(input, other), name)
        b: Any
        try:
            a = input._data
            edge_a = input._node
            kind = a.__class__
            if other.__class__ is float or other.__class__ is int:
                b = other
                edge_b = None
                scalars = kind in _FLOAT_SCALARS
                same = scalars or a.dtype.char in "fd"
            else:
                b = other._data
                edge_b = other._node
                scalars = kind in _FLOAT_SCALARS and kind is b.__class__
                same = scalars or (a.dtype is b.dtype and a.dtype.char in types)
        except AttributeError:
            if operator and not isinstance(input, Tensor):
                raise no_operator_of(input, name) from None
            if operator and not is_operand(other):
                if arrays and isinstance(other, np.ndarray):
                    return function(input, wrap(other))
                return NotImplemented
            return apply(primitive, checked(name, (input, other), comparison=not primitive.rules))
        if modes.special or not same or not short:
            return apply(primitive, (input, other))
        try:
            result = compute(a, b)
        except ValueError:
            raise shapes_differ(a.shape, b.shape) from None
        tensor = _new(Tensor)
        tensor._data = result
        tensor._writes = None
        mask = usable[(0 if edge_a is None else 1) + (0 if edge_b is None else 2)]
        if not mask:
            tensor._node = None
            return tensor
        tensor._node = node = Node()
        node.edges = (
            (input if edge_a is LEAF_MARK else edge_a) if mask & 1 else None,
            (other if edge_b is LEAF_MARK else edge_b) if mask & 2 else None,
        )
        node.plan = plans[mask]
        node.params = node.annex = node.meta = None
        node.sequence = next_sequence()
        if not scalars:
            shape = result.shape
            if a.shape != shape or not (b is other or b.shape == shape):
                node.meta = Meta(((a.shape, a.dtype), ((), None) if b is other else (b.shape, b.dtype)))
        log_a = log_b = None
        if saves_a[mask]:
            log_a = input._writes
            if log_a is None:
                log_a = input._writes = []
        if saves_b[mask] and b is not other:  # nobody writes to a number
            log_b = other._writes
            if log_b is None:
                log_b = other._writes = []
        if log_a is None:
            node.saved = (b,) if saves_b[mask] else ()
            node.writes = () if log_b is None else (log_b,)
        elif saves_b[mask]:
            node.saved = (a, b)
            node.writes = (log_a,) if log_b is None else (log_a, log_b)
        else:
            node.saved = (a,)
            node.writes = (log_a,)
        return tensor

    function.__name__ = function.__qualname__ = name
    return function


# --- out= -------------------------------------------------------------------------------------------------------


def write_out(out: Tensor, result: Any, function: str | None = None) -> Any:
    """Give `out` the result of an operation, as the argument `out=` asks, resizing it where it must be."""
    if isinstance(result, tuple):
        return type(result)(write_out(each, value, function) for each, value in zip(out, result, strict=True))
    if not isinstance(out, Tensor):
        raise TypeError(f"argument 'out' must be Tensor, not {type(out).__name__}")
    check_inference(out)
    if (out._node is not None or result._node is not None) and modes.recording():
        maker = node_of(result._node)[0]
        function = function or (public_name(maker) if maker is not None else None)
        name = f"{function}(): " if function else ""
        raise RuntimeError(
            f"{name}functions with out=... arguments don't support automatic differentiation, but one of the arguments requires "
            "grad.\nUse the returned tensor instead of out=, or work under torch.no_grad()."
        )
    if result.dtype.rank > out.dtype.rank:
        raise RuntimeError(
            f"result type {dtypes.scalar_type_name(result.dtype)} can't be cast to the desired output type "
            f"{dtypes.scalar_type_name(out.dtype)}"
        )
    if tangents_of(result) or tangents_of(out):
        raise NotImplementedError(
            f"Trying to use forward AD with {f'{function}_out' if function else 'a function'} that does not support it because "
            "it is an out= function\nUse the returned tensor instead of out=."
        )
    if out._data.shape != result._data.shape:
        out._data = np.empty(result._data.shape, out._data.dtype)
    if modes.special and modes.state.before_write is not None:
        modes.state.before_write(writes_of(out))
    memory = buffer(out)
    namespace_of((memory, result._data)).write(memory, result._data)
    log_write(writes_of(out), "out=")
    mark_stale(out)
    return out


# --- what an operation says of bad input -------------------------------------------------------------------------

_NUMBERS = (int, float, complex, np.number, np.bool_)


def is_operand(value: Any) -> bool:
    """Whether a value can be an operand beside a tensor."""
    return isinstance(value, (Tensor, *_NUMBERS))


def checked(name: str, operands: Sequence[Any], comparison: bool = False) -> list[Any]:
    """Operands as `apply` takes them: tensors and Python numbers; a TypeError in PyTorch's words for anything else."""
    names = ("input", "other")
    if comparison and not isinstance(operands[0], Tensor):
        raise invalid_combination(name, operands)
    result = []
    for position, operand in enumerate(operands):
        if isinstance(operand, (Tensor, int, float, complex)) and not isinstance(operand, np.number):
            result.append(operand)
        elif isinstance(operand, (np.number, np.bool_)):
            result.append(operand.item())
        elif comparison:
            raise invalid_combination(name, operands)
        else:
            raise not_a_tensor(name, names[position], position + 1, operand)
    return result


def invalid_combination(function: str, args: Sequence[Any], kwargs: dict[str, Any] | None = None) -> TypeError:
    """PyTorch's words for arguments that fit none of a function's signatures."""
    given = [type(each).__name__ for each in args]
    given += [f"{name}={type(each).__name__}" for name, each in (kwargs or {}).items()]
    return TypeError(
        f"{function}() received an invalid combination of arguments - got ({', '.join(given)}), but expected one of:\n"
        f"the signatures that help(torch.{function.rstrip('_')}) shows"
    )


def no_operator_of(value: Any, name: str) -> TypeError:
    """The error for a tensor's operator that is asked of something else, as in `Tensor.__radd__(2, x)`."""
    return TypeError(
        f"the operator '{name}' of 'torch.Tensor' objects doesn't apply to a '{type(value).__name__}' object"
    )


def not_a_tensor(function: str, argument: str, position: int, value: Any) -> TypeError:
    """PyTorch's words for an argument that should have been a tensor."""
    return TypeError(
        f"{function}(): argument '{argument}' (position {position}) must be Tensor, not {type(value).__name__}\n"
        f"Make a tensor of it first, as in torch.tensor({argument})."
    )


def require_tensors(function: str, *arguments: Any, names: Sequence[str] = ("input", "other")) -> tuple[Tensor, ...]:
    """The arguments, all of which must be tensors; a TypeError in PyTorch's words for the first that is not.

    Under autocast they come in the types in which it has this function compute.
    """
    for argument in arguments:
        if not isinstance(argument, Tensor):
            position = next(place for place, each in enumerate(arguments) if each is argument)
            raise not_a_tensor(function, names[position], position + 1, argument)
    if modes.special and modes.state.autocast is not None:
        return modes.state.autocast(function, arguments)
    return arguments


def shapes_differ(*shapes: Sequence[int]) -> RuntimeError:
    """PyTorch's words for shapes that do not broadcast."""
    common: tuple[int, ...] = ()
    for shape in shapes:
        width = max(len(common), len(shape))
        left, right = (1,) * (width - len(common)) + common, (1,) * (width - len(shape)) + tuple(shape)
        for axis in reversed(range(width)):
            if left[axis] != right[axis] and 1 not in (left[axis], right[axis]):
                return RuntimeError(
                    f"The size of tensor a ({left[axis]}) must match the size of tensor b ({right[axis]}) at non-singleton "
                    f"dimension {axis}\nThe shapes are {' and '.join(str(list(each)) for each in shapes)}: sizes must be "
                    "equal, or 1, counted from the last."
                )
        common = tuple(b if a == 1 else a for a, b in zip(left, right, strict=True))
    return RuntimeError(f"the shapes {' and '.join(str(list(each)) for each in shapes)} do not fit")
