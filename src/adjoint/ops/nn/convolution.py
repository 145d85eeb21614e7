"""Convolutions in one, two and three dimensions, and their transposes.

A convolution is linear in its input and in its weight. The transpose with respect to either is a convolution again, of the
cotangent with the other: the three verbs below are each other's transposes, so that every order and both modes follow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adjoint.arrays.kernels.convolution import Geometry
from adjoint.core import modes
from adjoint.core.apply import invalid_combination
from adjoint.core.dtypes import c_type_name
from adjoint.core.exports import public
from adjoint.core.statements import general, multilinear
from adjoint.core.tensor import Tensor
from adjoint.ops.nn.windows import per_axis
from adjoint.ops.refusals import not_implemented_for

# --- the records ---


def _of_conv(xp: Any, g: Any, w: Any, x_shape: Any, *, geometry: Geometry) -> Any:
    return xp.conv_input(g, xp.conj(w), sizes=x_shape[2:], geometry=geometry)


def _weight_of_conv(xp: Any, g: Any, x: Any, w_shape: Any, *, geometry: Geometry) -> Any:
    return xp.conv_weight(g, xp.conj(x), kernel=w_shape[2:], geometry=geometry)


def _of_conv_input(xp: Any, g: Any, w: Any, *, geometry: Geometry) -> Any:
    return xp.conv(g, xp.conj(w), geometry=geometry)


def _weight_of_conv_input(xp: Any, g: Any, x: Any, w_shape: Any, *, geometry: Geometry) -> Any:
    return xp.conv_weight(xp.conj(x), g, kernel=w_shape[2:], geometry=geometry)


_conv = multilinear(
    "convolution",
    lambda xp, x, w, *, geometry: xp.conv(x, w, geometry=geometry),
    transposes=(_of_conv, _weight_of_conv),
    promotes="common",
    verb="conv",
)
_conv_input = multilinear(
    "convolution_transposed",
    lambda xp, x, w, *, sizes, geometry: xp.conv_input(x, w, sizes=sizes, geometry=geometry),
    transposes=(_of_conv_input, _weight_of_conv_input),
    promotes="common",
    node="ConvolutionBackward0",
    verb="conv_input",
)
multilinear(
    "convolution_weight",
    lambda xp, g, x, *, kernel, geometry: xp.conv_weight(g, x, kernel=kernel, geometry=geometry),
    transposes=(
        lambda xp, c, x, *, geometry: xp.conv(xp.conj(x), c, geometry=geometry),
        lambda xp, c, g, x_shape, *, geometry: xp.conv_input(xp.conj(g), c, sizes=x_shape[2:], geometry=geometry),
    ),
    promotes="common",
    verb="conv_weight",
)


def _of_bias(xp: Any, g: Any) -> Any:
    return xp.sum(g, axis=(0, *range(2, len(g.shape))))


def _biased_jvp(convolve: Callable, tangents: Any, x: Any, w: Any) -> Any:
    dx, dw, db = tangents
    terms = [convolve(*pair) for pair in ((dx, w), (x, dw)) if None not in pair]
    if db is not None:
        terms.append(db.reshape(-1, *(1,) * (len(x.shape) - 2)))
    return sum(terms[1:], terms[0])


_conv_biased = general(
    "convolution_biased",
    lambda xp, x, w, bias, *, geometry: xp.conv(x, w, bias, geometry=geometry),
    vjp=(_of_conv, _weight_of_conv, _of_bias),
    jvp=lambda xp, tangents, x, w, *, geometry: _biased_jvp(
        lambda a, b: xp.conv(a, b, geometry=geometry), tangents, x, w
    ),
    promotes="common",
    node="ConvolutionBackward0",
)
_conv_input_biased = general(
    "convolution_transposed_biased",
    lambda xp, x, w, bias, *, sizes, geometry: xp.conv_input(x, w, bias, sizes=sizes, geometry=geometry),
    vjp=(_of_conv_input, _weight_of_conv_input, _of_bias),
    jvp=lambda xp, tangents, x, w, *, sizes, geometry: _biased_jvp(
        lambda a, b: xp.conv_input(a, b, sizes=sizes, geometry=geometry), tangents, x, w
    ),
    promotes="common",
    node="ConvolutionBackward0",
)

# --- what all convolutions share ---


def _convolve(
    function: str, axes: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, groups: int,
    output_padding: Any = 0, transposed: bool = False,
) -> Tensor:  # fmt: skip
    if not (isinstance(input, Tensor) and isinstance(weight, Tensor) and (bias is None or isinstance(bias, Tensor))):
        raise invalid_combination(function, (input, weight, bias))
    if modes.special and modes.state.autocast is not None:
        input, weight, bias = modes.state.autocast(function, (input, weight, bias))
    if input.ndim not in (axes + 1, axes + 2):
        if weight.ndim == axes + 2:
            raise RuntimeError(
                f"Expected {axes + 1}D (unbatched) or {axes + 2}D (batched) input to {function}, but got input of size: "
                f"{list(input.shape)}"
            )
        raise _dimensions_differ(input, weight)
    alone = input.ndim == axes + 1
    x = input.unsqueeze(0) if alone else input
    geometry = _geometry(function, axes, x, weight, stride, padding, dilation, groups)
    extra = per_axis(function, "output_padding", output_padding, axes)
    _check(x, weight, bias, geometry, transposed)
    if transposed:
        sizes = _sizes(x, weight, geometry, extra)
        # what is added at the end is padding that is not taken off, so that there are no more windows than in the input
        ends = tuple((low, high - more) for (low, high), more in zip(geometry.padding, extra, strict=True))
        geometry = geometry._replace(padding=ends)
        args: dict[str, Any] = {"sizes": sizes, "geometry": geometry}
        y = _conv_input(x, weight, **args) if bias is None else _conv_input_biased(x, weight, bias, **args)
    elif bias is None:
        y = _conv(x, weight, geometry=geometry)
    else:
        y = _conv_biased(x, weight, bias, geometry=geometry)
    return y.squeeze(0) if alone else y


def _geometry(
    function: str, axes: int, x: Tensor, weight: Tensor, stride: Any, padding: Any, dilation: Any, groups: int
) -> Geometry:
    steps, wide = per_axis(function, "stride", stride, axes), per_axis(function, "dilation", dilation, axes)
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise RuntimeError(f"Invalid padding string: '{padding}'\nIt is 'same' or 'valid'.")
        if padding == "same" and any(step != 1 for step in steps):
            raise RuntimeError("padding='same' is not supported for strided convolutions")
    if groups < 1:
        raise RuntimeError("non-positive groups is not supported")
    if weight.ndim < 3:
        raise RuntimeError("weight should have at least three dimensions")
    if weight.ndim != x.ndim:
        raise _dimensions_differ(x, weight)
    if min(wide) < 1:
        raise RuntimeError("dilation should be greater than zero")
    if min(steps) < 1:
        raise RuntimeError("non-positive stride is not supported")
    if padding == "same":
        totals = [each * (width - 1) for each, width in zip(wide, weight.shape[2:], strict=True)]
        pads = tuple((total // 2, total - total // 2) for total in totals)
    elif padding == "valid":
        pads = ((0, 0),) * axes
    else:
        pads = tuple((each, each) for each in per_axis(function, "padding", padding, axes))
        if min(pads)[0] < 0:
            raise RuntimeError("negative padding is not supported")
    return Geometry(steps, pads, wide, int(groups))


def _check(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry, transposed: bool) -> None:
    """Errors in PyTorch's words for operands that do not fit each other."""
    shape, groups = list(weight.shape), geometry.groups
    for other, name in ((weight, "weight"), (bias, "bias")):
        if other is not None and other.dtype != x.dtype:
            raise RuntimeError(
                f"Input type ({c_type_name(x.dtype)}) and {name} type ({c_type_name(other.dtype)}) should be the same\n"
                "Cast one of them, as in x.to(weight.dtype)."
            )
    if x._data.dtype.kind == "b":
        raise not_implemented_for(f"slow_conv{x.ndim - 2}d_cpu", x)
    if shape[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
            f"{shape} instead"
        )
    if shape[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of size "
            f"[{shape}] instead"
        )
    wanted, results = (shape[0], shape[1] * groups) if transposed else (shape[1] * groups, shape[0])
    given = f"transposed={int(transposed)}" if transposed else f"groups={groups}"
    if x.shape[1] != wanted:
        raise RuntimeError(
            f"Given {given}, weight of size {shape}, expected input{list(x.shape)} to have {wanted} channels, but got "
            f"{x.shape[1]} channels instead"
        )
    if bias is not None and tuple(bias.shape) != (results,):
        raise RuntimeError(
            f"Given {'transposed=1, ' if transposed else ''}weight of size {shape}, expected bias to be 1-dimensional with "
            f"{results} elements, but got bias of size {list(bias.shape)} instead"
        )
    if not transposed:
        padded = [size + sum(pad) for size, pad in zip(x.shape[2:], geometry.padding, strict=True)]
        kernel = [wide * (width - 1) + 1 for wide, width in zip(geometry.dilation, shape[2:], strict=True)]
        if any(size < width for size, width in zip(padded, kernel, strict=True)):
            raise RuntimeError(
                f"Calculated padded input size per channel: ({_times(padded)}). Kernel size: ({_times(kernel)}). Kernel "
                "size can't be greater than actual input size"
            )


