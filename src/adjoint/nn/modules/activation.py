"""Activations as layers: each applies the function of its name to every element, with the settings it was made with."""

from __future__ import annotations

import warnings
from typing import Any

from adjoint.core.tensor import Tensor
from adjoint.nn import functional as F
from adjoint.nn.modules.module import Module
from adjoint.nn.parameter import Parameter
from adjoint.ops.creation import empty

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid",
    "LogSoftmax", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax", "Softmax2d",
    "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold",
]  # fmt: skip


class _Activation(Module):
    """A layer that applies a function of `nn.functional` with settings that are attributes of the layer."""

    _function = ""
    #: the settings, in the order of the function's parameters; and those that its text shows, and how
    _settings: tuple[str, ...] = ()
    _shown: tuple[str, ...] | None = None

    def forward(self, input: Tensor) -> Tensor:
        return getattr(F, self._function)(input, *(getattr(self, name) for name in self._settings))

    def extra_repr(self) -> str:
        shown = [name for name in self._settings if name != "inplace"] if self._shown is None else self._shown
        written = [f"{name}={getattr(self, name)}" for name in shown]
        return ", ".join(written + ["inplace=True"] * getattr(self, "inplace", False))


class _Inplace(_Activation):
    """An activation whose only setting is whether it writes into its input."""

    _settings = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return getattr(F, self._function)(input, inplace=self.inplace)


class ReLU(_Inplace):
    """`max(x, 0)`.

    >>> import adjoint as torch
    >>> torch.nn.ReLU()(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    _function = "relu"


class SELU(_Inplace):
    """`scale * (max(x, 0) + min(alpha * (exp(x) - 1), 0))`, which keeps mean 0 and variance 1."""

    _function = "selu"


class SiLU(_Inplace):
    """`x * sigmoid(x)`."""

    _function = "silu"


class Mish(_Inplace):
    """`x * tanh(softplus(x))`."""

    _function = "mish"


class Hardswish(_Inplace):
    """`x * relu6(x + 3) / 6`."""

    _function = "hardswish"


class Hardsigmoid(_Inplace):
    """`relu6(x + 3) / 6`."""

    _function = "hardsigmoid"
    _shown = ()

    def extra_repr(self) -> str:
        return ""


class Sigmoid(_Activation):
    """`1 / (1 + exp(-x))`."""

    _function = "sigmoid"


class Tanh(_Activation):
    """The hyperbolic tangent."""

    _function = "tanh"


class Softsign(_Activation):
    """`x / (1 + |x|)`."""

    _function = "softsign"


class Tanhshrink(_Activation):
    """`x - tanh(x)`."""

    _function = "tanhshrink"


class LogSigmoid(_Activation):
    """`log(1 / (1 + exp(-x)))`."""

    _function = "logsigmoid"


class Threshold(_Activation):
    """Elements above the threshold as they are, `value` in place of the others."""

    _function = "threshold"
    _settings = ("threshold", "value", "inplace")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace


class RReLU(_Activation):
    """`x` where positive, else `a * x`, with `a` drawn from [lower, upper) in training and their mean otherwise."""

    _shown = ("lower", "upper")

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)


class Hardtanh(_Activation):
    """Elements clamped between `min_val` and `max_val`."""

    _function = "hardtanh"
    _settings = ("min_val", "max_val", "inplace")

    def __init__(
        self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False, min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if min_value is not None:
            _renamed("min_value", "min_val")
            min_val = min_value
        if max_value is not None:
            _renamed("max_value", "max_val")
            max_val = max_value
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace
        if max_val <= min_val:
            raise AssertionError("max_val must be larger than min_val")


def _renamed(old: str, new: str) -> None:
    warnings.warn(f"keyword argument `{old}` is deprecated and rename to `{new}`", FutureWarning, stacklevel=3)


class ReLU6(Hardtanh):
    """`min(max(x, 0), 6)`."""

    _shown = ()

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)


class ELU(_Activation):
    """`max(x, 0) + min(alpha * (exp(x) - 1), 0)`."""

    _function = "elu"
    _settings = ("alpha", "inplace")

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace


class CELU(ELU):
    """`max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)`."""

    _function = "celu"


class LeakyReLU(_Activation):
    """`x` where positive, else `negative_slope * x`."""

    _function = "leaky_relu"
    _settings = ("negative_slope", "inplace")

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace


class GLU(_Activation):
    """The first half of a dimension times the sigmoid of the second."""

    _function = "glu"
    _settings = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim


class GELU(_Activation):
    """`x` times the normal distribution function of `x`; by `tanh` when so asked."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Hardshrink(_Activation):
    """Elements beyond `lambd` on either side, 0 for the others."""

    _function = "hardshrink"
    _settings = ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Softshrink(Hardshrink):
    """Elements moved towards 0 by `lambd`, and 0 for those nearer."""

    _function = "softshrink"


class Softplus(_Activation):
    """`log(1 + exp(beta * x)) / beta`; `x` itself where `beta * x` is above the threshold."""

    _function = "softplus"
    _settings = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold


class PReLU(Module):
    """`x` where positive, else `weight * x`, with a slope that is learned: one, or one per channel."""

    weight: Tensor

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the slopes to their first value."""
        self.weight.detach().fill_(self.init)

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class _AlongDimension(Module):
    _function = ""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        self.__dict__.setdefault("dim", None)

    def forward(self, input: Tensor) -> Tensor:
        return getattr(F, self._function)(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmax(_AlongDimension):
    """Positive numbers that add up to 1 along a dimension: `exp(x) / exp(x).sum(dim)`."""

    _function = "softmax"


class Softmin(_AlongDimension):
    """The softmax of `-x`."""

    _function = "softmin"


class LogSoftmax(_AlongDimension):
    """The logarithm of the softmax."""

    _function = "log_softmax"


class Softmax2d(Module):
    """The softmax over the channels of (N, C, H, W) or (C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead")
        return F.softmax(input, -3, _stacklevel=5)
