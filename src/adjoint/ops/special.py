"""The error function and its relatives, distributions, and gamma functions, by SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

from adjoint.core.apply import invalid_combination, require_tensors, write_out
from adjoint.core.exports import export, public
from adjoint.core.statements import describe, elementwise
from adjoint.core.tensor import Tensor
from adjoint.ops.refusals import is_narrow

_SQRT_PI = math.sqrt(math.pi)


def special(name: str, forward: Any = None, **options: Any) -> Callable:
    """A record with its function in `adjoint.special` alone."""
    function = elementwise(name, forward, promotes="float", refuses="c", public=False, **options)
    function.__doc__ = describe(function.primitive)
    return export(function, module="special", method=False)


# --- the error function ---

erf = elementwise(
    "erf", partial=lambda xp, x: xp.exp(-x * x) * (2 / _SQRT_PI), promotes="float", refuses="c",
    doc="The error function of each element: `2 / sqrt(pi)` times the integral of `exp(-t**2)` from 0 to it.",
)  # fmt: skip
erfc = elementwise(
    "erfc", partial=lambda xp, x: xp.exp(-x * x) * (-2 / _SQRT_PI), promotes="float", refuses="c",
    doc="`1 - erf(x)` for each element, accurate where that is small.",
)  # fmt: skip
erfinv = elementwise(
    "erfinv", partial=lambda xp, out: xp.exp(out * out) * (_SQRT_PI / 2), promotes="float", refuses="c",
    doc="The number whose error function is each element, between -1 and 1.",
)  # fmt: skip
special(
    "erfcx", partial=lambda xp, x, out: 2 * x * out - 2 / _SQRT_PI, node="SpecialErfcxBackward0",
    doc="`exp(x**2) * erfc(x)` for each element, without overflow on the way.",
)  # fmt: skip

# --- the normal distribution, and entropy ---

_ndtr = elementwise(
    "ndtr",
    partial=lambda xp, x: xp.exp(x * x * -0.5) / math.sqrt(2 * math.pi),
    promotes="float",
    refuses="c",
    public=False,
)


@public(module="special", method=False)
def ndtr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The share of the standard normal distribution below each element.

    >>> import adjoint as torch
    >>> torch.special.ndtr(torch.tensor([0., 1.]))
    tensor([0.5000, 0.8413])
    """
    if isinstance(input, Tensor) and is_narrow(input):
        result = (1 + erf(input * math.sqrt(0.5))) * 0.5
        return result if out is None else write_out(out, result)
    return _ndtr(input, out=out)


special(
    "ndtri", partial=lambda xp, out: xp.exp(out * out * 0.5) * math.sqrt(2 * math.pi), node="SpecialNdtriBackward0",
    doc="The number below which each element, between 0 and 1, is the share of the standard normal distribution.",
)  # fmt: skip
special(
    "log_ndtr", partial=lambda xp, x: math.sqrt(2 / math.pi) / xp.erfcx(x * -math.sqrt(0.5)),
    node="SpecialLogNdtrBackward0",
    doc="The logarithm of `ndtr`, accurate where that is small.",
)  # fmt: skip


def _entropy(xp: Any, x: Any) -> Any:
    inside = x > 0
    outside = xp.where(x < 0, -math.inf, xp.where(x == 0, 0, x))  # NaN stays
    return xp.where(inside, -x * xp.log(xp.where(inside, x, 1)), outside)


special(
    "entr", _entropy, partial=lambda xp, x: -1 - xp.log(x), node="SpecialEntrBackward0",
    doc="`-x * log(x)` for each element, which is 0 at 0 and minus infinity below.",
)  # fmt: skip

# --- gamma functions ---

lgamma = elementwise(
    "lgamma", partial=lambda xp, x: xp.digamma(x), promotes="float", refuses="c",
    doc="The logarithm of the absolute value of the gamma function, for each element.",
)  # fmt: skip
digamma = elementwise(
    "digamma", partial=lambda xp, x: xp.polygamma(x, n=1), promotes="float", refuses="c",
    doc="The derivative of `lgamma`, for each element.",
)  # fmt: skip
_polygamma = elementwise(
    "polygamma",
    lambda xp, x, *, n: xp.polygamma(x, n=n),
    partial=lambda xp, x, *, n: xp.polygamma(x, n=n + 1),
    promotes="float",
    refuses="c",
    verb="polygamma",
    public=False,
)


