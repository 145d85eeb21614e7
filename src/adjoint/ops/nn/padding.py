"""Padding: elements before and after those of a tensor, of one value or taken from the tensor itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adjoint.arrays.kernels.resampling import Map
from adjoint.core.apply import require_tensors, write_out
from adjoint.core.exports import public
from adjoint.core.statements import general, linear
from adjoint.core.tensor import Tensor
from adjoint.ops.nn.maps import MAPS
from adjoint.ops.nn.windows import is_integer
from adjoint.ops.refusals import converted, not_implemented_for

# --- the records ---


def _unpadded(xp: Any, g: Any, *, padding: Any) -> Any:
    return xp.constant_pad(g, padding=tuple((-low, -high) for low, high in padding), value=0)


_constant_pad = general(
    "constant_pad_nd",
    lambda xp, x, *, padding, value: xp.constant_pad(x, padding=padding, value=value),
    vjp=_unpadded,
    jvp=lambda xp, tangents, *, padding: xp.constant_pad(tangents[0], padding=padding, value=0),
    promotes="common",
    verb="constant_pad",
)
#: by mode and number of axes; `circular` padding is several writes in PyTorch, and bears the name of the last
_FROM_ITSELF = {
    (mode, axes): linear(f"{mode}_pad{axes}d", **MAPS, node=node.format(axes))
    for mode, node in (
        ("reflect", "ReflectionPad{}DBackward0"),
        ("replicate", "ReplicationPad{}DBackward0"),
        ("circular", "CopySlices"),
    )
    for axes in (1, 2, 3)
}


# --- the functions ---


@public(method=False)
def constant_pad_nd(input: Tensor, pad: Sequence[int], value: Any = 0, *, out: Tensor | None = None) -> Tensor:
    """Elements of one value around a tensor: `pad` has how many before and after, for the last dimension first.

    >>> import adjoint as torch
    >>> torch.constant_pad_nd(torch.tensor([[1., 2.]]), [1, 0, 0, 1], 9.)
    tensor([[9., 1., 2.],
            [9., 9., 9.]])
    """
    (input,) = require_tensors("constant_pad_nd", input)
    pairs = _pairs("constant_pad_nd", pad)
    if len(pairs) > input.ndim:
        raise RuntimeError(
            f"Length of pad should be no more than twice the number of dimensions of the input. Pad length is {len(pad)}"
            f"while the input has {input.ndim}dimensions."
        )
    _check_sizes(input, pairs)
    whole = input._data.dtype.kind in "iu"
    result = _constant_pad(input, padding=pairs, value=int(value) if whole else converted(value, input.dtype))
    return result if out is None else write_out(out, result)


#: what PyTorch calls the functions by which it pads a tensor from itself
_TITLES = {"reflect": "reflection", "replicate": "replication", "circular": "circular"}


@public(module="nn.functional", method=False)
def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Elements around a tensor: `pad` has how many before and after, for the last dimension first; negative ones cut.

    They are of one `value`, or, by `mode`, taken from the tensor itself: "reflect" mirrors it at its first and last
    elements, "replicate" repeats these, "circular" continues at the other end.

    >>> import adjoint as torch
    >>> x = torch.tensor([[1., 2., 3.]])
    >>> torch.nn.functional.pad(x, (1, 2))
    tensor([[0., 1., 2., 3., 0., 0.]])
    >>> torch.nn.functional.pad(x, (1, 2), mode="reflect")
    tensor([[2., 1., 2., 3., 2., 1.]])
    """
    require_tensors("pad", input)
    pairs = _pairs("pad", pad)
    if value is not None and not isinstance(value, int | float | complex | Tensor):
        raise TypeError(f"pad(): argument 'value' (position 4) must be float, not {type(value).__name__}")
    if len(pairs) > input.ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {input.ndim}"
        )
    if mode == "constant":
        return constant_pad_nd(input, pad, 0 if value is None else value)
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if (mode, 1) not in _FROM_ITSELF:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    axes = len(pairs)
    if axes > 3 or input.ndim not in (axes + 1, axes + 2):
        raise NotImplementedError(
            f"Padding size {len(pad)} is not supported for {input.ndim}D input tensor.\nSupported combinations for "
            "non-constant padding:\n  - 2D or 3D input: padding size = 2 (pads last dimension)\n  - 3D or 4D input: "
            "padding size = 4 (pads last 2 dimensions)\n  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
        )
    (input,) = require_tensors(f"{_TITLES[mode]}_pad{axes}d", input)
    _check_mode(input, pairs, mode)
    sizes = input.shape[-axes:]
    maps = tuple(Map(mode, size, size + sum(pair), (pair[0],)) for size, pair in zip(sizes, pairs, strict=True))
    return _FROM_ITSELF[mode, axes](input, maps=maps)


def _pairs(function: str, pad: Any) -> tuple[tuple[int, int], ...]:
    """The numbers before and after, for the first of the dimensions that are padded first."""
    if not isinstance(pad, tuple | list):
        raise TypeError(f"{function}(): argument 'pad' (position 2) must be tuple of ints, not {type(pad).__name__}")
    for place, each in enumerate(pad):
        if not is_integer(each):
            raise TypeError(
                f"{function}(): argument 'pad' (position 2) must be tuple of ints, but found element of type "
                f"{type(each).__name__} at pos {place}"
            )
    numbers = [int(each) for each in pad]
    if len(numbers) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    return tuple(zip(numbers[-2::-2], numbers[::-2], strict=True))


def _check_sizes(x: Tensor, pairs: Sequence[tuple[int, int]]) -> None:
    for place, (size, pair) in enumerate(zip(x.shape[x.ndim - len(pairs) :], pairs, strict=True), x.ndim - len(pairs)):
        if size + sum(pair) < 0:
            raise RuntimeError(
                f"The input size {size}, plus negative padding {pair[0]} and {pair[1]} resulted in a negative output size, "
                f"which is invalid. Check dimension {place} of your input."
            )


def _check_mode(x: Tensor, pairs: Sequence[tuple[int, int]], mode: str) -> None:
    """Errors in PyTorch's words where a tensor cannot be padded from itself."""
    axes = len(pairs)
    first = x.ndim - axes
    if mode != "circular":
        if not all(x.shape[first - 1 :]):
            raise RuntimeError(
                f"Expected {axes + 1}D or {axes + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero "
                f"dimensions for input, but got: {list(x.shape)}"
            )
        if x._data.dtype.kind == "b":
            raise not_implemented_for(f"{_TITLES[mode]}_pad{axes}d", x)
    for axis, (size, pair) in enumerate(zip(x.shape[first:], pairs, strict=True), first):
        if mode == "reflect" and max(pair) >= size:
            raise RuntimeError(
                f"Argument #{2 * (x.ndim - axis) + 2}: Padding size should be less than the corresponding input dimension, "
                f"but got: padding {pair} at dimension {axis} of input {list(x.shape)}"
            )
        if mode == "circular" and (max(pair) > size or size == 0):
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if size + sum(pair) < (mode == "circular"):
            raise RuntimeError(f"input (size: {size}) is too small for padding {pair}: there would be no elements left")
