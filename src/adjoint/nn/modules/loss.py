"""Losses as layers: each applies the function of its name, with the settings it was made with."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from adjoint.core.tensor import Tensor
from adjoint.nn import functional as F
from adjoint.nn.modules.linear import Linear
from adjoint.nn.modules.linear_cross_entropy_options import LinearCrossEntropyOptions
from adjoint.nn.modules.module import Module

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CosineEmbeddingLoss", "CrossEntropyLoss", "GaussianNLLLoss",
    "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss", "LinearCrossEntropyLoss", "MSELoss", "MarginRankingLoss", "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss", "MultiMarginLoss", "NLLLoss", "NLLLoss2d", "PoissonNLLLoss", "SmoothL1Loss",
    "SoftMarginLoss", "TripletMarginLoss", "TripletMarginWithDistanceLoss",
]  # fmt: skip


def reduction_of(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that the arguments of older versions ask for, where they are given."""
    if size_average is None and reduce is None:
        return reduction
    asked = "none" if reduce is False else "sum" if size_average is False else "mean"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{asked}' instead.", stacklevel=4
    )
    return asked


class _Loss(Module):
    """A loss of an input and a target, reduced to a mean or a sum, or not."""

    _function = ""

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction_of(size_average, reduce, reduction)

    def _loss(self, *args: Any, **settings: Any) -> Tensor:
        return getattr(F, self._function)(*args, reduction=self.reduction, **settings)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self._loss(input, target)


