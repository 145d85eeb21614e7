"""Integers and truth values, bit by bit."""

from __future__ import annotations

from typing import Any

from adjoint.core.apply import apply, checked, invalid_combination, is_operand, no_operator_of, write_out
from adjoint.core.dtypes import BOOL, FLOAT, scalar_type_name
from adjoint.core.exports import export
from adjoint.core.statements import constant
from adjoint.core.tensor import Tensor
from adjoint.ops.refusals import common_type

_BITS: dict[str, Any] = {
    "and": constant("bitwise_and", lambda xp, x, y: xp.bitwise_and(x, y), public=False),
    "or": constant("bitwise_or", lambda xp, x, y: xp.bitwise_or(x, y), public=False),
    "xor": constant("bitwise_xor", lambda xp, x, y: xp.bitwise_xor(x, y), public=False),
    "left_shift": constant("bitwise_left_shift", lambda xp, x, y: xp.bitwise_left_shift(x, y), public=False),
    "right_shift": constant("bitwise_right_shift", lambda xp, x, y: xp.bitwise_right_shift(x, y), public=False),
}
_not = constant("bitwise_not", lambda xp, x: xp.bitwise_invert(x), verb="bitwise_invert", public=False)
_KERNELS = {"left_shift": "lshift_cpu", "right_shift": "rshift_cpu"}


def _whole(which: str, input: Any, other: Any) -> list[Any]:
    """The operands of an operation on bits, which must be integers or truth values."""
    if not any(isinstance(each, Tensor) for each in (input, other)):
        raise invalid_combination(f"bitwise_{which}", (input, other))
    operands = checked(f"bitwise_{which}", (input, other))
    common = common_type(*operands)
    if common.rank >= FLOAT or (common.rank == BOOL and which in _KERNELS):
        raise NotImplementedError(
            f"\"{_KERNELS.get(which, f'bitwise_{which}_cpu')}\" not implemented for '{scalar_type_name(common)}'\n"
            "Only integers and truth values have bits."
        )
    return operands


def _function(which: str, doc: str) -> Any:
    record = _BITS[which].primitive

    def function(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
        result = apply(record, _whole(which, input, other))
        return result if out is None else write_out(out, result)

    function.__name__ = function.__qualname__ = f"bitwise_{which}"
    function.__doc__ = doc
    return export(function, inplace=True)


bitwise_and = _function("and", "The bits that are set in both; for truth values, whether both hold.")
bitwise_or = _function("or", "The bits that are set in one or both; for truth values, whether one or both hold.")
bitwise_xor = _function("xor", "The bits that are set in exactly one; for truth values, whether exactly one holds.")
bitwise_left_shift = _function("left_shift", "`input * 2**other`, on integers.")
bitwise_right_shift = _function("right_shift", "`input // 2**other`, on integers.")


def bitwise_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """All bits turned over; for truth values, the opposite."""
    _whole("not", input, input)
    return _not(input, out=out)


export(bitwise_not, inplace=True)


def _operator(function: Any) -> Any:
    return lambda self, other: function(self, other) if is_operand(other) else NotImplemented


def _reflected(function: Any) -> Any:
    def operator(self: Tensor, other: Any) -> Any:
        if not isinstance(self, Tensor):
            raise no_operator_of(self, function.__name__)
        return function(other, self) if is_operand(other) else NotImplemented

    return operator


def _invert(self: Tensor) -> Tensor:
    if self.dtype.rank >= FLOAT:
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return bitwise_not(self)


OPERATORS: dict[str, Any] = {
    "__and__": _operator(bitwise_and), "__rand__": _reflected(bitwise_and),
    "__or__": _operator(bitwise_or), "__ror__": _reflected(bitwise_or),
    "__xor__": _operator(bitwise_xor), "__rxor__": _reflected(bitwise_xor),
    "__lshift__": _operator(bitwise_left_shift), "__rlshift__": _reflected(bitwise_left_shift),
    "__rshift__": _operator(bitwise_right_shift), "__rrshift__": _reflected(bitwise_right_shift),
    "__invert__": _invert,
}  # fmt: skip
