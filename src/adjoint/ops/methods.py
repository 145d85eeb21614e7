"""Turns the public functions into methods of `Tensor`: as they are, in place (`sin_`), and behind operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adjoint.core import inplace
from adjoint.core.exports import Export, exports
from adjoint.core.tensor import Tensor
from adjoint.ops.conversion import to_dtype
from adjoint.ops.writing import overwritten

#: operators whose in-place form is the in-place form of a function
_INPLACE_OPERATORS = {
    "__iadd__": "add_", "__isub__": "sub_", "__imul__": "mul_", "__itruediv__": "div_", "__ipow__": "pow_",
    "__ifloordiv__": "floor_divide_", "__imod__": "remainder_",
    "__iand__": "bitwise_and_", "__ior__": "bitwise_or_", "__ixor__": "bitwise_xor_",
    "__ilshift__": "bitwise_left_shift_", "__irshift__": "bitwise_right_shift_",
}  # fmt: skip


def install(operators: dict[str, Callable], properties: dict[str, Any]) -> None:
    """Give `Tensor` its methods, from every public function declared so far."""
    for export in exports.values():
        add_method(export)
    for name, function in operators.items():
        setattr(Tensor, name, function)
    for name, method in _INPLACE_OPERATORS.items():
        setattr(Tensor, name, getattr(Tensor, method))
    for name, accessors in properties.items():
        setattr(Tensor, name, property(*accessors) if isinstance(accessors, tuple) else property(accessors))


def add_method(export: Export) -> None:
    """Give `Tensor` the method, and the in-place method, of a public function that has them."""
    if export.method is None or export.module:
        return
    setattr(Tensor, export.method, export.function)
    if export.inplace:
        name = export.method + "_"
        setattr(Tensor, name, _in_place(export.function, name))


def _in_place(function: Callable, name: str) -> Callable:
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return inplace.update(self, lambda old: _kept_in_graph(old, function(old, *args, **kwargs)), name)

    method.__name__ = name
    method.__qualname__ = f"Tensor.{name}"
    method.__doc__ = f"In-place form of `{function.__name__}`: writes the result into this tensor, and returns it."
    return method


def _kept_in_graph(old: Tensor, result: Tensor) -> Tensor:
    """A result without history, as that of a comparison, cuts off the history of the value that it overwrites."""
    if old._node is None or result._node is not None:
        return result
    return overwritten(old, to_dtype(result, old.dtype))
