"""Dropout: elements, or whole channels, set to 0 at random while a network is trained."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from adjoint.core import inplace
from adjoint.core.apply import require_tensors
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.random import generator_of
from adjoint.ops.sampling import empty_like, in_memory_order, successes

#: what SELU tends to for very negative numbers, with its sign turned: the value that alpha dropout drops to
_ALPHA = 1.7580993408473766

_native_dropout = general(
    "native_dropout",
    lambda xp, x, mask, *, scale: x * mask * scale,
    vjp=(lambda xp, g, mask, *, scale: g * mask * scale, None),
    jvp=lambda xp, tangents, mask, *, scale: tangents[0] * mask * scale,
    promotes="common",
)


def _dropped(input: Tensor, p: float, train: bool, *, feature: bool = False, alpha: bool = False) -> Tensor:
    """Each element, or each channel of each example, dropped with probability `p`; the others make up for it."""
    if not 0 <= p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p:g}")
    if p == 0 or not train or input.numel() == 0:
        return input
    if p == 1:
        return input * wrap(np.zeros((), input._data.dtype))
    if feature and input.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    shape = (*input.shape[:2], *[1] * (input.ndim - 2))
    kind = input._data.dtype
    memory = np.empty(shape, kind) if feature else empty_like(input)
    source = generator_of("dropout", None)
    kept = in_memory_order(memory, lambda count: successes(source, count, 1 - p))
    wide = np.dtype(np.float32) if kind.itemsize == 2 else kind  # the type to compute in, and to round to `kind` from
    ones = kept.astype(wide)
    if not alpha:
        return input * wrap((ones / wide.type(1 - p)).astype(kind))
    slope = 1 / math.sqrt((_ALPHA * _ALPHA * p + 1) * (1 - p))
    dropped = ((ones - 1) * wide.type(_ALPHA * slope)).astype(kind).astype(wide) + wide.type(_ALPHA * slope * p)
    return input * wrap((ones * wide.type(slope)).astype(kind)) + wrap(dropped.astype(kind))


def _function(function: str, **kind: bool) -> Any:
    """`torch.dropout` and its like, which take the arguments in this order only, and the form that writes in place."""

    def dropped(input: Tensor, p: float, train: bool) -> Tensor:
        (input,) = require_tensors(function, input)
        return _dropped(input, p, train, **kind)

    def dropped_in_place(input: Tensor, p: float, train: bool) -> Tensor:
        (input,) = require_tensors(function, input)
        return _in_place(input, p, train, **kind)

    what = "Channels" if kind.get("feature") else "Elements"
    target = "SELU's lower end" if kind.get("alpha") else "0"
    for made, name in ((dropped, function), (dropped_in_place, f"{function}_")):
        made.__name__ = made.__qualname__ = name
        made.__doc__ = f"{what} set to {target} with probability `p`, if `train`; see `nn.functional.dropout`."
        public(method=False)(made)
    return dropped


def _in_place(input: Tensor, p: float, train: bool, **kind: bool) -> Tensor:
    if p == 0 or not train:
        return input
    return inplace.update(input, lambda old: _dropped(old, p, train, **kind), "dropout_")


_function("dropout")
_function("feature_dropout", feature=True)
_function("alpha_dropout", alpha=True)
_function("feature_alpha_dropout", feature=True, alpha=True)


@public(method=False)
def native_dropout(input: Tensor, p: float, train: bool | None) -> tuple[Tensor, Tensor]:
    """The tensor after dropout, and the mask of what was kept."""
    (input,) = require_tensors("native_dropout", input)
    if not train or input.numel() == 0:
        return input.clone(), wrap(np.ones(input.shape, bool))
    source = generator_of("native_dropout", None)
    mask = wrap(in_memory_order(empty_like(input), lambda count: successes(source, count, 1 - p)))
    scale = np.float64(0.0 if p == 1 else 1 / (1 - p)).astype(input._data.dtype)
    return _native_dropout(input, mask, scale=float(scale)), mask


# --- as torch.nn.functional has them ---


def _functional(input: Tensor, p: float, training: bool, inplace: bool, **kind: bool) -> Tensor:
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    return (_in_place if inplace else _dropped)(input, p, training, **kind)


@public(module="nn.functional", method=False)
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Elements set to 0 with probability `p`, and the others multiplied by 1 / (1 - p), so that the mean remains.

    Without `training` the tensor remains as it is.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.nn.functional.dropout(torch.ones(4), 0.5)
    tensor([0., 0., 2., 0.])
    """
    (input,) = require_tensors("dropout", input)
    return _functional(input, p, training, inplace)


@public(module="nn.functional", method=False)
def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout to the lower end of SELU, scaled so that mean 0 and variance 1 remain (Klambauer et al., 2017)."""
    (input,) = require_tensors("alpha_dropout", input)
    return _functional(input, p, training, inplace, alpha=True)


@public(module="nn.functional", method=False)
def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Alpha dropout of whole channels."""
    (input,) = require_tensors("feature_alpha_dropout", input)
    return _functional(input, p, training, inplace, feature=True, alpha=True)


@public(module="nn.functional", method=False)
def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout of whole channels: of (N, C, L) or (C, L)."""
    return _of_channels("dropout1d", input, p, training, inplace, batched=3)


@public(module="nn.functional", method=False)
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout of whole channels: of (N, C, H, W)."""
    return _of_channels("dropout2d", input, p, training, inplace)


@public(module="nn.functional", method=False)
def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout of whole channels: of (N, C, D, H, W) or (C, D, H, W)."""
    return _of_channels("dropout3d", input, p, training, inplace, batched=5)


def _of_channels(function: str, input: Tensor, p: float, training: bool, inplace: bool, batched: int = 0) -> Tensor:
    """Dropout of channels. With as many dimensions as `batched` there are examples; with one less there is one."""
    (input,) = require_tensors(function, input)
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    _warn_of_shape(function, input.ndim)
    if batched and input.ndim not in (batched, batched - 1) and function == "dropout1d":
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input. Note that dropout1d exists to provide "
            "channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch dimension "
            "(i.e. 2D or 3D inputs)."
        )
    if not batched or input.ndim == batched:
        return _functional(input, p, training, inplace, feature=True)
    if inplace:
        _functional(input.unsqueeze(0), p, training, inplace, feature=True)
        return input
    return _functional(input.unsqueeze(0), p, training, inplace, feature=True).squeeze(0)


def _warn_of_shape(function: str, ndim: int) -> None:
    usual = {"dropout2d": (3, 4), "dropout3d": (4, 5)}.get(function)
    if usual is not None and ndim not in usual:
        warnings.warn(
            f"{function}: Received a {ndim}-D input to {function}, which is deprecated and will result in an error in a future "
            "release. To retain the behavior and silence this warning, please use dropout instead.",
            stacklevel=4,
        )
