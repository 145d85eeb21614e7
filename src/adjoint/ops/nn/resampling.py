"""Resampling: signals, images and volumes with other numbers of elements, by interpolation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adjoint.arrays.kernels.resampling import Map
from adjoint.core.apply import require_tensors
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor
from adjoint.ops.nn.adaptive import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from adjoint.ops.nn.maps import MAPS
from adjoint.ops.nn.windows import is_integer, named
from adjoint.ops.refusals import not_implemented_for

# --- the records ---


def _upsample(name: str, node: str) -> Callable:
    return linear(f"upsample_{name}", **MAPS, node=f"Upsample{node}Backward0")


#: by mode, and by the number of axes that it acts on
_UPSAMPLE: dict[tuple[str, int], Callable] = {
    **{("nearest", axes): _upsample(f"nearest{axes}d", f"Nearest{axes}D") for axes in (1, 2, 3)},
    **{("nearest-exact", axes): _upsample(f"nearest_exact{axes}d", f"NearestExact{axes}D") for axes in (1, 2, 3)},
    ("linear", 1): _upsample("linear1d", "Linear1D"),
    ("bilinear", 2): _upsample("bilinear2d", "Bilinear2D"),
    ("trilinear", 3): _upsample("trilinear3d", "Trilinear3D"),
    ("bicubic", 2): _upsample("bicubic2d", "Bicubic2D"),
}
_ANTIALIASED: dict[str, Callable] = {
    "bilinear": _upsample("bilinear2d_aa", "Bilinear2DAa"),
    "bicubic": _upsample("bicubic2d_aa", "Bicubic2DAa"),
    "lanczos": _upsample("lanczos2d_aa", "Lanczos2DAa"),
}
_CURVES = {"linear": "linear", "bilinear": "linear", "trilinear": "linear", "bicubic": "cubic", "lanczos": "lanczos"}
#: where PyTorch keeps weights in the type of the elements, if that has 16 bits
_ROUNDED = ("linear", "trilinear", "bicubic")
_AREA = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}
_AXES = {"linear": 1, "bilinear": 2, "trilinear": 3}

# --- the functions ---


@public(module="nn.functional", method=False)
def interpolate(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None, antialias: bool = False,
) -> Tensor:  # fmt: skip
    """Signals (N, C, L), images (N, C, H, W) or volumes (N, C, D, H, W) with another number of elements.

    The new `size`, or a `scale_factor`, is one number or one for each axis. `mode` is "nearest", "nearest-exact",
    "linear", "bilinear", "trilinear", "bicubic", "area", or "lanczos". With `align_corners` the first and the last
    elements stay where they are; else the elements are areas, and the ends of the first and the last stay. `antialias`
    smoothes what is made smaller, as image libraries do.

    >>> import adjoint as torch
    >>> x = torch.tensor([[[1., 2., 4.]]])
    >>> torch.nn.functional.interpolate(x, scale_factor=2)
    tensor([[[1., 1., 2., 2., 4., 4.]]])
    >>> torch.nn.functional.interpolate(x, size=5, mode="linear", align_corners=True)
    tensor([[[1.0000, 1.5000, 2.0000, 3.0000, 4.0000]]])
    """
    (input,) = require_tensors("interpolate", input)
    if mode in ("nearest", "area", "nearest-exact") and align_corners is not None:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        )
    sizes, scales = _targets(input, size, scale_factor, bool(recompute_scale_factor) or mode == "area")
    if recompute_scale_factor and size is not None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if antialias and not (mode in _ANTIALIASED and input.ndim == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )
    axes = input.ndim - 2
    if mode == "area" and axes in _AREA:
        return _AREA[axes](input, sizes)
    if mode == "lanczos" and axes == 2:
        if align_corners:
            raise ValueError("Lanczos mode does not support align_corners=True")
        if not antialias:
            raise ValueError("Lanczos mode requires antialias=True")
    record = _ANTIALIASED[mode] if antialias else _UPSAMPLE.get((mode, axes))
    if record is None:
        raise _no_such_mode(input, mode)
    _check(input, sizes, mode)
    options: tuple[Any, ...] = (bool(align_corners),)
    kind = _CURVES.get(mode, "nearest")
    if kind == "nearest":
        options = (mode == "nearest-exact",)
    elif antialias:
        options, kind = (*options, kind), "antialiased"
    rounded = input._data.dtype.name if mode in _ROUNDED and input._data.dtype.itemsize == 2 else ""
    described = zip(input.shape[2:], sizes, scales, strict=True)
    maps = tuple(Map(kind, old, new, (scale, *options), rounded=rounded) for old, new, scale in described)
    return record(input, maps=maps)


def _targets(input: Tensor, size: Any, scale_factor: Any, recompute: bool) -> tuple[list[int], list[Any]]:
    """The new sizes, and the scales that places are computed by: None where the sizes say it."""
    axes = input.ndim - 2
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    given = size if size is not None else scale_factor
    several = list(given) if isinstance(given, tuple | list) else [given] * axes
    if len(several) != axes:
        what, which = ("output size", "of") if size is not None else ("scale_factor", "of shape")
        raise ValueError(
            f"Input and {'output' if size is not None else what} must have the same number of spatial dimensions, but got "
            f"input with spatial dimensions of {list(input.shape[2:])} and {what} {which} {given}. Please provide input "
            "tensor in (N, C, d1, d2, ...,dK) format, and one number for each of the d."
        )
    if size is not None:
        if not all(map(is_integer, several)):
            raise TypeError(
                "expected size to be one of int or Tuple[int] or Tuple[int, int] or Tuple[int, int, int], but got size "
                f"with types {[type(each) for each in several]}"
            )
        return [int(each) for each in several], [None] * axes
    sizes = [int(old * float(scale)) for old, scale in zip(input.shape[2:], several, strict=True)]
    return sizes, [None] * axes if recompute else [float(scale) for scale in several]


def _check(input: Tensor, sizes: list[int], mode: str) -> None:
    if min(sizes) < 1 or not all(input.shape[2:]):
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input ({named(input.shape[2:])}) output "
            f"({named(sizes)})"
        )
    if not input.shape[1]:
        raise RuntimeError(
            f"Non-empty {input.ndim}D data tensor expected but got a tensor with sizes {list(input.shape)}"
        )
    if input._data.dtype.kind not in "fV" and input._data.dtype.name != "uint8":
        raise not_implemented_for(f"upsample_{mode}{input.ndim - 2}d", input)


def _no_such_mode(input: Tensor, mode: str) -> NotImplementedError:
    if mode in _AXES and input.ndim in (3, 4, 5):
        return NotImplementedError(f"Got {input.ndim}D input, but {mode} mode needs {_AXES[mode] + 2}D input")
    return NotImplementedError(
        f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {input.ndim}D) for the modes: nearest | linear | "
        f"bilinear | bicubic | trilinear | lanczos | area | nearest-exact (got {mode})"
    )


@public(module="nn.functional", method=False)
def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """`interpolate`, by its older name.

    >>> import adjoint as torch
    >>> torch.nn.functional.upsample(torch.tensor([[[1., 2.]]]), scale_factor=2)
    tensor([[[1., 1., 2., 2.]]])
    """
    return interpolate(input, size, scale_factor, mode, align_corners)


@public(module="nn.functional", method=False)
def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` with `mode="nearest"`.

    >>> import adjoint as torch
    >>> torch.nn.functional.upsample_nearest(torch.tensor([[[1., 2.]]]), size=3)
    tensor([[[1., 1., 2.]]])
    """
    return interpolate(input, size, scale_factor, mode="nearest")


@public(module="nn.functional", method=False)
def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` with `mode="bilinear"` and `align_corners=True`.

    >>> import adjoint as torch
    >>> torch.nn.functional.upsample_bilinear(torch.tensor([[[[0., 2.]]]]), size=(1, 3))
    tensor([[[[0., 1., 2.]]]])
    """
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