def _sizes(x: Tensor, weight: Tensor, geometry: Geometry, extra: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of a transposed convolution's result: of the inputs that have as many windows, the one that is asked for."""
    if any(more < 0 for more in extra):
        raise RuntimeError("negative output_padding is not supported")
    if any(more >= max(*pair) for more, *pair in zip(extra, geometry.stride, geometry.dilation, strict=True)):
        raise RuntimeError(
            "output padding must be smaller than either stride or dilation, but got output_padding: "
            f"{extra} stride: {geometry.stride} dilation: {geometry.dilation}"
        )
    settings = zip(x.shape[2:], weight.shape[2:], extra, *geometry[:3], strict=True)
    sizes = tuple(
        (count - 1) * step - sum(pad) + wide * (width - 1) + more + 1
        for count, width, more, step, pad, wide in settings
    )
    if min(sizes) < 1:
        raise RuntimeError(
            f"Given input size per channel: ({_times(x.shape[2:])}). Calculated output size per channel: "
            f"({_times(sizes)}). Output size is too small"
        )
    return sizes


def _dimensions_differ(x: Tensor, weight: Tensor) -> RuntimeError:
    return RuntimeError(
        f"Expected {weight.ndim}-dimensional input for {weight.ndim}-dimensional weight{list(weight.shape)}, but got "
        f"{x.ndim}-dimensional input of size {list(x.shape)} instead"
    )


def _times(sizes: Any) -> str:
    return " x ".join(map(str, sizes))


# --- the functions ---


@public(method=False)
@public(module="nn.functional", method=False)
def conv1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:  # fmt: skip
    """The convolution of signals (N, C, L), or of one (C, L), with kernels `weight` (O, C / groups, K).

    `padding` is a number of zeros for both ends, 'valid' for none, or 'same' for as many as keep the length.

    >>> import adjoint as torch
    >>> torch.conv1d(torch.tensor([[[1., 2., 4., 8.]]]), torch.tensor([[[-1., 1.]]]))
    tensor([[[1., 2., 4.]]])
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@public(method=False)
@public(module="nn.functional", method=False)
def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:  # fmt: skip
    """The convolution of images (N, C, H, W), or of one (C, H, W), with kernels `weight` (O, C / groups, KH, KW).

    >>> import adjoint as torch
    >>> torch.conv2d(torch.ones(1, 2, 5, 5), torch.ones(3, 2, 3, 3), stride=2, padding=1)[0, 0]
    tensor([[ 8., 12.,  8.],
            [12., 18., 12.],
            [ 8., 12.,  8.]])
    """
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


@public(method=False)
@public(module="nn.functional", method=False)
def conv3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:  # fmt: skip
    """The convolution of volumes (N, C, D, H, W), or of one (C, D, H, W), with kernels (O, C / groups, KD, KH, KW).

    >>> import adjoint as torch
    >>> torch.conv3d(torch.ones(1, 1, 4, 4, 4), torch.ones(2, 1, 3, 3, 3)).shape
    torch.Size([1, 2, 2, 2, 2])
    """
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


@public(method=False)
@public(module="nn.functional", method=False)
def conv_transpose1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1,
    dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """The transpose of `conv1d` with these kernels, (C, O / groups, K), applied to signals (N, C, L) or (C, L).

    >>> import adjoint as torch
    >>> torch.conv_transpose1d(torch.tensor([[[1., 10.]]]), torch.tensor([[[1., 2., 3.]]]), stride=2)
    tensor([[[ 1.,  2., 13., 20., 30.]]])
    """
    return _convolve(
        "conv_transpose1d", 1, input, weight, bias, stride, padding, dilation, groups, output_padding, transposed=True
    )


@public(method=False)
@public(module="nn.functional", method=False)
def conv_transpose2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1,
    dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """The transpose of `conv2d` with these kernels, (C, O / groups, KH, KW), applied to images (N, C, H, W) or (C, H, W).

    >>> import adjoint as torch
    >>> torch.conv_transpose2d(torch.ones(1, 3, 4, 4), torch.ones(3, 2, 3, 3), stride=2, output_padding=1).shape
    torch.Size([1, 2, 10, 10])
    """
    return _convolve(
        "conv_transpose2d", 2, input, weight, bias, stride, padding, dilation, groups, output_padding, transposed=True
    )


@public(method=False)
@public(module="nn.functional", method=False)
def conv_transpose3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1,
    dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """The transpose of `conv3d` with these kernels, (C, O / groups, KD, KH, KW), applied to volumes.

    >>> import adjoint as torch
    >>> torch.conv_transpose3d(torch.ones(1, 1, 2, 2, 2), torch.ones(1, 1, 2, 2, 2), stride=2).shape
    torch.Size([1, 1, 4, 4, 4])
    """
    return _convolve(
        "conv_transpose3d", 3, input, weight, bias, stride, padding, dilation, groups, output_padding, transposed=True
    )


@public(method=False)
def convolution(
    input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, transposed: bool, output_padding: Any,
    groups: int,
) -> Tensor:  # fmt: skip
    """The convolution, or its transpose, in as many dimensions as the kernels `weight` have after their channels.

    >>> import adjoint as torch
    >>> x, w = torch.ones(1, 1, 4), torch.ones(1, 1, 3)
    >>> torch.convolution(x, w, None, [1], [0], [1], False, [0], 1)
    tensor([[[3., 3.]]])
    """
    return _convolve(
        "convolution",
        weight.ndim - 2,
        input,
        weight,
        bias,
        stride,
        padding,
        dilation,
        groups,
        output_padding,
        transposed,
    )


@public(method=False)
@public(module="nn.functional", method=False)
def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """The convolution of sequences (time, batch, channels) with kernels (K, channels, results).

    >>> import adjoint as torch
    >>> torch.conv_tbc(torch.ones(5, 2, 3), torch.ones(2, 3, 4), torch.zeros(4)).shape
    torch.Size([4, 2, 4])
    """
    y = conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=pad)
    return y.permute(2, 0, 1)