class _WeightedLoss(_Loss):
    """A loss with a weight for each class, which is a buffer."""

    weight: Tensor | None

    def __init__(
        self, weight: Tensor | None = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class L1Loss(_Loss):
    """`|input - target|`."""

    _function = "l1_loss"


class MSELoss(_Loss):
    """`(input - target) ** 2`.

    >>> import adjoint as torch
    >>> torch.nn.MSELoss()(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 1.0]))
    tensor(2.)
    """

    _function = "mse_loss"


class SmoothL1Loss(_Loss):
    """Quadratic where the error is below `beta`, and linear beyond."""

    _function = "smooth_l1_loss"

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", beta: float = 1.0
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self._loss(input, target, beta=self.beta)


class HuberLoss(_Loss):
    """Quadratic where the error is below `delta`, and linear beyond (Huber, 1964)."""

    _function = "huber_loss"

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self._loss(input, target, delta=self.delta)


class SoftMarginLoss(_Loss):
    """`log(1 + exp(-target * input))`."""

    _function = "soft_margin_loss"


class MultiLabelMarginLoss(_Loss):
    """The hinge between each target class and each other class."""

    _function = "multilabel_margin_loss"


class NLLLoss(_WeightedLoss):
    """Minus the log-probability of the target class."""

    _function = "nll_loss"

    def __init__(
        self, weight: Tensor | None = None, size_average: Any = None, ignore_index: int = -100, reduce: Any = None,
        reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self._loss(input, target, weight=self.weight, ignore_index=self.ignore_index)


class NLLLoss2d(NLLLoss):
    """The older name of `NLLLoss` for images."""

    def __init__(
        self, weight: Tensor | None = None, size_average: Any = None, ignore_index: int = -100, reduce: Any = None,
        reduction: str = "mean",
    ) -> None:  # fmt: skip
        warnings.warn(
            "NLLLoss2d has been deprecated. Please use NLLLoss instead as a drop-in replacement and see "
            "https://pytorch.org/docs/main/nn.html#torch.nn.NLLLoss for more details.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__(weight, size_average, ignore_index, reduce, reduction)


class CrossEntropyLoss(_WeightedLoss):
    """The negative log-likelihood of the target under the softmax of the input."""

    _function = "cross_entropy"

    def __init__(
        self, weight: Tensor | None = None, size_average: Any = None, ignore_index: int = -100, reduce: Any = None,
        reduction: str = "mean", label_smoothing: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self._loss(
            input, target, weight=self.weight, ignore_index=self.ignore_index, label_smoothing=self.label_smoothing
        )


class LinearCrossEntropyLoss(_WeightedLoss):
    """A linear layer and the cross entropy of its scores: input (N, in_features), target (N, *out_features)."""

    def __init__(
        self, in_features: int, num_classes: int, *, out_features: tuple[int, ...] = (), bias: bool = False,
        device: Any = None, dtype: Any = None, reduction: str = "mean", weight: Tensor | None = None,
        ignore_index: int | None = None, label_smoothing: float = 0.0, options: LinearCrossEntropyOptions | None = None,
    ) -> None:  # fmt: skip
        if weight is not None and weight.shape != (num_classes,):
            raise RuntimeError(f"expected weight shape to be {(num_classes,)}, got {tuple(weight.shape)}")
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(f"expected label_smoothing to be in range [0, 1], got {label_smoothing}")
        super().__init__(weight, reduction=reduction)
        self.num_classes = num_classes
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.linear = Linear(in_features, math.prod(out_features, start=num_classes), bias, device, dtype)
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        rows, bias = (self.num_classes, *self.out_features), self.linear.bias
        return F.linear_cross_entropy(
            input,
            self.linear.weight.reshape(*rows, self.linear.in_features),
            target,
            linear_bias=None if bias is None else bias.reshape(rows),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, out_features={self.out_features}, "
            f"bias={self.linear.bias is not None}, reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )


class PoissonNLLLoss(_Loss):
    """Minus the log-likelihood of counts that are Poisson distributed."""

    _function = "poisson_nll_loss"

    def __init__(
        self, log_input: bool = True, full: bool = False, size_average: Any = None, eps: float = 1e-8,
        reduce: Any = None, reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        return self._loss(log_input, target, log_input=self.log_input, full=self.full, eps=self.eps)


class GaussianNLLLoss(_Loss):
    """Minus the log-likelihood of targets that are normally distributed about the input, with a given variance."""

    _function = "gaussian_nll_loss"

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Any) -> Tensor:  # type: ignore[override]
        return self._loss(input, target, var, full=self.full, eps=self.eps)


class KLDivLoss(_Loss):
    """The Kullback-Leibler divergence of the target from the input, which is given as log-probabilities."""

    _function = "kl_div"

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", log_target: bool = False
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self._loss(input, target, log_target=self.log_target)


class BCELoss(_WeightedLoss):
    """Minus the log-likelihood of true or false targets under the given probabilities."""

    _function = "binary_cross_entropy"

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self._loss(input, target, weight=self.weight)


class BCEWithLogitsLoss(_Loss):
    """`BCELoss` of the sigmoid of the input, in a stable form."""

    _function = "binary_cross_entropy_with_logits"
    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self, weight: Tensor | None = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self._loss(input, target, weight=self.weight, pos_weight=self.pos_weight)


class HingeEmbeddingLoss(_Loss):
    """The input where the target is 1, and `max(0, margin - input)` where it is -1."""

    _function = "hinge_embedding_loss"

    def __init__(
        self, margin: float = 1.0, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self._loss(input, target, margin=self.margin)


class _OfThree(_Loss):
    """A loss of two inputs and a target, with a margin."""

    def __init__(
        self, margin: float = 0.0, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:  # type: ignore[override]
        return self._loss(input1, input2, target, margin=self.margin)


class CosineEmbeddingLoss(_OfThree):
    """One minus the cosine of the angle where the target is 1, and the cosine beyond the margin where it is -1."""

    _function = "cosine_embedding_loss"


class MarginRankingLoss(_OfThree):
    """`max(0, -target * (input1 - input2) + margin)`."""

    _function = "margin_ranking_loss"


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """The mean over classes of the log-likelihood of each being there or not."""

    _function = "multilabel_soft_margin_loss"

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self._loss(input, target, weight=self.weight)


class MultiMarginLoss(_WeightedLoss):
    """The hinge between the target class and each other class, to the power `p`."""

    _function = "multi_margin_loss"

    def __init__(
        self, p: int = 1, margin: float = 1.0, weight: Tensor | None = None, size_average: Any = None,
        reduce: Any = None, reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.dim() != 1:
            raise ValueError("weight must be 1-dimensional")
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self._loss(input, target, p=self.p, margin=self.margin, weight=self.weight)


class TripletMarginLoss(_Loss):
    """How much further from the anchor the positive example is than the negative one, beyond a margin."""

    _function = "triplet_margin_loss"

    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, size_average: Any = None,
        reduce: Any = None, reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead")
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:  # type: ignore[override]
        return self._loss(anchor, positive, negative, margin=self.margin, p=self.p, eps=self.eps, swap=self.swap)


class TripletMarginWithDistanceLoss(_Loss):
    """`TripletMarginLoss` with a distance of one's own."""

    _function = "triplet_margin_with_distance_loss"

    def __init__(
        self, *, distance_function: Callable | None = None, margin: float = 1.0, swap: bool = False,
        reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__(reduction=reduction)
        if margin <= 0:
            raise ValueError(
                f"TripletMarginWithDistanceLoss: expected margin to be greater than 0, got {margin} instead"
            )
        self.distance_function = F.pairwise_distance if distance_function is None else distance_function
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:  # type: ignore[override]
        return self._loss(
            anchor, positive, negative, distance_function=self.distance_function, margin=self.margin, swap=self.swap
        )


class CTCLoss(_Loss):
    """Minus the log-likelihood of label sequences under all their alignments with the input (Graves et al., 2006)."""

    _function = "ctc_loss"

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(  # type: ignore[override]
        self, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any
    ) -> Tensor:
        return self._loss(
            log_probs, targets, input_lengths, target_lengths, blank=self.blank, zero_infinity=self.zero_infinity
        )