@public(method=False)
def polygamma(n: int, input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The derivative of order `n` of `digamma`, for each element.

    >>> import adjoint as torch
    >>> torch.polygamma(1, torch.tensor([1., 0.5]))
    tensor([1.6449, 4.9348])
    """
    if not isinstance(input, Tensor) or isinstance(n, bool) or not isinstance(n, int):
        raise invalid_combination("polygamma", (n, input))
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    result = _polygamma(input, n=n) if n else digamma(input)
    return result if out is None else write_out(out, result)


@public(on_module=False, inplace=True, name="polygamma")
def _polygamma_method(self: Tensor, n: int) -> Tensor:
    """The derivative of order `n` of `digamma`, for each element."""
    return polygamma(n, self)


def _mvlgamma_forward(xp: Any, x: Any, *, p: int) -> Any:
    return sum((xp.lgamma(x - each / 2) for each in range(p)), math.log(math.pi) * p * (p - 1) / 4)


_mvlgamma = elementwise(
    "mvlgamma",
    _mvlgamma_forward,
    partial=lambda xp, x, *, p: sum(xp.digamma(x - each / 2) for each in range(p)),
    promotes="float",
    refuses="c",
    public=False,
)


@public(inplace=True)
def mvlgamma(input: Tensor, p: int, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the gamma function of symmetric positive matrices of size `p`, for each element.

    It is `p * (p - 1) / 4 * log(pi)` and the sum of `lgamma(input - k / 2)` for `k` from 0 to `p - 1`.

    >>> import adjoint as torch
    >>> torch.mvlgamma(torch.tensor([1.5, 2.]), 2)
    tensor([0.4516, 0.4516])
    """
    (input,) = require_tensors("mvlgamma", input)
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    return _mvlgamma(input, p=p, out=out)


def _underivable(title: str) -> Callable[..., NoReturn]:
    """The partial by an operand by which PyTorch has none."""

    def refuse(xp: Any) -> NoReturn:
        raise NotImplementedError(
            f"the derivative for '{title}' is not implemented.\nIt has no closed form: detach() that operand."
        )

    return refuse


def _gamma_density(xp: Any, x: Any, y: Any) -> Any:
    """The density at `y` of the gamma distribution of shape `x`."""
    return xp.exp((x - 1) * xp.log(y) - y - xp.lgamma(x))


_igamma = elementwise(
    "igamma", partials=(_underivable("igamma: input"), _gamma_density), verb="gammainc", refuses="biuc", public=False
)
_igammac = elementwise(
    "igammac", partials=(_underivable("igammac: input"), lambda xp, x, y: -_gamma_density(xp, x, y)), verb="gammaincc",
    refuses="biuc", public=False,
)  # fmt: skip


@public(inplace=True)
def igamma(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The regularised lower incomplete gamma function: the share below `other` of the gamma distribution of shape `input`.

    >>> import adjoint as torch
    >>> torch.igamma(torch.tensor([1.]), torch.tensor([0.5]))
    tensor([0.3935])
    """
    return _igamma(*require_tensors("igamma", input, other), out=out)


@public(inplace=True)
def igammac(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The regularised upper incomplete gamma function, `1 - igamma(input, other)`.

    >>> import adjoint as torch
    >>> torch.igammac(torch.tensor([1.]), torch.tensor([0.5]))
    tensor([0.6065])
    """
    return _igammac(*require_tensors("igammac", input, other), out=out)


_zeta = elementwise(
    "zeta",
    partials=(_underivable("zeta"), lambda xp, x, y: -x * xp.zeta(x + 1, y)),
    promotes="float",
    refuses="c",
    node="SpecialZetaBackward0",
    public=False,
)


@public(module="special", method=False)
def zeta(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The sum of `1 / (k + other)**input` for `k` from 0 on, Hurwitz's zeta function; either may be a number.

    >>> import adjoint as torch
    >>> torch.special.zeta(torch.tensor([2.]), 1)
    tensor([1.6449])
    """
    if not (isinstance(input, Tensor) or isinstance(other, Tensor)):
        raise invalid_combination("special_zeta", (input, other))
    return _zeta(input, other, out=out)
