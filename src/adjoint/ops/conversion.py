"""From one type to another, copies, and leaving the graph: `to`, `clone`, `detach`."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.arrays.numpy import in_order
from adjoint.arrays.tensor import verb
from adjoint.core import dtypes
from adjoint.core.apply import require_tensors
from adjoint.core.device import check_device
from adjoint.core.dtypes import DTYPES, scalar_type_name
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import export, public
from adjoint.core.formats import contiguous_format
from adjoint.core.primitive import cast_back
from adjoint.core.statements import linear
from adjoint.core.states import make_inference
from adjoint.core.tangents import carry
from adjoint.core.tensor import Tensor, buffer, wrap, writes_of
from adjoint.core.views import base_of, follow_base, views_of
from adjoint.ops.refusals import common_type

_to_copy = linear(
    "to_copy",
    lambda xp, x, *, dtype: xp.astype(x, dtype),
    transpose=lambda xp, g, x_dtype: cast_back(xp, g, x_dtype),
)
_clone = linear("clone", lambda xp, x: xp.copy(x), transpose=lambda xp, g: g, verb="copy")
#: the same in C order, for elements that lie in another order
_clone_in_order = linear(
    "clone_in_order",
    lambda xp, x: xp.reshape(xp.reshape(x, (-1,)), x.shape),
    transpose=lambda xp, g: g,
    node="CloneBackward0",
)


def type_name(dtype: DType) -> str:
    """`torch.FloatTensor`, as PyTorch calls tensors of float32."""
    return f"torch.{dtypes.scalar_type_name(dtype)}Tensor"


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
    return (_clone if in_order(self._data) else _clone_in_order)(self)


@public()
def detach(input: Tensor) -> Tensor:
    """The same elements in the same memory, outside the graph: no gradient flows back through the result.

    >>> import adjoint as torch
    >>> x = torch.tensor(3., requires_grad=True)
    >>> (x * 2).detach()
    tensor(6.)
    """
    (input,) = require_tensors("detach", input)
    return _on_same_memory(input, buffer(input))


def reinterpreted(self: Tensor, dtype: DType) -> Tensor:
    """The same memory, its bits taken as elements of another type. No gradient flows through that."""
    array, kinds = (
        buffer(self),
        f"{scalar_type_name(self.dtype)} as {scalar_type_name(dtype)} (different element sizes)",
    )
    have, want = array.itemsize, dtype.itemsize
    if have != want:
        if not array.ndim:
            raise RuntimeError(f"self.dim() cannot be 0 to view {kinds}")
        if want > have and array.shape[-1] * have % want:
            raise RuntimeError(
                f"self.size(-1) must be divisible by {want // have} to view {kinds}, but got {array.shape[-1]}"
            )
        if array.shape[-1] > 1 and array.strides[-1] != have:
            raise RuntimeError(f"self.stride(-1) must be 1 to view {kinds}, but got {array.strides[-1] // have}")
        for axis, step in enumerate(array.strides[:-1]):
            if want > have and array.shape[axis] > 1 and step % want:
                raise RuntimeError(
                    f"self.stride({axis}) must be divisible by {want // have} to view {kinds}, but got {step // have}"
                )
    return _on_same_memory(self, array.view(dtype.numpy))


def _on_same_memory(input: Tensor, array: np.ndarray) -> Tensor:
    """A tensor outside the graph on an array in the memory of another: what is written to one is seen in the other."""
    result = wrap(array)
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
            "in torch/optim/optimizer.py as the solution."
        )
    self._node = None
    carry(self, {})
    follow_base(self)
    return self


@public(on_module=False)
def to(
    self: Tensor, *args: Any, device: Any = None, dtype: DType | None = None, other: Tensor | None = None,
    non_blocking: bool = False, copy: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """The tensor with another type or on another device; itself where nothing changes and `copy` is False.

    >>> import adjoint as torch
    >>> torch.tensor([1, 2]).to(torch.float64)
    tensor([1., 2.], dtype=torch.float64)
    """
    rest = list(args)
    if rest and isinstance(rest[0], Tensor):
        dtype = rest.pop(0).dtype
    elif rest and not isinstance(rest[0], DType | bool):
        device = rest.pop(0)
    if rest and isinstance(rest[0], DType):
        dtype = rest.pop(0)
    if rest:  # non_blocking, copy
        copy = rest[1] if len(rest) > 1 else copy
    if other is not None:
        dtype = other.dtype
    if device is not None:
        check_device(device, "to")
    target = (dtype or self.dtype).numpy
    if self._data.dtype == target and not copy:
        return self
    return _to_copy(self, dtype=target)


@public(on_module=False)
def cpu(self: Tensor) -> Tensor:
    """The tensor in the CPU's memory: itself."""
    return self


@public(on_module=False)
def cuda(self: Tensor, device: Any = None, non_blocking: bool = False) -> Tensor:
    """The tensor in a GPU's memory: an error, since there is none."""
    check_device("cuda")
    return self


@public(on_module=False, name="type")
def type_(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The name of the tensor's type; with a type, its name or its constructor, the tensor in that type.

    >>> import adjoint as torch
    >>> torch.tensor([1., 2.]).type()
    'torch.FloatTensor'
    """
    if dtype is None:
        return type_name(self.dtype)
    if isinstance(dtype, DType):
        return to_dtype(self, dtype)
    wanted = getattr(dtype, "dtype", None)
    if isinstance(dtype, str):
        wanted = next((each for each in DTYPES if type_name(each) == dtype), None)
    if wanted is None:
        raise ValueError(f"invalid type: {dtype!r}")
    return to_dtype(self, wanted)


def _caster(dtype: DType, name: str) -> Any:
    def cast(self: Tensor, memory_format: Any = None) -> Tensor:
        if memory_format is contiguous_format and self._data.dtype != dtype.numpy:
            return to_dtype(contiguous(self), dtype)
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


# --- questions about types ---


@public(method=False)
def is_floating_point(input: Tensor) -> bool:
    """Whether the elements are real floating-point numbers."""
    (input,) = require_tensors("is_floating_point", input)
    return input.is_floating_point()


@public(method=False)
def is_complex(input: Tensor) -> bool:
    """Whether the elements are complex numbers."""
    (input,) = require_tensors("is_complex", input)
    return input.is_complex()


@public(method=False)
def result_type(tensor1: Any, tensor2: Any) -> DType:
    """The type that an operation on two tensors or numbers computes in.

    >>> import adjoint as torch
    >>> torch.result_type(torch.tensor([1, 2]), 1.0)
    torch.float32
    """
    return common_type(tensor1, tensor2)


@public(method=False)
def can_cast(from_: DType, to: DType) -> bool:
    """Whether a result of one type may be written to a tensor of another, as in-place operations do.

    >>> import adjoint as torch
    >>> torch.can_cast(torch.float32, torch.int64)
    False
    """
    return from_.rank <= to.rank
