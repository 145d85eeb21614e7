"""Functions that PyTorch has under names with an underscore, or for its own use, and that programs call all the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor


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
