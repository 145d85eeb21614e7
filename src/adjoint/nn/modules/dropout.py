"""Layers that set elements to 0 at random while they are trained."""

from __future__ import annotations

from adjoint.core.tensor import Tensor
from adjoint.nn import functional as F
from adjoint.nn.modules.module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    _function = ""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return getattr(F, self._function)(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Each element is set to 0 with probability `p`, and the others are divided by `1 - p`.

    >>> import adjoint as torch
    >>> torch.nn.Dropout(0.2).eval()(torch.ones(2))
    tensor([1., 1.])
    """

    _function = "dropout"


class Dropout1d(_Dropout):
    """The same for whole channels of (N, C, L) or (C, L)."""

    _function = "dropout1d"


class Dropout2d(_Dropout):
    """The same for whole channels of (N, C, H, W)."""

    _function = "dropout2d"


class Dropout3d(_Dropout):
    """The same for whole channels of (N, C, D, H, W) or (C, D, H, W)."""

    _function = "dropout3d"


class AlphaDropout(_Dropout):
    """Dropout that keeps the mean and variance of what `SELU` gives."""

    _function = "alpha_dropout"

    def forward(self, input: Tensor) -> Tensor:
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_Dropout):
    """`AlphaDropout` for whole channels."""

    _function = "feature_alpha_dropout"

    def forward(self, input: Tensor) -> Tensor:
        return F.feature_alpha_dropout(input, self.p, self.training)
