"""Sample operands for every record, derived from the record as far as that goes.

What a record says of itself, its operands, its rules and how its types meet, gives the samples of most. The tables
below hold what it does not say: where it is defined, its static parameters, and operands that are not of one shape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import adjoint as torch
from adjoint import func
from adjoint.core.apply import apply
from adjoint.core.primitive import PartialsNode, Primitive
from adjoint.core.tensor import Tensor
from adjoint.ops import later
from adjoint.ops.indexing import apart
from tests.records.later import PROGRAMS as FAMILY_PROGRAMS
from tests.records.later import SAMPLES

later.load_all()


@dataclass(frozen=True)
class Sample:
    """Operands of a record: arrays of float64 to differentiate by, other arrays and numbers to hold; and parameters.

    `call` stands for the record where it works only within a larger program, which then has it in its graph.
    """

    record: Primitive
    operands: tuple[Any, ...]
    params: dict[str, Any] = field(default_factory=dict)
    call: Callable[..., Any] | None = None

    def __call__(self, *operands: Any) -> Any:
        """The record, or the program around it, on tensors and numbers."""
        return self.call(*operands) if self.call else self.shown(apply(self.record, operands, self.params))

    def shown(self, outs: Any) -> Any:
        """The results of the record without the numbers that it keeps for its derivative only."""
        count = self.record.differentiable_outputs
        if not isinstance(outs, tuple) or self.record.many_outputs or not count:
            return outs
        return tuple(out for place, out in enumerate(outs) if place < count or not out.is_floating_point())

    @property
    def differentiable(self) -> list[int]:
        """The operands that gradients are asked for."""
        rules = self.record.rules
        held = () if self.record.variadic or self.record.joint else [p for p, rule in enumerate(rules) if rule is None]
        return [
            place
            for place, each in enumerate(self.operands)
            if isinstance(each, np.ndarray) and each.dtype.kind in "fc" and (self.call or place not in held)
        ]


# Numbers without a pattern, away from 0, from each other, from integers and from halves, so that no step or tie is near.
X = np.array([[0.31, -1.27, 2.13], [-0.62, 1.71, -2.58]])
Y = np.array([[1.42, 0.37, -0.83], [2.21, -1.16, 0.94]])
ROW = np.array([0.77, -1.62, 1.31])
CUBE = np.arange(24.0).reshape(2, 3, 4) * 0.37 - np.cos(np.arange(24.0)).reshape(2, 3, 4)
COMPLEX = X + 1j * Y
WHOLE = np.array([[3, -2, 7], [1, 5, -4]])

#: where a record is defined, or where it is not flat: operands in place of X, Y
DOMAINS: dict[str, tuple[Any, ...]] = {
    "log": (abs(X),),
    "log2": (abs(X),),
    "log10": (abs(X),),
    "log1p": (abs(X),),
    "asin": (X * 0.3,),
    "acos": (X * 0.3,),
    "atanh": (X * 0.3,),
    "acosh": (abs(X) + 1,),
    "sqrt": (abs(X),),
    "rsqrt": (abs(X),),
    "pow_tensor": (abs(X), Y),
    "conj": (COMPLEX,),
    "conj_physical": (COMPLEX,),
    "real": (COMPLEX,),
    "imag": (COMPLEX,),
}

#: numbers in place of operands without a partial: several for each
NUMBERS: dict[str, list[tuple[Any, ...]]] = {
    "pow_scalar": [(X, 2), (X, 3), (X, -1), (abs(X), 0.5), (abs(X), 1.7)],
    "pow_base": [(2.5, X), (0.5, X), (0, abs(X))],
}

_ALL = {"axis": (0, 1), "keepdims": False}
_ROWS = {"axis": (1,), "keepdims": False}
_KEPT = {"axis": (0,), "keepdims": True}
_ONE = {"axis": 1, "keepdims": False}
_ONE_KEPT = {"axis": 0, "keepdims": True}
_FIRST = {"axis": (0,)}

#: static parameters: several sets for each
PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "add_scaled": [{"alpha": 2}, {"alpha": -0.5}],
    "sub_scaled": [{"alpha": 2}, {"alpha": -0.5}],
    "rsub_scaled": [{"alpha": 2}, {"alpha": -0.5}],
    "rsub_scalar_scaled": [{"alpha": 2}, {"alpha": -0.5}],
    "to_copy": [{"dtype": np.dtype(np.float64)}, {"dtype": np.dtype(np.complex128)}],
    "view": [{"shape": (3, 2)}, {"shape": (6,)}],
    "reshape_alias": [{"shape": (3, 2)}],
    "unsafe_view": [{"shape": (3, 2)}],
    "permute": [{"axes": (1, 0)}],
    "transpose": [{"axes": (1, 0)}],
    "t": [{"axes": (1, 0)}],
    "expand": [{"shape": (2, 3)}, {"shape": (4, 2, 3)}],
    "unsqueeze": [{"axis": 0}, {"axis": 2}],
    "flip": [{"axis": (0,)}, {"axis": (0, 1)}],
    "unbind": [{"axis": 0}, {"axis": 1}],
    "split": [{"axis": 1, "sizes": (2, 1)}],
    "split_with_sizes": [{"axis": 1, "sizes": (1, 0, 2)}],
    "select": [{"axis": 1, "index": 2}],
    "slice": [{"axis": 1, "part": slice(0, 3, 2)}],
    "clamp_numbers": [{"min": -1, "max": 1}, {"min": None, "max": 0.5}, {"min": 1, "max": -1}],
    "clamp_min_number": [{"min": -1, "max": None}],
    "clamp_max_number": [{"min": None, "max": 0.5}],
    "zero": [{"value": 0}],
    "fill": [{"value": 2.5}],
    "fill_in_place": [{"value": 2.5}],
    "assigned": [{"value": 2.5}],
    "amax": [_ALL, _ROWS, _KEPT],
    "amin": [_ALL, _ROWS, _KEPT],
    "max_axis": [_ONE, _ONE_KEPT],
    "min_axis": [_ONE, _ONE_KEPT],
    "argmax": [_ONE, _ONE_KEPT, {"axis": None, "keepdims": False}],
    "argmin": [_ONE, _ONE_KEPT, {"axis": None, "keepdims": False}],
    "sum_axes": [_ALL, _ROWS, _KEPT],
    "mean_axes": [{**_ALL, "count": 6}, {**_ROWS, "count": 3}, {**_KEPT, "count": 2}],
    "prod_axis": [_ONE, _ONE_KEPT],
    "all": [_ALL, _ROWS, _KEPT],
    "any": [_ALL, _ROWS, _KEPT],
    "cat": [{"axis": 0}, {"axis": 1}],
    "stack": [{"axis": 0}, {"axis": 2}],
    "repeat": [{"counts": (2, 3)}, {"counts": (2, 1, 1)}],
    "round_decimals": [{"decimals": 1}],
}

#: operands of a shape or kind of their own, one set or several
OPERANDS: dict[str, list[tuple[Any, ...]]] = {
    "expand": [(ROW,)],
    "squeeze_all": [(X[:1],)],
    "squeeze_axis": [(X[:1],)],
    "squeeze_axes": [(X[:1],)],
    "mm": [(X, Y.T)],
    "bmm": [(CUBE, CUBE.transpose(0, 2, 1))],
    "matmul_batched": [(CUBE, CUBE[0].T), (CUBE[:1], CUBE.transpose(0, 2, 1)), (CUBE[0], CUBE.transpose(0, 2, 1))],
    "mv": [(X, ROW)],
    "batch_by_vector": [(CUBE, CUBE[0, 0])],
    "vector_by_matrix": [(ROW, X.T)],
    "vector_by_batch": [(CUBE[0, 0], CUBE.transpose(0, 2, 1))],
    "dot": [(ROW, X[0])],
    "where": [(X > 0, X, Y), (ROW > 0, X, ROW)],
    "masked_fill": [(X, Y > 0, 2.5)],
    "masked_fill_tensor": [(X, Y > 0, np.array(0.7))],
    "fill_tensor": [(X, np.array(0.7))],
    "fill_tensor_in_place": [(X, np.array(0.7))],
    "clamp_tensors": [(X, Y - 2, Y + 0.5), (X, Y + 1, Y - 1), (X, ROW - 2, np.array(1.1))],
    "cat": [(X, Y), (X, X, Y)],
    "stack": [(X, Y), (X, X, Y)],
    "prod_all": [(X,), (np.array([0.0, 1.3, -0.7]),), (np.array([0.0, 0.0, -0.7]),)],
    "prod_axis": [(X,), (np.array([[0.0, 1.3, 0.0], [0.4, -0.7, 1.1]]),)],
}
for _name in ("squeeze_all", "squeeze_axis", "squeeze_axes"):
    PARAMETERS[_name] = [{"axis": (0,)}]
for _name in ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"):
    OPERANDS[_name] = [(WHOLE, abs(WHOLE).T.reshape(2, 3)), (WHOLE, 2)]
OPERANDS["bitwise_not"] = [(WHOLE,), (X > 0,)]


def _picking(record: Primitive) -> list[Sample]:
    """Samples of the records that pick by tensors of indices."""
    samples = []
    for index in (
        (np.array([1, 0, 1]),),
        (slice(None), np.array([2, 0])),
        (np.array([0, 1]), np.array([2, 2])),
        (np.array([[True, False, True], [False, True, False]]),),
    ):
        pickers, template = apart([torch.tensor(part) if isinstance(part, np.ndarray) else part for part in index])
        arrays = tuple(picker.numpy() for picker in pickers)
        values = Y[index]
        if record.name == "index":
            samples.append(Sample(record, (X, *arrays), {"template": template}))
        elif record.name == "place":
            samples.append(Sample(record, (values, *arrays), {"template": template, "shape": X.shape}))
        elif len(set(arrays[0].ravel().tolist())) == arrays[0].size or arrays[0].dtype.kind == "b":
            samples.append(Sample(record, (X, values, *arrays), {"template": template}))  # each place written once
    return samples


def _written(x: Tensor) -> Tensor:
    q = x * 1
    row = q[0]
    q.mul_(x)
    return row * 1


def _partly_written(x: Tensor, value: Tensor) -> Tensor:
    q = x * 1
    q[:, 1].mul_(value)
    return q * q


#: programs around the records that work only within one
PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "as_strided": (_written, (X,)),
    "copy_slices": (_partly_written, (X, ROW[:2])),
    "enter_batch": (func.vmap(lambda row: row * row), (X,)),
    "leave_batch": (func.vmap(lambda row: row * row), (X,)),
    "share_batch": (lambda x, shared: func.vmap(lambda row: row * shared)(x), (X, ROW)),
    "total_batch": (
        lambda x, shared: func.grad(lambda each: func.vmap(lambda row: (row * each * each).sum())(x).sum())(shared),
        (X, ROW),
    ),
    "transform_input": (func.grad(lambda x: (x * x * x).sum()), (X,)),
}
PROGRAMS |= FAMILY_PROGRAMS


def samples_of(record: Primitive) -> list[Sample]:
    """The samples of a record: none where it has parameters or operands that the tables above do not know."""
    name = record.name
    if name in SAMPLES:
        return [Sample(record, operands, params) for operands, params in SAMPLES[name]]
    if name in PROGRAMS:
        call, operands = PROGRAMS[name]
        return [Sample(record, operands, call=call)]
    if name in ("index", "place", "index_put"):
        return _picking(record)
    if name in NUMBERS:
        return [Sample(record, operands) for operands in NUMBERS[name]]
    if record.parameters and name not in PARAMETERS:
        return []
    choices = OPERANDS.get(name) or _derived(record)
    return [Sample(record, operands, params) for params in PARAMETERS.get(name, [{}]) for operands in choices]


def _derived(record: Primitive) -> list[tuple[Any, ...]]:
    """Operands made of the record's arity: of one shape, and where its types meet, of shapes that broadcast."""
    if record.variadic:
        return []
    if record.name in DOMAINS:
        return [DOMAINS[record.name]]
    count = len(record.operands)
    if count == 1:
        return [(X,)]
    if count > 2 or (record.rules and issubclass(record.node_type, PartialsNode) and None in record.rules):
        return []
    meeting = [(X, ROW), (X[:, :1], ROW), (np.array(0.7), X), (X, 1.3)] if record.promotes else []
    return [(X, Y), *meeting]
