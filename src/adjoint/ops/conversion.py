"""From one type to another, copies, and leaving the graph: `to`, `clone`, `detach`."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.arrays.numpy import is_dense
from adjoint.arrays.tensor import verb
from adjoint.core import dtypes
from adjoint.core.apply import require_tensors
from adjoint.core.dtypes import DTYPES
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import export, public
from adjoint.core.formats import contiguous_format
from adjoint.core.primitive import cast_back
from adjoint.core.statements import linear
from adjoint.core.states import make_inference
from adjoint.core.tangents import carry
from adjoint.core.tensor import Tensor, buffer, wrap, writes_of
from adjoint.core.views import base_of, views_of

_to_copy = linear(
    "to_copy",
    lambda xp, x, *, dtype: xp.astype(x, dtype),
    transpose=lambda xp, g, x_dtype: cast_back(xp, g, x_dtype),
)
_clone = linear("clone", lambda xp, x: xp.copy(x), transpose=lambda xp, g: g, verb="copy")
#: the same in C order, for elements that lie side by side in another order
_clone_in_order = linear(
    "clone_in_order",
    lambda xp, x: xp.reshape(xp.reshape(x, (-1,)), x.shape),
    transpose=lambda xp, g: g,
    node="CloneBackward0",
)


_TYPE_NAMES = {
    "float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16", "int64": "Long", "int32": "Int",
    "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool", "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
}  # fmt: skip


def type_name(dtype: DType) -> str:
    """`torch.FloatTensor`, as PyTorch calls tensors of float32."""
    return f"torch.{_TYPE_NAMES.get(dtype.name, dtype.name.capitalize())}Tensor"


def to_dtype(x: Tensor, dtype: DType) -> Tensor:
    """The tensor in another type; itself where it has that type."""
    return x if x._data.dtype == dtype.numpy else _to_copy(x, dtype=dtype.numpy)


@verb("astype")
def _astype(x: Tensor, dtype: np.dtype) -> Tensor:
    return x if x._data.dtype == dtype else _to_copy(x, dtype=np.dtype(dtype))


@verb("asarray")
def _asarray(x: np.ndarray) -> Tensor:
    return wrap(x)


@public(method=True)
def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy that is part of the graph: gradients flow back through it.

    >>> import adjoint as torch
    >>> x = torch.tensor([1., 2.])
    >>> y = x.clone()
    >>> y[0] = 9
    >>> x
    tensor([1., 2.])
    """
    (input,) = require_tensors("clone", input)
    if memory_format is contiguous_format and not input.is_contiguous():
        return contiguous(input)
    return _clone(input)


@public(on_module=False)
def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor, copied where its elements do not lie in memory in C order."""
    if self.is_contiguous():
        return self
    return (_clone_in_order if is_dense(self._data) else _clone)(self)


@public()
def detach(input: Tensor) -> Tensor:
    """The same elements in the same memory, outside the graph: no gradient flows back through the result.

    >>> import adjoint as torch
    >>> x = torch.tensor(3., requires_grad=True)
    >>> (x * 2).detach()
    tensor(6.)
    """
    (input,) = require_tensors("detach", input)
    buffer(input)
    result = wrap(input._data)
    if input.is_inference():
        make_inference(result, input)
        return result
    result._writes = writes_of(input)
    result._views = views_of(base_of(input))  # a write to the result is one to what those show
    return result


@public(on_module=False)
def detach_(self: Tensor) -> Tensor:
    """Take this tensor out of the graph, in place: it becomes a leaf that requires no gradient."""
    if self._is_view():
        raise RuntimeError(
            "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for "
            "training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence detach_() "
            "cannot be called on these gradients. To fix this error, please refer to the Optimizer.zero_grad() function "
            "in torch/optim/optimizer.py as a reference."
        )
    self._node = None
    carry(self, {})
    return self


@public(on_module=False)
def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The tensor with another type or on another device; itself where nothing changes and `copy` is False.

    >>> import adjoint as torch
    >>> torch.tensor([1, 2]).to(torch.float64)
    tensor([1., 2.], dtype=torch.float64)
    """
    dtype: DType | None = kwargs.get("dtype")
    copy = kwargs.get("copy", False)
    for argument in args:
        if isinstance(argument, DType):
            dtype = argument
        elif isinstance(argument, Tensor):
            dtype = argument.dtype
    other = kwargs.get("other")
    if isinstance(other, Tensor):
        dtype = other.dtype
    target = (dtype or self.dtype).numpy
    if self._data.dtype == target and not copy:
        return self
    return _to_copy(self, dtype=target)


def _caster(dtype: DType, name: str) -> Any:
    def cast(self: Tensor) -> Tensor:
        return to_dtype(self, dtype)

    cast.__name__ = cast.__qualname__ = name
    cast.__doc__ = f"The tensor in the type {dtype}."
    return cast


for _dtype in DTYPES:
    for _name in (
        *_dtype.aliases,
        *(("bool",) if _dtype is dtypes.bool else ("bfloat16",) if _dtype is dtypes.bfloat16 else ()),
    ):
        export(_caster(_dtype, _name), on_module=False)
export(_caster(dtypes.uint8, "byte"), on_module=False)
export(_caster(dtypes.int8, "char"), on_module=False)


@public(on_module=False)
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor in the type of another."""
    return to_dtype(self, other.dtype)


@public(on_module=False)
def requires_grad_(self: Tensor, requires_grad: bool = True) -> Tensor:
    """Make this leaf require a gradient, or stop requiring it, and return it."""
    if not requires_grad or self.is_leaf:
        self.requires_grad = requires_grad
    return self
