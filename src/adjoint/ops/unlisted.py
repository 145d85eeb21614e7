"""Functions that PyTorch has under names with an underscore, or for its own use, and that programs call all the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor, buffer
from adjoint.ops.conversion import type_name
from adjoint.ops.data import tensor as data_tensor
from adjoint.ops.legacy import CONSTRUCTORS
from adjoint.ops.protocols import as_kind


@public(method=False)
def _softmax_backward_data(
    grad_output: Tensor, output: Tensor, dim: int, input_dtype: DType, *, grad_input: Tensor | None = None
) -> Tensor:
    """The gradient of a softmax's input, from that of its result: `s * (g - sum(g * s))`, in the input's type."""
    weighted = grad_output * output
    result = (weighted - output * weighted.sum(dim, keepdim=True)).to(input_dtype)
    return result if grad_input is None else grad_input.copy_(result)


def _within(input: Tensor, indices: Sequence[Tensor | None]) -> tuple[Any, ...]:
    """Indices moved into the tensor, where they lie outside of it."""
    return tuple(
        slice(None) if index is None else index.clamp(-size, size - 1)
        for index, size in zip(indices, input.shape, strict=False)
    )


@public(method=False)
def _unsafe_masked_index(input: Tensor, mask: Tensor, indices: Sequence[Tensor | None], fill: Any) -> Tensor:
    """`input[indices]` where the mask is true, and `fill` elsewhere, whatever the indices are there."""
    picked = input[_within(input, indices)]
    return picked.clone() if not mask.numel() else picked.masked_fill(mask.logical_not(), fill)


@public(method=False)
def _unsafe_masked_index_put_accumulate(
    input: Tensor, mask: Tensor, indices: Sequence[Tensor | None], values: Tensor
) -> Tensor:
    """`input` with values added at indices where the mask is true."""
    if not input.numel():
        return input.clone()
    added = values.masked_fill(mask.logical_not(), 0)
    return input.index_put(_within(input, indices), added, accumulate=True)


@public(method=False)
def native_dropout_backward(grad_output: Tensor, mask: Tensor, scale: float) -> Tensor:
    """The gradient of a dropout's input: that of its result where the mask is true, times `scale`."""
    return grad_output * mask * scale


# --- methods ---


@public(on_module=False)
def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Set the elements on the main diagonal; with `wrap`, that of a tall matrix begins again below each square.

    >>> import adjoint as torch
    >>> torch.zeros(2, 3).fill_diagonal_(5)
    tensor([[5., 0., 0.],
            [0., 5., 0.]])
    """
    if self.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    rows, columns = self.shape[:2]
    if self.ndim > 2:
        if len(set(self.shape)) > 1:
            raise RuntimeError("all dimensions of input must be of equal length")
        for place in range(rows):
            self[(place,) * self.ndim] = fill_value
        return self
    self.diagonal().fill_(fill_value)
    if wrap and rows > columns:
        for start in range(columns + 1, rows, columns + 1):
            self[start:].diagonal().fill_(fill_value)
    return self


@public()
def is_nonzero(input: Tensor) -> bool:
    """Whether the only element is not 0."""
    return bool(input)


@public()
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have one shape."""
    return input.shape == other.shape


@public(on_module=False)
def new(self: Tensor, *args: Any) -> Tensor:
    """A tensor of this type from a sequence, or of these sizes.

    >>> import adjoint as torch
    >>> torch.ones(2).new([1, 2])
    tensor([1., 2.])
    """
    return CONSTRUCTORS[type_name(self.dtype).removeprefix("torch.")](*args)


@public(on_module=False)
def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Replace each element by what a function of numbers says of it.

    >>> import adjoint as torch
    >>> torch.tensor([1.0, 2.0]).apply_(lambda number: number * 10)
    tensor([10., 20.])
    """
    return self.map_(self, lambda mine, _: callable(mine))


@public(on_module=False)
def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Replace each element by what a function says of it and of that at its place in another tensor."""
    if self.requires_grad:
        raise TypeError("Can't call map_() on Variable that requires grad. Use var.detach().map_() instead.")
    pairs = zip(self.flatten().tolist(), tensor.expand(self.shape).flatten().tolist(), strict=True)
    numbers = [callable(mine, other) for mine, other in pairs]
    buffer(self)[...] = data_tensor(numbers, dtype=self.dtype)._data.reshape(self.shape)
    return self


@public(on_module=False)
def as_subclass(self: Tensor, cls: type[Tensor]) -> Tensor:
    """The tensor as an instance of a subclass, in the same memory."""
    return as_kind(self, cls)


@public(on_module=False)
def to_dense(self: Tensor, dtype: DType | None = None, *, masked_grad: bool | None = None) -> Tensor:
    """This tensor, which is dense already, in another type where one is given."""
    return self if dtype is None else self.to(dtype)


@public(on_module=False)
def is_pinned(self: Tensor, device: Any = None) -> bool:
    """Whether a GPU may read the memory directly: no."""
    return False


@public(on_module=False)
def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """Refused: there is no GPU to read the memory."""
    raise RuntimeError("Cannot access accelerator device when none is available.\nAdjoint computes on the CPU.")


# --- functions that are methods first ---


@public(method=False)
def is_signed(input: Tensor) -> bool:
    """Whether the type of the elements has negative numbers."""
    return input.is_signed()


@public(method=False)
def get_device(input: Tensor) -> int:
    """The number of the GPU that holds the tensor: -1, for the CPU."""
    return input.get_device()
